"""The interface of objects that change after their creation."""

from datetime import datetime

import strawberry

from graph.core.stored import stored


@strawberry.interface(description="Object that can change after its creation.")
class Timestamped:
    created_at: datetime = stored("created_at", description="Time at which the object was created.")
    updated_at: datetime = stored("updated_at", description="Time of the last change.")

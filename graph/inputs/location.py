"""A place to send."""

import strawberry

from whatsapp.outbox.content import OutgoingLocation


@strawberry.input(description="A place.")
class LocationInput:
    latitude: float = strawberry.field(description="Degrees north: -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east: -180 to 180.")
    name: str | None = strawberry.field(
        default=None, description="Name of the place: at most 1000 characters."
    )
    address: str | None = strawberry.field(
        default=None,
        description="Address of the place, shown below a name: at most 1000 characters.",
    )

    def to_content(self) -> OutgoingLocation:
        return OutgoingLocation(
            latitude=self.latitude,
            longitude=self.longitude,
            name=self.name,
            address=self.address,
        )

"""Locations to send."""

import strawberry

from whatsapp.outbox.content import OutgoingLocation


@strawberry.input(description="Location.")
class LocationInput:
    latitude: float = strawberry.field(description="Latitude in degrees, -90 to 90.")
    longitude: float = strawberry.field(description="Longitude in degrees, -180 to 180.")
    name: str | None = strawberry.field(
        default=None, description="Name of the place, up to 1,000 characters."
    )
    address: str | None = strawberry.field(
        default=None,
        description="Address of the place, up to 1,000 characters; shown below a name.",
    )

    def to_content(self) -> OutgoingLocation:
        return OutgoingLocation(
            latitude=self.latitude,
            longitude=self.longitude,
            name=self.name,
            address=self.address,
        )

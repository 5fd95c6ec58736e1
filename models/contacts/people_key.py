"""PeopleKey: the key of the digests of customers' identities, encrypted with the key ring."""

from typing import ClassVar

from beanie import PydanticObjectId
from pymongo import IndexModel

from models.database.base import ObjectIdDocument

PEOPLE_KEY_ID = PydanticObjectId("70656f706c65206b65792e31")


class PeopleKey(ObjectIdDocument):
    """The only document has the id PEOPLE_KEY_ID, so that all processes use the same key."""

    secret: str

    class Settings:
        name = "people_keys"
        indexes: ClassVar[list[IndexModel]] = []

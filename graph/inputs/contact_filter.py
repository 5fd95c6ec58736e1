"""Filters for contacts and users."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from graph.core.errors import bad_input
from graph.core.ids import require_id
from graph.inputs.tag_filter import TagFilter
from whatsapp.contacts.attribute_keys import MAX_ATTRIBUTE_KEYS, is_indexed, make_attribute_key

MAX_FILTERED_ATTRIBUTES = 16
ATTRIBUTES = (
    'JSON object, such as {"plan": "gold"}, of up to 16 texts, numbers, booleans or nulls. Each'
    " must equal the attribute of that name, or an item of its list. Only the first"
    f" {MAX_ATTRIBUTE_KEYS} values of an object are indexed."
)


@strawberry.input(description="Filter for contacts; all given conditions must match.")
class ContactFilter:
    tags: TagFilter | None = strawberry.field(default=None, description="Contacts with these tags.")
    attributes: JSON | None = strawberry.field(default=None, description=ATTRIBUTES)
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Contacts linked to this user."
    )
    has_user: bool | None = strawberry.field(
        default=None, description="Returns contacts with a user if true, without one if false."
    )
    has_conversation: bool | None = strawberry.field(
        default=None,
        description="Returns contacts with a conversation if true, without one if false.",
    )
    blocked: bool | None = strawberry.field(
        default=None, description="Returns blocked contacts if true, others if false."
    )
    marketing_opt_out: bool | None = strawberry.field(
        default=None,
        description="Returns contacts that opted out of marketing if true, others if false.",
    )
    created_since: datetime | None = strawberry.field(
        default=None, description="Contacts created at this time or later."
    )
    created_until: datetime | None = strawberry.field(
        default=None, description="Contacts created before this time."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match.

        Raises:
            RequestError: BAD_USER_INPUT, invalid attributes.
            NotFound: `user_id` is no id of a user.
        """
        conditions = self.tags.list_conditions() if self.tags else []
        conditions += list_attribute_conditions(self.attributes)
        if self.user_id is not None:
            conditions.append({"user_id": require_id(self.user_id, "User", "filter", "userId")})
        if self.has_user is not None:
            conditions.append({"user_id": {"$ne": None} if self.has_user else None})
        conditions += [
            {name: value}
            for name in ("has_conversation", "blocked", "marketing_opt_out")
            if (value := getattr(self, name)) is not None
        ]
        return conditions + list_creation_conditions(self.created_since, self.created_until)


@strawberry.input(description="Filter for users; all given conditions must match.")
class UserFilter:
    attributes: JSON | None = strawberry.field(default=None, description=ATTRIBUTES)
    created_since: datetime | None = strawberry.field(
        default=None, description="Users created at this time or later."
    )
    created_until: datetime | None = strawberry.field(
        default=None, description="Users created before this time."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match.

        Raises:
            RequestError: BAD_USER_INPUT, invalid attributes.
        """
        creation = list_creation_conditions(self.created_since, self.created_until)
        return list_attribute_conditions(self.attributes) + creation


def list_attribute_conditions(attributes: Any) -> list[dict[str, Any]]:
    """Returns MongoDB filters for documents with all of these attributes.

    Raises:
        RequestError: BAD_USER_INPUT, no object, too many attributes, or values of other types.
    """
    if attributes is None:
        return []
    if not isinstance(attributes, dict) or len(attributes) > MAX_FILTERED_ATTRIBUTES:
        raise bad_input(
            f"`attributes` must be a JSON object of up to {MAX_FILTERED_ATTRIBUTES} values."
        )
    if not all(map(is_indexed, attributes.values())):
        raise bad_input("Filter `attributes` by texts, numbers, booleans or null.")
    return [
        {"attribute_keys": make_attribute_key(name, value)} for name, value in attributes.items()
    ]


def list_creation_conditions(
    since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """Returns MongoDB filters for documents created in this time."""
    return [
        {"created_at": {operator: at}}
        for operator, at in (("$gte", since), ("$lt", until))
        if at is not None
    ]

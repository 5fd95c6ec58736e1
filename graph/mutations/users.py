"""Mutations of users."""

import strawberry
from strawberry import ID, Maybe
from strawberry.scalars import JSON

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.scalars import PhoneNumber
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.users import User
from models import AuditAction
from whatsapp.contacts import users

_FIELDS = ("name", "phone", "email", "external_id", "attributes")


@strawberry.input(description="User to create.")
class CreateUserInput:
    name: Maybe[str | None] = strawberry.field(description="Name of up to 200 characters.")
    phone: Maybe[PhoneNumber | None] = strawberry.field(
        description="Phone number; unique among the users visible to the caller."
    )
    email: Maybe[str | None] = strawberry.field(description="E-mail address.")
    external_id: Maybe[str | None] = strawberry.field(
        description="Id of the person in your application; unique among the users visible to the"
        " caller."
    )
    attributes: Maybe[JSON | None] = strawberry.field(
        description="JSON object of up to 16 KiB for your application's own data."
    )


@strawberry.input(
    description="Changes to a user; omitted fields keep their values, null removes them."
)
class UpdateUserInput(CreateUserInput):
    user_id: ID = strawberry.field(description="Id of the user.")


@strawberry.type(description="Result of a mutation that changes a user.")
class UserPayload:
    user: User | None = strawberry.field(
        default=None, description="Current state of the user; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class UserMutations:
    @mutation_field(
        IsAgent,
        audit=AuditAction.USER_CREATED,
        description="Creates a user to which contacts can be linked. Requires role AGENT.",
    )
    async def create_user(self, info: Info, input: CreateUserInput) -> UserPayload:
        values = list_changes(input, *_FIELDS, required=["attributes"])
        document = await users.create_user(get_viewer(info), values=values)
        return UserPayload(user=User.from_document(document))

    @mutation_field(
        IsAgent,
        audit=AuditAction.USER_UPDATED,
        description="Changes a user. Requires role AGENT.",
    )
    async def update_user(self, info: Info, input: UpdateUserInput) -> UserPayload:
        document = await users.update_user(
            get_viewer(info),
            require_id(input.user_id, "User", "userId"),
            changes=list_changes(input, *_FIELDS, required=["attributes"]),
        )
        return UserPayload(user=User.from_document(document))

"""Mutations of users."""

import strawberry
from strawberry import ID, Maybe
from strawberry.scalars import JSON

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, refusals_as_data, user_errors
from graph.mutations.auditing import audited
from graph.types.users import User
from models import AuditAction
from whatsapp.contacts import users

_FIELDS = ("name", "phone", "email", "external_id", "attributes")


@strawberry.input(description="A new user.")
class CreateUserInput:
    name: Maybe[str | None] = strawberry.field(description="Their name: at most 200 characters.")
    phone: Maybe[str | None] = strawberry.field(
        description="Their phone number with its country code; no two users that you see share it."
    )
    email: Maybe[str | None] = strawberry.field(description="Their e-mail address.")
    external_id: Maybe[str | None] = strawberry.field(
        description="Your own application's id of them; no two users that you see share it."
    )
    attributes: Maybe[JSON | None] = strawberry.field(
        description="Whatever else you want to keep: a JSON object of at most 16 KiB."
    )


@strawberry.input(description="What to change of a user; absent fields stay, null clears.")
class UpdateUserInput(CreateUserInput):
    user_id: ID = strawberry.field(description="The user.")


@strawberry.type(description="A user as they are now.")
class UserPayload:
    user: User | None = strawberry.field(
        default=None, description="The user; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The user that was made.")
class CreateUserPayload(UserPayload):
    pass


@strawberry.type(description="The user that was changed.")
class UpdateUserPayload(UserPayload):
    pass


@strawberry.type
class UserMutations:
    @strawberry.mutation(
        permission_classes=[IsAgent],
        description="Makes a user, whom a contact can be linked to. Requires role AGENT.",
    )
    @refusals_as_data(CreateUserPayload)
    @audited(AuditAction.USER_CREATED)
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        values = list_changes(input, *_FIELDS, required=["attributes"])
        document = await users.create_user(get_viewer(info), values=values)
        return CreateUserPayload(user=User.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAgent], description="Changes a user. Requires role AGENT."
    )
    @refusals_as_data(UpdateUserPayload)
    @audited(AuditAction.USER_UPDATED)
    async def update_user(self, info: Info, input: UpdateUserInput) -> UpdateUserPayload:
        document = await users.update_user(
            get_viewer(info),
            require_id(input.user_id, "User", "userId"),
            changes=list_changes(input, *_FIELDS, required=["attributes"]),
        )
        return UpdateUserPayload(user=User.from_document(document))

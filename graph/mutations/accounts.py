"""Mutations of accounts. Credentials go in here; no field of the graph gives them out again."""

from typing import Any

import strawberry
from strawberry import ID, Maybe

import models
from graph.core.context import Info, IsAdmin, get_viewer
from graph.core.errors import forbidden
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, refusals_as_data, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.auditing import audited
from graph.types.accounts import Account
from models import AuditAction
from whatsapp.accounts import accounts
from whatsapp.errors import NotFound
from whatsapp.privacy.account_deletion import delete_account

_REQUIRED = ("name", "access_token", "verify_token", "send_read_receipts")
_OPTIONAL = ("app_secret", "graph_api_version")
_PLACE = ("phone_number_id", "business_account_id")


@strawberry.input(description="A WhatsApp Business number to connect.")
class CreateAccountInput:
    name: str = strawberry.field(description="What your staff call it.")
    phone_number_id: str = strawberry.field(description="WhatsApp's id of the phone number.")
    business_account_id: str = strawberry.field(
        description="WhatsApp's id of the business account (WABA)."
    )
    access_token: str = strawberry.field(
        description="A lasting access token that may send for the number; kept encrypted."
    )
    app_secret: str | None = strawberry.field(
        default=None,
        description="Secret of the Meta app that posts its webhooks; without it, the server's"
        " default. Kept encrypted.",
    )
    verify_token: str | None = strawberry.field(
        default=None,
        description="The token that Meta shows when it verifies the webhook, of 12 to 256"
        " characters; without it, one is made. Kept encrypted.",
    )
    graph_api_version: str | None = strawberry.field(
        default=None,
        description="Version of Meta's Graph API, such as v25.0; without it, the server's.",
    )


@strawberry.input(description="What to change of an account; absent fields stay as they are.")
class UpdateAccountInput:
    account_id: ID = strawberry.field(description="The account.")
    name: Maybe[str | None] = strawberry.field(description="What your staff call it.")
    access_token: Maybe[str | None] = strawberry.field(
        description="A new access token; it also starts an account that WhatsApp stopped."
    )
    app_secret: Maybe[str | None] = strawberry.field(
        description="Secret of the Meta app; null falls back to the server's default."
    )
    verify_token: Maybe[str | None] = strawberry.field(
        description="A new verify token of 12 to 256 characters."
    )
    graph_api_version: Maybe[str | None] = strawberry.field(
        description="Version of Meta's Graph API; null follows the server's."
    )
    send_read_receipts: Maybe[bool | None] = strawberry.field(
        description="Whether customers see that staff have read their messages."
    )


@strawberry.input(
    description="The number or business account that an account stands for from now on; absent"
    " fields stay as they are."
)
class MoveAccountInput:
    account_id: ID = strawberry.field(description="The account.")
    phone_number_id: Maybe[str | None] = strawberry.field(
        description="WhatsApp's id of the phone number."
    )
    business_account_id: Maybe[str | None] = strawberry.field(
        description="WhatsApp's id of the business account (WABA)."
    )


@strawberry.input(description="The account to enable.")
class EnableAccountInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.input(description="The account to disable.")
class DisableAccountInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.input(description="The account to delete.")
class DeleteAccountInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.type(description="An account as it is now.")
class AccountPayload:
    account: Account | None = strawberry.field(
        default=None, description="The account; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="The account that was connected.")
class CreateAccountPayload(AccountPayload):
    verify_token: str | None = strawberry.field(
        default=None,
        description="The verify token that was made for it, to enter in the Meta app: shown this"
        " once. Null where you gave your own.",
    )


@strawberry.type(description="The account that was changed.")
class UpdateAccountPayload(AccountPayload):
    pass


@strawberry.type(description="The account that was moved.")
class MoveAccountPayload(AccountPayload):
    pass


@strawberry.type(description="The account that was enabled.")
class EnableAccountPayload(AccountPayload):
    pass


@strawberry.type(description="The account that was disabled.")
class DisableAccountPayload(AccountPayload):
    pass


@strawberry.type(description="What was deleted.")
class DeleteAccountPayload:
    deleted_account_id: ID | None = strawberry.field(
        default=None, description="Id of the account that was; null if it was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class AccountMutations:
    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Connects a WhatsApp Business number, and checks it in the background:"
        " `lastCheck` of the account tells what was found. Requires role ADMIN for all accounts.",
    )
    @refusals_as_data(CreateAccountPayload)
    @audited(AuditAction.ACCOUNT_CREATED)
    async def create_account(self, info: Info, input: CreateAccountInput) -> CreateAccountPayload:
        _require_all_accounts(info, "connect others")
        services = info.context.services
        document, verify_token = await accounts.create_account(
            services.keyring,
            name=input.name,
            phone_number_id=input.phone_number_id,
            business_account_id=input.business_account_id,
            access_token=input.access_token,
            app_secret=input.app_secret,
            verify_token=input.verify_token,
            graph_api_version=input.graph_api_version,
            check_soon=True,
        )
        services.wake_ingest()
        services.wake_checks()
        await services.template_syncs.request(document.id)
        return CreateAccountPayload(
            account=Account.from_document(document), verify_token=verify_token
        )

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Changes an account; new credentials are checked in the background."
        " Requires role ADMIN.",
    )
    @refusals_as_data(UpdateAccountPayload)
    @audited(AuditAction.ACCOUNT_UPDATED)
    async def update_account(self, info: Info, input: UpdateAccountInput) -> UpdateAccountPayload:
        changes = list_changes(input, *_REQUIRED, *_OPTIONAL, required=_REQUIRED)
        return UpdateAccountPayload(account=await _change(info, input.account_id, changes))

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Changes which number or business account an account stands for, and so which"
        " webhooks and alerts belong to it; what is parked for the number is applied. Its contacts"
        " and messages stay. Requires role ADMIN for all accounts.",
    )
    @refusals_as_data(MoveAccountPayload)
    @audited(AuditAction.ACCOUNT_MOVED)
    async def move_account(self, info: Info, input: MoveAccountInput) -> MoveAccountPayload:
        _require_all_accounts(info, "move one to another number")
        changes = list_changes(input, *_PLACE, required=_PLACE)
        return MoveAccountPayload(account=await _change(info, input.account_id, changes))

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Lets an account send and receive again; what was parked meanwhile is applied."
        " Requires role ADMIN.",
    )
    @refusals_as_data(EnableAccountPayload)
    @audited(AuditAction.ACCOUNT_ENABLED)
    async def enable_account(self, info: Info, input: EnableAccountInput) -> EnableAccountPayload:
        account = await _get_account(info, input.account_id)
        document = await accounts.set_account_enabled(account, enabled=True)
        services = info.context.services
        services.wake_ingest()
        await services.template_syncs.request(document.id)
        return EnableAccountPayload(account=Account.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Stops an account: what it is to send waits, what it receives is parked."
        " Requires role ADMIN.",
    )
    @refusals_as_data(DisableAccountPayload)
    @audited(AuditAction.ACCOUNT_DISABLED)
    async def disable_account(
        self, info: Info, input: DisableAccountInput
    ) -> DisableAccountPayload:
        account = await _get_account(info, input.account_id)
        document = await accounts.set_account_enabled(account, enabled=False)
        return DisableAccountPayload(account=Account.from_document(document))

    @strawberry.mutation(
        permission_classes=[IsAdmin],
        description="Deletes an account with its contacts, conversations and messages, for good."
        " Requires role ADMIN.",
    )
    @refusals_as_data(DeleteAccountPayload)
    @audited(AuditAction.ACCOUNT_DELETED)
    async def delete_account(self, info: Info, input: DeleteAccountInput) -> DeleteAccountPayload:
        account = await _get_account(info, input.account_id)
        await run_without_deadline(delete_account(account))
        return DeleteAccountPayload(deleted_account_id=input.account_id)


def _require_all_accounts(info: Info, act: str) -> None:
    """What an account stands for decides what those who are limited to it see."""
    if get_viewer(info).account_ids is not None:
        raise forbidden(f"Your key is limited to some accounts, so it can't {act}.")


async def _change(info: Info, account_id: str, changes: dict[str, Any]) -> Account:
    account = await _get_account(info, account_id)
    services = info.context.services
    document = await accounts.update_account(
        services.keyring, account, changes=changes, check_soon=True
    )
    services.wake_ingest()
    services.wake_checks()
    if {"access_token", "business_account_id"} & changes.keys():
        await services.template_syncs.request(document.id)
    return Account.from_document(document)


async def _get_account(info: Info, global_id: str) -> models.Account:
    account_id = require_id(global_id, "Account", "accountId")
    if get_viewer(info).can_see(account_id):
        found = await models.Account.find_one({"_id": account_id, "deleted_at": None})
        if found is not None:
            return found
    raise NotFound("The account", field=["accountId"])

"""Mutations of accounts. Credentials are write-only."""

from typing import Any

import strawberry
from strawberry import ID, Maybe

import models
from graph.core.context import Info, IsAdmin, Services, get_viewer
from graph.core.errors import forbidden
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.mutation_field import mutation_field
from graph.types.accounts import Account
from models import AuditAction
from whatsapp.accounts import accounts
from whatsapp.accounts.default_secret import require_app_secret
from whatsapp.accounts.number_proof import NumberProof
from whatsapp.auth.access import Viewer
from whatsapp.privacy.account_deletion import delete_account

_REQUIRED = ("name", "access_token", "verify_token", "send_read_receipts")
_OPTIONAL = ("app_secret", "graph_api_version")
_MOVE = ("phone_number_id", "business_account_id", "access_token")


@strawberry.input(description="WhatsApp Business number to connect.")
class CreateAccountInput:
    name: str = strawberry.field(description="Name used by your staff.")
    phone_number_id: str = strawberry.field(description="WhatsApp's id of the phone number.")
    business_account_id: str = strawberry.field(
        description="WhatsApp's id of the business account (WABA)."
    )
    access_token: str = strawberry.field(
        description="Permanent access token with permission to send from the number; stored"
        " encrypted."
    )
    app_secret: str | None = strawberry.field(
        default=None,
        description="Secret of the Meta app that sends the webhooks; defaults to the server's"
        " secret if your workspace may use it. Stored encrypted.",
    )
    verify_token: str | None = strawberry.field(
        default=None,
        description="Token of 12 to 256 characters that Meta presents when it verifies the webhook"
        " URL; generated if omitted. Stored encrypted.",
    )
    graph_api_version: str | None = strawberry.field(
        default=None,
        description="Version of Meta's Graph API, such as v25.0; defaults to the server's setting.",
    )


@strawberry.input(description="Changes to an account; omitted fields keep their values.")
class UpdateAccountInput:
    account_id: ID = strawberry.field(description="Id of the account.")
    name: Maybe[str | None] = strawberry.field(description="Name used by your staff.")
    access_token: Maybe[str | None] = strawberry.field(
        description="New access token; also restarts an account that WhatsApp stopped."
    )
    app_secret: Maybe[str | None] = strawberry.field(
        description="Secret of the Meta app; null restores the server's default."
    )
    verify_token: Maybe[str | None] = strawberry.field(
        description="New verify token of 12 to 256 characters."
    )
    graph_api_version: Maybe[str | None] = strawberry.field(
        description="Version of Meta's Graph API; null restores the server's setting."
    )
    send_read_receipts: Maybe[bool | None] = strawberry.field(
        description="True if customers get read receipts when staff read their messages."
    )


@strawberry.input(
    description="New phone number or business account of an account; omitted fields keep their"
    " values."
)
class MoveAccountInput:
    account_id: ID = strawberry.field(description="Id of the account.")
    phone_number_id: Maybe[str | None] = strawberry.field(
        description="WhatsApp's id of the phone number."
    )
    business_account_id: Maybe[str | None] = strawberry.field(
        description="WhatsApp's id of the business account (WABA)."
    )
    access_token: Maybe[str | None] = strawberry.field(
        description="Access token of the new place, if the account's token can't read it."
    )


@strawberry.input
class AccountIdInput:
    account_id: ID = strawberry.field(description="Id of the account.")


@strawberry.type(description="Result of a mutation that changes an account.")
class AccountPayload:
    account: Account | None = strawberry.field(
        default=None, description="Current state of the account; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `createAccount`.")
class CreateAccountPayload(AccountPayload):
    verify_token: str | None = strawberry.field(
        default=None,
        description="Generated verify token to enter in the Meta app; returned only once. Null if"
        " the input had one.",
    )


@strawberry.type(description="Result of `deleteAccount`.")
class DeleteAccountPayload:
    deleted_account_id: ID | None = strawberry.field(
        default=None, description="Id of the deleted account; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class AccountMutations:
    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_CREATED,
        description="Connects a WhatsApp Business number after WhatsApp has confirmed that the"
        " access token reads the business account and that the number is in it, and checks it in"
        " the background, see `lastCheck`. Requires role ADMIN for all accounts.",
    )
    async def create_account(self, info: Info, input: CreateAccountInput) -> CreateAccountPayload:
        _require_all_accounts(info, "connect a number")
        document, verify_token = await run_without_deadline(
            _connect_number(info.context.services, get_viewer(info), input)
        )
        return CreateAccountPayload(
            account=Account.from_document(document), verify_token=verify_token
        )

    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_UPDATED,
        description="Changes an account and checks new credentials in the background. A new access"
        " token is refused if WhatsApp says that it can't read the number. Requires role ADMIN.",
    )
    async def update_account(self, info: Info, input: UpdateAccountInput) -> AccountPayload:
        changes = list_changes(input, *_REQUIRED, *_OPTIONAL, required=_REQUIRED)
        proof = _make_proof(info.context.services)
        prove = proof.require_token if "access_token" in changes else None
        return AccountPayload(account=await _update_account(info, input.account_id, changes, prove))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_MOVED,
        description="Changes the phone number or business account of an account after WhatsApp has"
        " confirmed them as for `createAccount`, and applies webhook items parked for the new"
        " number. Contacts and messages stay. Requires role ADMIN for all accounts.",
    )
    async def move_account(self, info: Info, input: MoveAccountInput) -> AccountPayload:
        _require_all_accounts(info, "move an account")
        changes = list_changes(input, *_MOVE, required=_MOVE)
        prove = _make_proof(info.context.services).require_number
        return AccountPayload(account=await _update_account(info, input.account_id, changes, prove))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_ENABLED,
        description="Lets an account send and receive again, and applies the webhook items parked"
        " meanwhile. Requires role ADMIN.",
    )
    async def enable_account(self, info: Info, input: AccountIdInput) -> AccountPayload:
        account = await _load_account(info, input.account_id)
        document = await accounts.set_account_enabled(account, enabled=True)
        services = info.context.services
        services.wake_ingest()
        await services.template_syncs.request(document.id)
        return AccountPayload(account=Account.from_document(document))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_DISABLED,
        description="Stops an account: outgoing messages wait, and received webhook items are"
        " parked. Requires role ADMIN.",
    )
    async def disable_account(self, info: Info, input: AccountIdInput) -> AccountPayload:
        account = await _load_account(info, input.account_id)
        document = await accounts.set_account_enabled(account, enabled=False)
        return AccountPayload(account=Account.from_document(document))

    @mutation_field(
        IsAdmin,
        audit=AuditAction.ACCOUNT_DELETED,
        description="Deletes an account with its contacts, conversations and messages permanently."
        " Requires role ADMIN.",
    )
    async def delete_account(self, info: Info, input: AccountIdInput) -> DeleteAccountPayload:
        account = await _load_account(info, input.account_id)
        services = info.context.services
        seconds = services.timeouts.account_removal_seconds
        deletion = delete_account(account, services.erasure_log, wait_seconds=seconds)
        await run_without_deadline(deletion)
        return DeleteAccountPayload(deleted_account_id=input.account_id)


def _require_all_accounts(info: Info, action: str) -> None:
    """Raises RequestError FORBIDDEN: moving a number would change what limited credentials see."""
    if get_viewer(info).account_ids is not None:
        raise forbidden(f"Your credential is limited to some accounts, so it can't {action}.")


def _make_proof(services: Services) -> NumberProof:
    return NumberProof(services.account_api, seconds=services.timeouts.number_proof_seconds)


async def _connect_number(
    services: Services, viewer: Viewer, input: CreateAccountInput
) -> tuple[models.Account, str | None]:
    """Returns the account, and the verify token if it was generated."""
    await require_app_secret(viewer.workspace_id, input.app_secret)
    document, verify_token = await accounts.create_account(
        services.keyring,
        workspace_id=viewer.workspace_id,
        name=input.name,
        phone_number_id=input.phone_number_id,
        business_account_id=input.business_account_id,
        access_token=input.access_token,
        app_secret=input.app_secret,
        verify_token=input.verify_token,
        graph_api_version=input.graph_api_version,
        check_soon=True,
        prove=_make_proof(services).require_number,
    )
    services.wake_ingest()
    services.wake_checks()
    await services.template_syncs.request(document.id)
    return document, verify_token


async def _update_account(
    info: Info, account_id: str, changes: dict[str, Any], prove: accounts.Prove | None
) -> Account:
    account = await _load_account(info, account_id)
    change = _change_account(info.context.services, account, changes, prove)
    # Meta's answer may come after the deadline of the database.
    document = await (change if prove is None else run_without_deadline(change))
    return Account.from_document(document)


async def _change_account(
    services: Services,
    account: models.Account,
    changes: dict[str, Any],
    prove: accounts.Prove | None,
) -> models.Account:
    if "app_secret" in changes:
        await require_app_secret(account.workspace_id, changes["app_secret"])
    document = await accounts.update_account(
        services.keyring, account, changes=changes, check_soon=True, prove=prove
    )
    services.wake_ingest()
    services.wake_checks()
    if {"access_token", "business_account_id"} & changes.keys():
        await services.template_syncs.request(document.id)
    return document


async def _load_account(info: Info, global_id: str) -> models.Account:
    account_id = require_id(global_id, "Account", "accountId")
    return await accounts.get_account(get_viewer(info), account_id)

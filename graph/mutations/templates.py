"""Mutations of message templates."""

import strawberry

from graph.core.context import Info, IsAgent, get_viewer
from graph.core.ids import require_id
from graph.core.user_errors import UserError, user_errors
from graph.execution.extensions import run_without_deadline
from graph.mutations.accounts import AccountIdInput
from graph.mutations.mutation_field import mutation_field
from graph.types.accounts import Account
from whatsapp.accounts.accounts import get_account


@strawberry.type(description="Result of `syncTemplates`.")
class SyncTemplatesPayload:
    account: Account | None = strawberry.field(
        default=None, description="Current state of the account; null if the mutation was refused."
    )
    created: int = strawberry.field(default=0, description="Number of new templates.")
    updated: int = strawberry.field(default=0, description="Number of changed templates.")
    removed: int = strawberry.field(
        default=0,
        description="Number of templates that WhatsApp no longer has; their status is now DELETED.",
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class TemplateMutations:
    @mutation_field(
        IsAgent,
        description="Reads all message templates of an account from WhatsApp now; the server also"
        " does so periodically. Requires role AGENT.",
    )
    async def sync_templates(self, info: Info, input: AccountIdInput) -> SyncTemplatesPayload:
        account_id = require_id(input.account_id, "Account", "accountId")
        viewer, services = get_viewer(info), info.context.services
        account = await get_account(viewer, account_id)
        result = await run_without_deadline(services.template_syncs.sync.run(account))
        return SyncTemplatesPayload(
            account=Account.from_document(await get_account(viewer, account_id)),
            created=result.created,
            updated=result.updated,
            removed=result.removed,
        )

"""API keys from the command line."""

from collections import defaultdict

from beanie import PydanticObjectId

from models import Account, ApiKey, AuditAction, AuditTarget, Role, Workspace
from models.auth.workspace import DEFAULT_WORKSPACE_NAME
from models.database.base import NO_WORKSPACE_ID, match_workspace, utc_now
from operations.auditing import audited
from operations.database import open_database
from operations.workspaces import require_workspace
from whatsapp.auth.api_keys import create_api_key, is_valid, revoke_api_key
from whatsapp.settings import Settings

_ROLE_WIDTH = max(map(len, Role)) + 1


async def create_key(
    settings: Settings,
    *,
    name: str,
    role: Role,
    phone_number_ids: list[str] | None,
    workspace: str | None = None,
    for_server: bool = False,
) -> str:
    """Creates an API key for the given accounts of a workspace, or for all. Returns its token.

    The key gets an agent of its own, unless it is the key of a server or an operator.

    Raises:
        SystemExit: the workspace or an account is unknown, or an operator's key is given one.
        DatabaseUnusable: see `open_database`.
    """
    is_operator = role is Role.OPERATOR
    if is_operator and (workspace or phone_number_ids or for_server):
        raise SystemExit("The key of an operator belongs to no workspace, account or server.")
    async with open_database(settings):
        workspace_id = (
            NO_WORKSPACE_ID
            if is_operator
            else (await require_workspace(workspace or DEFAULT_WORKSPACE_NAME)).id
        )
        accounts = await _find_accounts(workspace_id, phone_number_ids)
        async with audited(
            settings, AuditAction.API_KEY_CREATED, workspace_id=workspace_id, accounts=accounts
        ) as targets:
            key, token = await create_api_key(
                workspace_id,
                name=name,
                role=role,
                account_ids=accounts,
                created_by="manage.py",
                for_server=for_server or is_operator,
            )
            targets.append(AuditTarget(type="ApiKey", id=str(key.id)))
    return token


async def _find_accounts(
    workspace_id: PydanticObjectId, phone_number_ids: list[str] | None
) -> list[PydanticObjectId] | None:
    if not phone_number_ids:
        return None
    query = match_workspace(workspace_id) | {"phone_number_id": {"$in": phone_number_ids}}
    accounts = await Account.find(query).to_list()
    if len(accounts) != len(set(phone_number_ids)):
        raise SystemExit("Unknown phone number id; no API key was created.")
    return [account.id for account in accounts]


async def describe_keys(settings: Settings) -> list[str]:
    """Returns a line for each API key, oldest first.

    It names the workspace of each key if there are several.

    Raises:
        DatabaseUnusable: see `open_database`.
    """
    lines = []
    async with open_database(settings):
        now = utc_now()
        workspaces = await Workspace.find_all().to_list()
        names = defaultdict(lambda: "-", {workspace.id: workspace.name for workspace in workspaces})
        width = max(map(len, names.values()), default=0)
        async for key in ApiKey.find_all(sort="created_at"):
            owner = f"{names[key.workspace_id]:{width}}  " if len(workspaces) > 1 else ""
            state = "revoked" if key.revoked_at else "valid" if is_valid(key, now) else "expired"
            reach = "all" if key.account_ids is None else str(len(key.account_ids))
            lines.append(
                f"wag_{key.prefix}_…  {state:8}{key.role:{_ROLE_WIDTH}}{reach:>4} accounts  {owner}"
                f"{key.name}"
            )
    return lines


async def revoke_key(settings: Settings, prefix: str) -> str:
    """Revokes an API key. Returns its name.

    Raises:
        SystemExit: no API key has this prefix.
        DatabaseUnusable: see `open_database`.
    """
    prefix = prefix.removeprefix("wag_").partition("_")[0]
    async with open_database(settings):
        key = await ApiKey.find_one({"prefix": prefix})
        if key is None:
            raise SystemExit(f"No API key has the prefix {prefix}; see `manage.py list-api-keys`.")
        async with audited(
            settings,
            AuditAction.API_KEY_REVOKED,
            workspace_id=key.workspace_id,
            accounts=key.account_ids,
        ) as targets:
            targets.append(AuditTarget(type="ApiKey", id=str(key.id)))
            await revoke_api_key(key)
    return key.name

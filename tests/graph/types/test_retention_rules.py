"""Retention rules: who sets and sees them, their bounds, and that the server applies them."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from models import Account, AuditEntry, Message, Role, WebhookEvent, Workspace
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from models.webhooks.webhook_event import BODY_KEPT
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.workspaces import create_workspace, make_operator, make_workspace_client

DEFAULT_ID = encode_id("Workspace", DEFAULT_WORKSPACE_ID)
RULES = """messagesDays mediaDays closedConversationsDays rawBodiesDays auditDays"""
UPDATE = f"""mutation ($input: UpdateWorkspaceInput!) {{ updateWorkspace(input: $input) {{
  workspace {{ id retention {{ {RULES} }} }} userErrors {{ code field message }} }} }}"""
SHOW = f"{{ viewer {{ workspace {{ retention {{ {RULES} }} }} }} }}"
NONE = dict.fromkeys(RULES.split())

MakeClient = Callable[..., Awaitable[GraphQLClient]]


async def update(client: GraphQLClient, **values: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client(UPDATE, input=values))["updateWorkspace"]
    return payload


async def read_workspaces() -> list[dict[str, Any]]:
    return await collection(Workspace).find().sort("_id").to_list()


async def test_admin_sets_rules_of_own_workspace(admin: GraphQLClient) -> None:
    assert (await admin(SHOW))["viewer"]["workspace"]["retention"] == NONE

    first = await update(admin, retention={"messagesDays": 365, "rawBodiesDays": 0})
    second = await update(
        admin, workspaceId=DEFAULT_ID, retention={"messagesDays": None, "auditDays": 3650}
    )

    assert first["userErrors"] == second["userErrors"] == []
    assert first["workspace"]["retention"] == NONE | {"messagesDays": 365, "rawBodiesDays": 0}
    changed = NONE | {"auditDays": 3650, "rawBodiesDays": 0}
    assert second["workspace"]["retention"] == changed
    assert (await admin(SHOW))["viewer"]["workspace"]["retention"] == changed
    [entry, _] = await AuditEntry.find({"action": "WORKSPACE_UPDATED"}).sort("_id").to_list()
    assert entry.fields == ["retention"]
    assert [target.id for target in entry.targets] == [str(DEFAULT_WORKSPACE_ID)]
    assert entry.workspace_id == DEFAULT_WORKSPACE_ID


async def test_operator_sets_rules(client: httpx.AsyncClient, admin: GraphQLClient) -> None:
    acme = await create_workspace("Acme")
    operator = await make_operator(client)

    without_id = await update(operator, retention={"mediaDays": 1})
    changed = await update(operator, workspaceId=id_of(acme), retention={"mediaDays": 1})

    assert [error["code"] for error in without_id["userErrors"]] == ["NOT_FOUND"]
    assert changed["workspace"]["retention"] == NONE | {"mediaDays": 1}
    assert (await admin(SHOW))["viewer"]["workspace"]["retention"] == NONE


async def test_rules_of_other_workspace_are_not_found(
    client: httpx.AsyncClient, admin: GraphQLClient
) -> None:
    acme = await create_workspace("Acme")
    member = await make_workspace_client(client, acme.id)
    await update(member, retention={"mediaDays": 7})
    before = await read_workspaces()

    refused = await update(admin, workspaceId=id_of(acme), retention={"mediaDays": 1})
    missing = encode_id("Workspace", utc_now().strftime("%Y%m%d%H%M%S") + "0" * 10)
    absent = await update(admin, workspaceId=missing, retention={"mediaDays": 1})

    assert refused == absent
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    assert await read_workspaces() == before
    assert (await admin(SHOW))["viewer"]["workspace"]["retention"] == NONE


async def test_admin_changes_rules_only(
    make_client: MakeClient, admin: GraphQLClient, account: Account
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    before = await read_workspaces()

    for client, values in (
        (limited, {"retention": {"mediaDays": 1}}),
        (admin, {"retention": {"mediaDays": 1}, "name": "x"}),
        (admin, {"usesDefaultAppSecret": True}),
    ):
        answer = await client.post(UPDATE, input=values)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    assert await read_workspaces() == before
    assert (await limited(SHOW))["viewer"]["workspace"]["retention"] == NONE


async def test_other_roles_see_no_rules(make_client: MakeClient, admin: GraphQLClient) -> None:
    await update(admin, retention={"mediaDays": 1})

    for role in (Role.AGENT, Role.VIEWER):
        client = await make_client(role)
        assert (await client(SHOW))["viewer"]["workspace"]["retention"] is None
        answer = await client.post(UPDATE, input={"retention": {"mediaDays": None}})
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    assert (await admin(SHOW))["viewer"]["workspace"]["retention"] == NONE | {"mediaDays": 1}


@pytest.mark.parametrize(
    ("rules", "refused"),
    [
        ({"messagesDays": 0}, [["retention", "messagesDays"]]),
        (
            {"mediaDays": 3651, "auditDays": -1},
            [["retention", "mediaDays"], ["retention", "auditDays"]],
        ),
        ({"rawBodiesDays": 31}, [["retention", "rawBodiesDays"]]),
        ({"rawBodiesDays": -1}, [["retention", "rawBodiesDays"]]),
        (
            {"closedConversationsDays": 0, "mediaDays": 5},
            [["retention", "closedConversationsDays"]],
        ),
        (None, [["retention"]]),
    ],
)
async def test_rules_out_of_bounds_are_refused(
    admin: GraphQLClient, rules: dict[str, Any] | None, refused: list[list[str]]
) -> None:
    before = await read_workspaces()

    payload = await update(admin, retention=rules)

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_INPUT"] * len(refused)
    assert sorted(error["field"] for error in payload["userErrors"]) == sorted(refused)
    assert await read_workspaces() == before


@pytest.mark.parametrize(
    "timeouts",
    [{"retention_poll_seconds": 0.05, "retention_spread_seconds": 0.2}],
    indirect=True,
)
async def test_server_applies_new_rules(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    now = int(time.time())
    old = make_message("text", {"body": "old"}, at=now - 40 * 86_400)
    await webhook.post_messages(old, make_message("text", {"body": "young"}))

    async def count() -> int:
        return await Message.count()

    async def is_removed() -> bool:
        return await count() == 1

    await eventually(count)
    await update(admin, retention={"messagesDays": 60})
    await eventually(is_waiting)
    assert await count() == 2

    await update(admin, retention={"messagesDays": 30})

    await eventually(is_removed)
    assert [message.text for message in await Message.find_all().to_list()] == ["young"]
    await eventually(is_waiting)
    await update(admin, retention={"messagesDays": None})
    await eventually(is_without_rules)


@pytest.mark.parametrize(
    "timeouts",
    [{"retention_poll_seconds": 0.05, "retention_spread_seconds": 6.0}],
    indirect=True,
)
async def test_bodies_stored_by_removed_rule_are_shortened(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    """Processes learn of a removed rule some seconds later."""
    await update(admin, retention={"rawBodiesDays": 20})
    await webhook.post_messages(make_message("text", {"body": "by the rule"}))

    async def list_days() -> list[int]:
        events = await WebhookEvent.find({"processed_at": {"$type": "date"}}).to_list()
        lasting = [(one.body_until, one.processed_at) for one in events]
        return sorted((until - at).days for until, at in lasting if until and at)

    async def is_stored() -> bool:
        return await list_days() == [20]

    await eventually(is_stored)
    await update(admin, retention={"rawBodiesDays": None})
    await webhook.post_messages(make_message("text", {"body": "after it"}))

    async def is_shortened() -> bool:
        return await list_days() == [BODY_KEPT.days] * 2

    await eventually(is_without_rules)
    await eventually(is_shortened)


async def is_without_rules() -> bool:
    workspace = await Workspace.get(DEFAULT_WORKSPACE_ID)
    return workspace is not None and workspace.retention_due_at is None


async def is_waiting() -> bool:
    """The rules were applied, and are due again tomorrow."""
    workspace = await Workspace.get(DEFAULT_WORKSPACE_ID)
    due_at = None if workspace is None else workspace.retention_due_at
    return due_at is not None and due_at > utc_now()

"""A long page costs as many database commands as a short one.

The queries are generated from the schema, so new lists are covered.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from graph.core.strawberry_internals import get_graphql_schema
from graph.limits.bounds import Limits
from graph.schema import create_schema
from models import (
    Account,
    AccountEvent,
    Actor,
    Agent,
    AuditAction,
    AuditActor,
    AuditEntry,
    AuditTarget,
    ContactExport,
    ConversationChange,
    ConversationChangeKind,
    CredentialKind,
    ExportState,
    Grant,
    Media,
    MediaState,
    Message,
    Note,
    ParkedItem,
    ParkedReason,
    QuickReply,
    Role,
    Template,
)
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.selections import list_connection_fields, select_page
from tests.fixtures.workspaces import create_workspace, make_operator
from tests.fixtures.world import NUMBER, connect_number
from whatsapp.auth.agents import make_agent
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

SCHEMA = get_graphql_schema(create_schema())
QUERY = SCHEMA.query_type
assert QUERY is not None
LISTS = [name for name, _ in list_connection_fields(QUERY)]
# Required arguments; a new list with a required argument needs an entry.
ARGUMENTS = {
    "templates": 'accountId: "%s"',
    "quickReplies": 'accountId: "%s"',
    "searchMessages": 'text: "hello"',
}
SHORT, LONG = 2, 6
LEVELS = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


@pytest.fixture
def limits() -> Limits:
    """Raises the limits, because all fields at once exceed them."""
    most = 1_000_000
    return Limits(tokens=most, characters=most, fields=most, aliases=most, depth=most, cost=most)


@pytest.fixture
async def account(app: Any, keyring: KeyRing) -> Account:
    """The first of several accounts, which has several of everything."""
    accounts = [
        await connect_number(keyring, replace(NUMBER, phone_number_id=f"10{number}"))
        for number in range(LONG + 1)
    ]
    for number, account in enumerate(accounts * 2):
        await write_all(account, f"1555000{number:04}", str(number))
    for number in range(LONG + 1):
        await write_all(accounts[0], f"1555100{number:04}", f"x{number}")
    return accounts[0]


async def write_all(account: Account, phone: str, key: str) -> None:
    """Seeds a customer with messages and a file, and all other documents of an account."""
    first = await write_message(account, phone, "hello there", name=f"Ada {key}")
    for number in range(LONG):
        await write_answer(account, phone, f"{key}.{number}", str(first.wamid))
    at = utc_now()
    await AccountEvent(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=key,
        account_id=account.id,
        field="account_update",
        summary="x",
        raw="{}",
        at=at,
    ).insert()
    for _ in range(LONG):
        await write_items(first, await create_agent(account))
        await write_export(first, await create_agent(account))
    await QuickReply(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        shortcut=key,
        shortcut_key=key,
        text="x",
    ).insert()
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        template_id=key,
        name="x",
        language="en",
    ).insert()
    await ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=key,
        event_id="x",
        account_id=account.id,
        pointer="",
        item="{}",
        secret_digest="x",
        reason=ParkedReason.INVALID_ITEM,
    ).insert()
    await AuditEntry(
        workspace_id=DEFAULT_WORKSPACE_ID,
        action=AuditAction.ACCOUNT_CHECKED,
        actor=AuditActor(kind=CredentialKind.API_KEY, id="x", name="x"),
        targets=[AuditTarget(type="Account", id=str(account.id))],
        account_ids=[account.id],
        expires_at=at + timedelta(days=1),
    ).insert()
    await create_api_key(DEFAULT_WORKSPACE_ID, name=key, role=Role.VIEWER, account_ids=[account.id])


async def create_agent(account: Account) -> Agent:
    agent = make_agent(DEFAULT_WORKSPACE_ID, "Kim", Grant(account_ids=[account.id]))
    await agent.insert()
    return agent


async def write_export(message: Message, agent: Agent) -> None:
    await ContactExport(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=message.account_id,
        contact_id=message.contact_id,
        requested_by=Actor(agent_id=agent.id, credential="x", name="x"),
        state=ExportState.FAILED,
        next_attempt_at=None,
    ).insert()


async def write_items(message: Message, agent: Agent) -> None:
    """Adds a note and a change to the timeline of the message's conversation."""
    place = {"account_id": message.account_id, "conversation_id": message.conversation_id}
    actor = Actor(agent_id=agent.id, credential="x", name="x")
    await Note(
        workspace_id=DEFAULT_WORKSPACE_ID, **place, author=actor, body="x", mention_ids=[agent.id]
    ).insert()
    await ConversationChange(
        workspace_id=DEFAULT_WORKSPACE_ID,
        **place,
        kind=ConversationChangeKind.ASSIGNED,
        timestamp=utc_now(),
        actor=actor,
        message_id=message.id,
        assignee_id=agent.id,
    ).insert()


async def write_answer(account: Account, phone: str, key: str, answered: str) -> None:
    reply = await write_message(
        account,
        phone,
        "hello again",
        type="image",
        content={"id": "1"},
        media_state=MediaState.STORED,
        reply_to_wamid=answered,
        wamid=f"wamid.answer.{key}",
    )
    owner = {name: getattr(reply, name) for name in ("account_id", "conversation_id")}
    media = Media(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=reply.id,
        message_id=reply.id,
        kind="image",
        media_id="1",
        **owner,
    )
    media.state, media.size_bytes, media.sha256 = MediaState.STORED, 123, "00" * 32
    await media.insert()


async def test_long_page_costs_no_extra_commands(
    counter: CommandCounter, admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    for number in range(LONG):
        await create_workspace(f"workspace {number}")
    operator = await make_operator(admin.http)
    for name in LISTS:
        asker = operator if name == "workspaces" else admin
        with subtests.test(name=name):
            commands = {}
            for size in (SHORT, LONG):
                query = write_query(name, account, size)
                with counter.counting():
                    data = await asker(query)
                assert len(data[name]["edges"]) == size
                commands[size] = Counter(counter.reads)

            # A read per edge would grow with the page. A difference of one is timing: concurrent
            # look-ups share a command.
            more = commands[LONG] - commands[SHORT]
            assert all(count < LONG - SHORT for count in more.values()), (name, more)


def write_query(name: str, account: Account, size: int) -> str:
    assert QUERY is not None
    connection = get_named_type(QUERY.fields[name].type)
    assert isinstance(connection, GraphQLObjectType)
    argument = ARGUMENTS.get(name, "").replace("%s", id_of(account))
    inner = select_page(SCHEMA, connection, levels=LEVELS, size=size)
    return f"{{ {name}(first: {size} {argument}) {inner} }}"

"""The timeline of a conversation: messages, notes and changes in one list."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import (
    Account,
    Actor,
    Conversation,
    ConversationChange,
    ConversationChangeKind,
    ConversationStatus,
    Message,
    Note,
    Role,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from whatsapp.conversations.changes import sweep_reopenings
from whatsapp.conversations.conversations import update_summary

CHANGES = """query ($id: ID!) { conversation(id: $id) { timeline(first: 100) { nodes {
  __typename timestamp
  ... on ConversationChange { kind actorName actor { name } message { id } assignee { id }
    previousAssignee { id } addedTags removedTags }
  ... on Message { id text } ... on Note { body } } } } }"""
PAGE = """query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) { timeline(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } count { value } } } }"""
CLOSE = "closeConversation(input: {conversationId: $id})"
REOPEN = "reopenConversation(input: {conversationId: $id})"
ACTOR = Actor(credential="x", name="x")
PHONE = "15550001111"


@pytest.fixture
async def message(account: Account) -> Message:
    return await write_message(account, PHONE, "hello")


async def change(client: GraphQLClient, message: Message, *mutations: str) -> None:
    for mutation in mutations:
        document = f"mutation ($id: ID!) {{ done: {mutation} {{ userErrors {{ code }} }} }}"
        data = await client(document, id=conversation_id(message))
        assert data["done"]["userErrors"] == []


async def read_items(client: GraphQLClient, message: Message) -> list[dict[str, Any]]:
    """The items of the timeline, oldest first."""
    shown = await client(CHANGES, id=conversation_id(message))
    nodes: list[dict[str, Any]] = shown["conversation"]["timeline"]["nodes"]
    return nodes[::-1]


async def list_kinds(client: GraphQLClient, message: Message) -> list[str]:
    items = await read_items(client, message)
    return [item.get("kind", item["__typename"]) for item in items]


async def find_agent(client: GraphQLClient) -> str:
    """The id of the client's agent."""
    agent_id: str = (await client("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    return agent_id


def get_assignees(items: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    """The assignee before and after each change."""
    pairs = [(item["previousAssignee"] or {}, item["assignee"] or {}) for item in items]
    return [(before.get("id"), after.get("id")) for before, after in pairs]


async def test_changes_of_staff_are_listed_in_order(
    agent: GraphQLClient, admin: GraphQLClient, message: Message
) -> None:
    a, b = await find_agent(agent), await find_agent(admin)
    await change(
        agent,
        message,
        "claimConversation(input: {conversationId: $id})",
        f'assignConversation(input: {{conversationId: $id, assigneeId: "{b}"}})',
        "assignConversation(input: {conversationId: $id, assigneeId: null})",
        'updateConversation(input: {conversationId: $id, tags: ["vip", "old"]})',
        'addTags(input: {taggableId: $id, tags: ["new"]})',
        'removeTags(input: {taggableId: $id, tags: ["old", "none"]})',
        'addNote(input: {conversationId: $id, body: "noted"})',
        CLOSE,
        REOPEN,
    )

    first, *changes = await read_items(agent, message)

    assert first["__typename"] == "Message"
    assert [item.get("kind", item.get("body")) for item in changes] == [
        *("ASSIGNED", "ASSIGNED", "UNASSIGNED", "TAGGED", "TAGGED", "TAGGED"),
        *("noted", "CLOSED", "REOPENED"),
    ]
    assert get_assignees(changes[:3]) == [(None, a), (a, b), (b, None)]
    tags = [(item["addedTags"], item["removedTags"]) for item in changes[3:6]]
    assert tags == [(["vip", "old"], []), (["new"], []), ([], ["old"])]
    by_whom = {(item["actorName"], item["actor"]["name"]) for item in changes if "kind" in item}
    assert by_whom == {("test agent", "test agent")}
    times = [item["timestamp"] for item in changes]
    assert times == sorted(times)


async def test_unchanged_values_leave_no_record(agent: GraphQLClient, message: Message) -> None:
    await change(
        agent,
        message,
        REOPEN,
        "updateConversation(input: {conversationId: $id, tags: []})",
        "assignConversation(input: {conversationId: $id, assigneeId: null})",
        'removeTags(input: {taggableId: $id, tags: ["none"]})',
        "markConversationRead(input: {conversationId: $id})",
        CLOSE,
        CLOSE,
    )

    assert await list_kinds(agent, message) == ["Message", "CLOSED"]


async def test_refused_change_leaves_no_record(agent: GraphQLClient, message: Message) -> None:
    tags = [f"tag {number}" for number in range(50)]
    await collection(Conversation).update_one(
        {"_id": message.conversation_id}, {"$set": {"tags": tags}}
    )
    add = """mutation ($id: ID!) { addTags(input: {taggableId: $id, tags: ["more"]}) {
      userErrors { code } } }"""

    refused = await agent(add, id=conversation_id(message))

    assert refused["addTags"]["userErrors"] == [{"code": "INVALID_INPUT"}]
    assert await ConversationChange.count() == 0


async def test_concurrent_changes_are_all_recorded(
    message: Message, make_client: Callable[..., Awaitable[GraphQLClient]]
) -> None:
    clients = [await make_client(Role.AGENT) for _ in range(6)]
    mutation = """mutation ($id: ID!, $tag: String!) {
      addTags(input: {taggableId: $id, tags: [$tag]}) { userErrors { code } } }"""
    assign = """mutation ($id: ID!, $agent: ID!) {
      assignConversation(input: {conversationId: $id, assigneeId: $agent}) {
        userErrors { code } } }"""
    agents = [await find_agent(client) for client in clients]

    await asyncio.gather(
        *(
            client(mutation, id=conversation_id(message), tag=agent)
            for client, agent in zip(clients, agents, strict=True)
        ),
        *(
            client(assign, id=conversation_id(message), agent=agent)
            for client, agent in zip(clients, agents, strict=True)
        ),
    )

    items = await read_items(clients[0], message)
    added = [tag for item in items for tag in item.get("addedTags", [])]
    conversation = await Conversation.get(message.conversation_id)
    assert conversation is not None
    assert added == conversation.tags
    assert len(added) == 6
    assigned = [item for item in items if item.get("kind") == "ASSIGNED"]
    # Each assignment begins where the one before it ended.
    before, after = zip(*get_assignees(assigned), strict=True)
    assert before == (None, *after[:-1])
    assert after[-1] == encode_id("Agent", conversation.assignee_id)


async def test_customers_message_is_cause_of_reopening(
    agent: GraphQLClient, account: Account, webhook: WebhookClient
) -> None:
    await webhook.post_messages(make_message(wamid="wamid.first"))
    first = await eventually(lambda: Message.find_one({"wamid": "wamid.first"}))
    assert first is not None
    await change(agent, first, CLOSE)

    again = make_message(wamid="wamid.again")
    for _ in range(2):
        await webhook.post_messages(again)
    await eventually(lambda: ConversationChange.find_one({"kind": "REOPENED"}))

    reopening = await Message.find_one({"wamid": "wamid.again"})
    items = await read_items(agent, first)
    kinds = [item.get("kind", item["__typename"]) for item in items]
    assert sorted(kinds) == ["CLOSED", "Message", "Message", "REOPENED"]
    assert kinds.index("CLOSED") < kinds.index("REOPENED")
    [record] = [item for item in items if item.get("kind") == "REOPENED"]
    assert record["message"] == {"id": id_of(reopening)}
    assert record["actorName"] is None


async def test_reader_and_sweep_record_reopening_after_crash(
    agent: GraphQLClient, account: Account, message: Message
) -> None:
    # Without the rest of the ingest, as if the process had been killed.
    for record in (lambda: read_items(agent, message), sweep_reopenings):
        await change(agent, message, CLOSE)
        later = await write_message(account, PHONE, "again", at=utc_now() + timedelta(seconds=1))
        await update_summary(later)
        stored = await Conversation.get(message.conversation_id)
        assert stored is not None
        assert (stored.status, len(stored.reopenings)) == (ConversationStatus.OPEN, 1)

        await record()

        stored = await Conversation.get(message.conversation_id)
        assert stored is not None
        assert stored.reopenings == []
    kinds = await list_kinds(agent, message)
    assert [kind for kind in kinds if kind != "Message"] == ["CLOSED", "REOPENED"] * 2


async def fill(message: Message) -> list[str]:
    """Adds items with few different times; returns all global ids, newest first."""
    conversation = {
        "account_id": message.account_id,
        "conversation_id": message.conversation_id,
    }
    keys = [(message.timestamp, message.id, "Message")]
    for number in range(40):
        at = message.timestamp - timedelta(seconds=number % 4)
        kind = random.choice(["Message", "Note", "ConversationChange"])
        if kind == "Message":
            fields = message.model_dump(exclude={"id", "workspace_id", "wamid", "timestamp"})
            item: Any = Message(
                workspace_id=DEFAULT_WORKSPACE_ID,
                id=new_id(),
                timestamp=at,
                wamid=f"w{number}",
                **fields,
            )
        elif kind == "Note":
            item = Note(
                workspace_id=DEFAULT_WORKSPACE_ID,
                **conversation,
                author=ACTOR,
                body="n",
                timestamp=at,
            )
        else:
            kind_of_change = ConversationChangeKind.TAGGED
            item = ConversationChange(
                workspace_id=DEFAULT_WORKSPACE_ID, **conversation, kind=kind_of_change, timestamp=at
            )
        await item.insert()
        keys.append((at, item.id, kind))
    return [encode_id(kind, key) for _, key, kind in sorted(keys, reverse=True)]


async def walk(
    client: GraphQLClient, message: Message, size: int, *, backward: bool
) -> AsyncIterator[list[str]]:
    """Yields the ids of each page, in the direction of the walk."""
    cursor = None
    while True:
        arguments = (
            {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        )
        shown = await client(PAGE, id=conversation_id(message), **arguments)
        page = shown["conversation"]["timeline"]
        ids = [edge["node"]["id"] for edge in page["edges"]]
        yield ids[::-1] if backward else ids
        info = page["pageInfo"]
        assert info["hasPreviousPage" if not backward else "hasNextPage"] == (cursor is not None)
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return
        cursor = info["startCursor" if backward else "endCursor"]


async def test_pages_have_each_item_once_in_both_directions(
    agent: GraphQLClient, message: Message
) -> None:
    expected = await fill(message)

    for size in (1, 3, 7, 41, 100):
        for backward in (False, True):
            pages = [ids async for ids in walk(agent, message, size, backward=backward)]
            seen = [global_id for ids in pages for global_id in ids]
            assert seen == (expected[::-1] if backward else expected)
            assert all(len(ids) == size for ids in pages[:-1])
    shown = await agent(PAGE, id=conversation_id(message), first=0)
    assert shown["conversation"]["timeline"]["count"] == {"value": 41}


async def test_page_stays_in_place_while_list_grows(agent: GraphQLClient, message: Message) -> None:
    expected = await fill(message)
    first = await agent(PAGE, id=conversation_id(message), first=5)
    cursor = first["conversation"]["timeline"]["pageInfo"]["endCursor"]

    await change(agent, message, CLOSE, 'addNote(input: {conversationId: $id, body: "x"})')

    second = await agent(PAGE, id=conversation_id(message), first=5, after=cursor)
    newer = await agent(PAGE, id=conversation_id(message), last=5, before=cursor)
    ids = [edge["node"]["id"] for edge in second["conversation"]["timeline"]["edges"]]
    assert ids == expected[5:10]
    ids = [edge["node"]["id"] for edge in newer["conversation"]["timeline"]["edges"]]
    assert ids[-4:] == expected[:4]


MERGE = """mutation ($id: ID!, $into: ID!) {
  mergeContacts(input: {contactId: $id, intoContactId: $into}) { userErrors { code } } }"""


async def test_merge_moves_notes_and_changes_and_records_reopening(
    agent: GraphQLClient, account: Account, message: Message
) -> None:
    other = await write_message(account, "15550002222", "theirs")
    await change(agent, other, 'addNote(input: {conversationId: $id, body: "moved"})')
    await change(agent, other, 'addTags(input: {taggableId: $id, tags: ["vip"]})')
    await change(agent, message, CLOSE)

    await agent(MERGE, id=contact_id(other), into=contact_id(message))

    items = await read_items(agent, message)
    found = [item.get("kind") or item.get("body") or item["text"] for item in items]
    assert sorted(found[:2]) == ["hello", "theirs"]
    assert found[2:] == ["moved", "TAGGED", "CLOSED", "REOPENED"]
    assert (items[-1]["actorName"], items[-1]["message"]) == (None, None)


async def test_deletions_leave_no_note_and_no_change(
    admin: GraphQLClient, account: Account, message: Message
) -> None:
    other = await write_message(account, "15550002222", "theirs")
    for one in (message, other):
        await change(admin, one, 'addNote(input: {conversationId: $id, body: "x"})', CLOSE)
    delete_contact = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) %s }"
    delete_account = "mutation ($id: ID!) { deleteAccount(input: {accountId: $id}) %s }"

    await admin(delete_contact % "{ userErrors { code } }", id=contact_id(message))
    left = [await Note.find().to_list(), await ConversationChange.find().to_list()]
    await admin(delete_account % "{ userErrors { code } }", id=id_of(account))

    for documents in left:
        assert {document.conversation_id for document in documents} == {other.conversation_id}
    assert await Note.count() == await ConversationChange.count() == 0


async def test_timeline_is_read_from_indexes(message: Message) -> None:
    database = collection(Note).database
    for document_class in (Note, ConversationChange):
        query = {"conversation_id": message.conversation_id}
        plan = await database.command(
            {
                "explain": {
                    "find": collection(document_class).name,
                    "filter": query,
                    "sort": {"timestamp": -1, "_id": -1},
                }
            }
        )
        text = str(plan["queryPlanner"]["winningPlan"])
        assert "'indexName': 'history'" in text
        assert "'stage': 'SORT'" not in text

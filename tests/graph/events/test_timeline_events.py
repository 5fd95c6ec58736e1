"""Live events of a timeline: added items, changed and deleted notes, resumed by cursor."""

from typing import Any

import pytest

from models import Account, Message
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.graph.socket_kit import SocketClient

EVENTS = """subscription ($id: ID, $after: String) { events(conversationId: $id, after: $after) {
  __typename cursor account { id }
  ... on TimelineItemAdded { item { id timestamp conversation { id } } }
  ... on NoteAdded { note { body authorName } }
  ... on NoteUpdated { note { body } }
  ... on NoteDeleted { noteId conversationId }
  ... on ConversationChangeAdded { change { kind addedTags actorName } }
} }"""
ITEMS = """subscription ($id: ID, $after: String) {
  timelineItemAdded(conversationId: $id, after: $after) { __typename cursor item { id } } }"""
TIMELINE = """query ($id: ID!) { conversation(id: $id) { timeline { nodes { id } } } }"""
ADD = """mutation ($id: ID!, $body: String!) {
  addNote(input: {conversationId: $id, body: $body}) { note { id } } }"""
EDIT = """mutation ($id: ID!, $body: String!) {
  editNote(input: {noteId: $id, body: $body}) { note { id } } }"""
DELETE = "mutation ($id: ID!) { deleteNote(input: {noteId: $id}) { deletedNoteId } }"
TAG = """mutation ($id: ID!) {
  addTags(input: {taggableId: $id, tags: ["vip"]}) { userErrors { code } } }"""
ERASE = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"


@pytest.fixture
async def message(account: Account) -> Message:
    return await write_message(account, "15550001111", "hello")


async def read_until(ws: SocketClient, last: str) -> list[dict[str, Any]]:
    """The events up to the first one of type `last`, without those of the conversation itself."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["__typename"] != last:
        [payload] = await ws.take(1)
        assert "errors" not in payload, payload
        [event] = [value for value in payload.values() if value]
        if event["__typename"] != "ConversationUpdated":
            events.append(event)
    return events


async def test_notes_and_changes_arrive_once_and_resume(
    ws: SocketClient, agent: GraphQLClient, account: Account, message: Message
) -> None:
    conversation = conversation_id(message)
    other = await write_message(account, "15550002222", "elsewhere")
    start = (await agent("{ eventCursor }"))["eventCursor"]
    await ws.subscribe(EVENTS, id=conversation, after=start)

    note = (await agent(ADD, id=conversation, body="one"))["addNote"]["note"]["id"]
    await agent(ADD, id=conversation_id(other), body="elsewhere")
    await agent(EDIT, id=note, body="two")
    await agent(EDIT, id=note, body="two")
    await agent(TAG, id=conversation)
    kept = (await agent(ADD, id=conversation, body="kept"))["addNote"]["note"]["id"]
    await agent(DELETE, id=note)

    live = await read_until(ws, "NoteDeleted")
    assert [event["__typename"] for event in live] == [
        *("NoteAdded", "NoteUpdated", "ConversationChangeAdded", "NoteAdded", "NoteDeleted")
    ]
    added, edited, changed, _, deleted = live
    assert added["note"] == {"body": "one", "authorName": "test agent"}
    assert added["item"]["conversation"] == {"id": conversation}
    assert edited["note"] == {"body": "two"}
    tagged = {"kind": "TAGGED", "addedTags": ["vip"], "actorName": "test agent"}
    assert changed["change"] == tagged
    assert (deleted["noteId"], deleted["conversationId"]) == (note, conversation)
    assert {event["account"]["id"] for event in live} == {id_of(account)}
    # Deleted notes are not replayed.
    await ws.subscribe(EVENTS, id=conversation, after=start)
    again = await read_until(ws, "NoteDeleted")
    assert again == [changed, live[3], deleted]
    await ws.subscribe(EVENTS, id=conversation, after=changed["cursor"])
    assert await read_until(ws, "NoteDeleted") == [live[3], deleted]
    shown = await agent(TIMELINE, id=conversation)
    items = {node["id"] for node in shown["conversation"]["timeline"]["nodes"]}
    assert items == {id_of(message), changed["item"]["id"], kept}


async def test_items_arrive_in_one_subscription(
    ws: SocketClient, agent: GraphQLClient, account: Account, message: Message
) -> None:
    conversation = conversation_id(message)
    start = (await agent("{ eventCursor }"))["eventCursor"]
    await ws.subscribe(ITEMS, id=conversation, after=start)

    await agent(ADD, id=conversation, body="one")
    later = await write_message(account, "15550001111", "more")
    await agent(TAG, id=conversation)

    events = await read_until(ws, "ConversationChangeAdded")
    names = [event["__typename"] for event in events]
    assert names == ["NoteAdded", "MessageAdded", "ConversationChangeAdded"]
    assert events[1]["item"]["id"] == id_of(later)
    shown = await agent(TIMELINE, id=conversation)
    items = {node["id"] for node in shown["conversation"]["timeline"]["nodes"]}
    assert {event["item"]["id"] for event in events} == items - {id_of(message)}


async def test_events_of_erased_notes_are_not_replayed(
    ws: SocketClient, admin: GraphQLClient, message: Message
) -> None:
    start = (await admin("{ eventCursor }"))["eventCursor"]
    note = (await admin(ADD, id=conversation_id(message), body="x"))["addNote"]["note"]["id"]
    await admin(TAG, id=conversation_id(message))

    await admin(ERASE, id=contact_id(message))

    await ws.subscribe(EVENTS, after=start)
    # The contact goes first, so that a later message of the customer makes a new one.
    replayed = await read_until(ws, "NoteDeleted")
    names = [event["__typename"] for event in replayed]
    assert "ContactDeleted" in names
    assert "NoteAdded" not in names
    assert "ConversationChangeAdded" not in names
    [deleted] = [event for event in replayed if event["__typename"] == "NoteDeleted"]
    assert deleted["noteId"] == note

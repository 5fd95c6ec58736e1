"""A merge is announced to subscribers with the ended contact and the moved messages."""

from typing import Any

from models import Account, Identity, IdentityKind
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.graph.socket_kit import SocketClient

EVENTS = """subscription ($after: String) { events(after: $after) {
  __typename cursor account { id }
  ... on MessageAdded { message { text conversation { id } } }
  ... on ConversationUpdated { conversation { id unreadCount
    messages(first: 10) { edges { node { text } } } } }
  ... on ContactUpdated { contact { id phoneNumber businessScopedUserId } }
  ... on ContactDeleted { contactId }
} }"""
MERGE = """mutation ($id: ID!, $into: ID!) {
  mergeContacts(input: { contactId: $id, intoContactId: $into }) { userErrors { code } } }"""
PHONE = "15550001111"


async def read_until_merged(ws: SocketClient, conversation: str) -> list[dict[str, Any]]:
    """Returns events up to the one with both histories in one conversation."""
    events: list[dict[str, Any]] = []
    while True:
        [told] = await ws.take(1)
        assert "errors" not in told
        events.append(told["events"])
        shown = events[-1].get("conversation") or {}
        if shown.get("id") == conversation and len(shown["messages"]["edges"]) == 2:
            return events


async def test_merge_is_announced_and_ended_conversation_not_replayed(
    ws: SocketClient, agent: GraphQLClient, account: Account
) -> None:
    identity = Identity(kind=IdentityKind.BSUID, value="US.5550201")
    left = await write_message(account, "", "first", identity=identity)
    cursor = (await agent("{ eventCursor }"))["eventCursor"]
    merged = await write_message(account, PHONE, "second", name="Ada")
    present = (await agent("{ eventCursor }"))["eventCursor"]
    await ws.subscribe(EVENTS, after=present)

    await agent(MERGE, id=contact_id(merged), into=contact_id(left))

    live = await read_until_merged(ws, conversation_id(left))
    await ws.subscribe(EVENTS, after=cursor)
    replayed = await read_until_merged(ws, conversation_id(left))
    for events in (live, replayed):
        changed = [one["contact"] for one in events if one["__typename"] == "ContactUpdated"]
        assert changed[-1] == {
            "id": contact_id(left),
            "phoneNumber": f"+{PHONE}",
            "businessScopedUserId": identity.value,
        }
        [ended] = [one for one in events if one["__typename"] == "ContactDeleted"]
        assert ended["contactId"] == contact_id(merged)
        assert events[-1]["conversation"]["unreadCount"] == 2
        assert {one["account"]["id"] for one in events} == {id_of(account)}
        assert not [one for one in events if one["__typename"] == "MessageAdded"]

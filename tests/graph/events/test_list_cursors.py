"""Cursors that the objects of events have in lists."""

from typing import Any

from models import Account, Contact, Template
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.graph.live_kit import update
from tests.graph.socket_kit import SocketClient

# The lists of each type, and the events that bring its objects.
LISTS = {
    "Account": ("accounts", ("AccountUpdated",), "account"),
    "Contact": ("contacts", ("ContactUpdated",), "contact"),
    "Conversation": ("conversations", ("ConversationUpdated",), "conversation"),
    "Template": ("templates", ("TemplateUpdated",), "template"),
    "User": ("users", ("UserUpdated",), "user"),
}
ORDERS = """{ __schema { types { name fields { name args { name type { ofType {
  enumValues { name } } } } } } } }"""
ADD_NOTE = """mutation ($id: ID!) {
  addNote(input: {conversationId: $id, body: "x"}) { note { listCursor } } }"""
CLOSE = """mutation ($id: ID!) {
  closeConversation(input: {conversationId: $id}) { conversation { listCursor } } }"""
MESSAGES = """query ($id: ID!, $after: String) { conversation(id: $id) {
  messages(after: $after) { edges { cursor node { id } } }
  timeline(after: $after) { edges { cursor node { id } } } } }"""


async def list_orders(client: GraphQLClient) -> dict[str, list[str]]:
    """The orders in which each type has a list cursor; [] for lists with a single order."""
    types = (await client(ORDERS))["__schema"]["types"]
    return {
        item["name"]: [
            value["name"] for arg in field["args"] for value in arg["type"]["ofType"]["enumValues"]
        ]
        for item in types
        for field in item["fields"] or ()
        if field["name"] == "listCursor"
    }


def select_cursors(orders: list[str]) -> str:
    return " ".join(f"{name}: listCursor(orderBy: {name})" for name in orders) or "only: listCursor"


async def read_events(ws: SocketClient, query: str, after: str, last: str) -> list[dict[str, Any]]:
    await ws.subscribe(query, after=after)
    events: list[dict[str, Any]] = []
    while not events or events[-1]["__typename"] != last:
        events += [data["events"] for data in await ws.take(1)]
    return events


async def test_event_object_has_list_cursors(
    ws: SocketClient, admin: GraphQLClient, account: Account
) -> None:
    orders = await list_orders(admin)
    timeline = {"TimelineItem", "Message", "Note", "ConversationChange"}
    assert orders.keys() == LISTS.keys() | timeline
    start = (await admin("{ eventCursor }"))["eventCursor"]
    for number, name in enumerate(["Zoe", "ada", "Émile"]):
        await write_message(account, f"1555000000{number}", "hello", name=name)
        await Template(
            workspace_id=DEFAULT_WORKSPACE_ID,
            account_id=account.id,
            template_id=name,
            name=name,
            language="en",
        ).insert()
    await update(account, {"$set": {"name": "Shop"}})
    selections = " ".join(
        f"... on {event} {{ {field} {{ id {select_cursors(orders[kind])} }} }}"
        for kind, (_, events, field) in LISTS.items()
        for event in events
    )
    query = (
        f"subscription ($after: String) {{ events(after: $after) {{ __typename {selections} }} }}"
    )

    events = await read_events(ws, query, start, "AccountUpdated")

    for kind, (root, names, field) in LISTS.items():
        objects = {
            event[field]["id"]: event[field] for event in events if event["__typename"] in names
        }
        assert len(objects) == (1 if kind == "Account" else 3)
        for order in orders[kind] or ["only"]:
            arguments = "" if order == "only" else f"orderBy: {order}"
            if kind == "Template":
                arguments += f', accountId: "{id_of(account)}"'
            edges = await list_edges(admin, root, arguments)
            assert [edge["node"]["id"] for edge in edges if edge["node"]["id"] in objects]
            for number, edge in enumerate(edges):
                if edge["node"]["id"] in objects:
                    cursor = objects[edge["node"]["id"]][order]
                    assert cursor == edge["cursor"], (kind, order)
                    rest = await list_edges(admin, root, f'{arguments} after: "{cursor}"')
                    assert rest == edges[number + 1 :]


async def list_edges(client: GraphQLClient, root: str, arguments: str) -> list[dict[str, Any]]:
    arguments = f"first: 100 {arguments}"
    query = f"{{ list: {root}({arguments}) {{ edges {{ cursor node {{ id }} }} }} }}"
    edges: list[dict[str, Any]] = (await client(query))["list"]["edges"]
    return edges


async def test_items_of_a_timeline_have_its_cursors(
    ws: SocketClient, admin: GraphQLClient, account: Account
) -> None:
    start = (await admin("{ eventCursor }"))["eventCursor"]
    for text in ("one", "two"):
        message = await write_message(account, "15550000001", text)
    conversation = conversation_id(message)
    await admin(CLOSE, id=conversation)
    noted = (await admin(ADD_NOTE, id=conversation))["addNote"]["note"]["listCursor"]
    query = """subscription ($after: String) { events(after: $after) { __typename
      ... on TimelineItemAdded { item { id listCursor } } } }"""

    events = await read_events(ws, query, start, "NoteAdded")

    cursors = {
        event["item"]["id"]: event["item"]["listCursor"] for event in events if "item" in event
    }
    shown = (await admin(MESSAGES, id=conversation))["conversation"]
    assert len(shown["timeline"]["edges"]) == len(cursors) == 4
    assert noted in cursors.values()
    for name in ("messages", "timeline"):
        edges = shown[name]["edges"]
        for number, edge in enumerate(edges):
            assert cursors[edge["node"]["id"]] == edge["cursor"]
            rest = (await admin(MESSAGES, id=conversation, after=edge["cursor"]))["conversation"]
            assert rest[name]["edges"] == edges[number + 1 :]


async def test_list_cursors_read_nothing_more(
    counter: CommandCounter, admin: GraphQLClient, account: Account
) -> None:
    for number in range(3):
        await write_message(account, f"1555000000{number}", "hello")
    await admin("{ __typename }")  # the first request reads the retired agents
    plain = "{ list: %s { nodes { id %s } } }"
    reads = {}
    for root, cursor in (
        ("conversations", "listCursor(orderBy: OLDEST_ACTIVITY)"),
        ("contacts", "listCursor(orderBy: NAME)"),
        ("users", "listCursor(orderBy: NAME)"),
        ("accounts", "listCursor"),
    ):
        for selected in ("", cursor):
            with counter.counting():
                await admin(plain % (root, selected))
            reads[root, bool(selected)] = sorted(counter.reads)
        assert reads[root, True] == reads[root, False]
    # One read for the whole page, because contacts have no time of their last activity.
    with counter.counting():
        page = await admin(plain % ("contacts", "listCursor(orderBy: LAST_ACTIVITY)"))
    assert len(counter.reads) == len(reads["contacts", False]) + 1
    assert all(node["listCursor"] for node in page["list"]["nodes"])


async def test_contact_without_conversation_has_no_cursor_of_activity(
    admin: GraphQLClient, account: Account
) -> None:
    await write_message(account, "15550000001", "hello")
    await collection(Contact).database["conversations"].delete_many({})

    listed = await admin("{ contacts { nodes { listCursor(orderBy: LAST_ACTIVITY) } } }")

    assert listed["contacts"]["nodes"] == [{"listCursor": None}]

"""A reaction of the business is an update of its message, not a message event."""

from typing import Any

from models import Account
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message
from tests.fixtures.sending import send
from tests.graph.socket_kit import SocketClient

EVENTS = """subscription($after: String) { events(after: $after) { __typename
  ... on MessageAdded { message { id } }
  ... on MessageStatusChanged { status message { id } }
  ... on MessageUpdated { message { id reactions { emoji contact { id } } } } } }"""


async def test_reaction_updates_its_message_and_status(
    ws: SocketClient, account: Account, admin: GraphQLClient
) -> None:
    said = await write_message(account, "15550001111", "Thank you")
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    await ws.subscribe(EVENTS, after=cursor)

    reaction = await send(admin, said, {"reaction": {"messageId": id_of(said), "emoji": "👍"}})
    heard: list[dict[str, Any]] = []
    about: list[dict[str, Any]] = []
    # The two come in any order, as the answer to the send and the statuses do.
    while not about or "READ" not in [one.get("status") for one in heard]:
        [event] = [data["events"] for data in await ws.take(1)]
        # The contact learns of its identities meanwhile.
        if "message" in event:
            heard.append(event)
        about = [one["message"] for one in heard if one["message"]["id"] == id_of(said)]

    shown = {"id": id_of(said), "reactions": [{"emoji": "👍", "contact": None}]}
    assert all(one == shown for one in about)
    others = [one for one in heard if one["message"]["id"] == reaction["id"]]
    assert {one["__typename"] for one in others} <= {"MessageStatusChanged", "MessageUpdated"}
    assert len(others) + len(about) == len(heard)

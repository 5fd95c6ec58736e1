"""Messages from the business's phone are shown like messages from here, for all types."""

from typing import Any

from models import Account
from tests.fixtures.fields import change_value, load_change, make_entry, post
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.sending import load_send
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle

QUERY = """{ conversations(first: 2) { edges { node { messages { edges { node {
  text type: typeName direction
  content { __typename
    ... on LocationContent { name latitude }
    ... on ContactsContent { contacts { name department phones { waId } } }
    ... on InteractiveContent { interactiveKind buttons { replyId } listButton flow { flowId } }
  } } } } } } } }"""


def make_echo(name: str, number: int) -> dict[str, Any]:
    change = load_change("echo_text")
    [echo] = change["value"]["message_echoes"]
    body = load_send(name)
    content = {"type": body["type"], body["type"]: body[body["type"]]}
    common = {key: echo[key] for key in ("from", "to")}
    place = {"id": f"wamid.{number}", "timestamp": str(1_750_000_000 + number)}
    return make_entry(change_value(change, message_echoes=[common | place | content]))


async def test_echoes_show_their_content(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    names = [
        "location",
        "contacts",
        "interactive_buttons",
        "interactive_list",
        "interactive_published_flow_by_id",
    ]
    await post(webhook, settle, *(make_echo(name, at) for at, name in enumerate(names)))

    [conversation] = (await admin(QUERY))["conversations"]["edges"]
    shown = [edge["node"] for edge in conversation["node"]["messages"]["edges"]][::-1]

    nothing: dict[str, Any] = {"buttons": [], "listButton": None, "flow": None}
    offer = {"__typename": "InteractiveContent", **nothing}
    assert {one["direction"] for one in shown} == {"OUTBOUND"}
    assert [one["text"] for one in shown] == [
        "Test shop",
        "Dr Ada M. Lovelace Jr",
        "Shall we deliver today?",
        "When shall we come?",
        "Book your appointment",
    ]
    assert [one["content"] for one in shown] == [
        {"__typename": "LocationContent", "name": "Test shop", "latitude": 52.52},
        {
            "__typename": "ContactsContent",
            "contacts": [
                {
                    "name": "Dr Ada M. Lovelace Jr",
                    "department": "Sales",
                    "phones": [{"waId": None}, {"waId": "16505550199"}],
                }
            ],
        },
        offer | {"interactiveKind": "BUTTONS", "buttons": [{"replyId": "yes"}, {"replyId": "no"}]},
        offer | {"interactiveKind": "LIST", "listButton": "Choose a time"},
        offer | {"interactiveKind": "FLOW", "flow": {"flowId": "1234567890"}},
    ]

"""Live events of account and customer webhooks, and of phone echoes."""

from models import Account
from tests.fixtures.fields import AT, make_body
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient
from tests.graph.socket_kit import SocketClient

EVENTS = """subscription ($after: String) { events(after: $after) {
  ... on AccountUpdated { account { lastEventAt health { state }
    events(first: 1) { edges { node { event } } } } }
  ... on ContactUpdated { contact { waId marketingOptOut } }
  ... on MessageAdded { message { direction text sender { __typename } } }
} }"""
NOTED = {"edges": [{"node": {"event": "DISABLED_UPDATE"}}]}
LAST_EVENT_AT = "2025-06-15T15:06:40+00:00"


async def test_watchers_see_accounts_contacts_and_echoes_change(
    ws: SocketClient, webhook: WebhookClient, account: Account, admin: GraphQLClient
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    await ws.subscribe(EVENTS, after=cursor)

    await webhook.post(make_body("account_banned", at=AT))
    told, stopped = [data["events"]["account"] for data in await ws.take(2)]
    # With the first event the account event exists, and possibly the health.
    assert (told["events"], told["lastEventAt"]) == (NOTED, LAST_EVENT_AT)
    assert stopped["health"] == {"state": "STOPPED"}

    await webhook.post(make_body("user_preference_stop"))
    [chosen] = await ws.take(1)
    while not chosen["events"].get("contact", {}).get("marketingOptOut"):
        [chosen] = await ws.take(1)  # it was made, with its user, and linked to it before

    await webhook.post(make_body("echo_text"))
    [added] = await ws.take(1)
    while "message" not in added["events"]:
        [added] = await ws.take(1)  # the conversation was made before
    assert added["events"]["message"] == {
        "direction": "OUTBOUND",
        "text": "Gern, bis gleich! ☕",
        "sender": {"__typename": "BusinessAppSender"},
    }

"""Subscriptions to single types of events, and `events(types)`."""

from typing import Any

import pytest

from graph.fanout.groups import Groups
from models import Account, Contact, Role, Template, User
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.graph.live_kit import create_contact, update, wait_for_listeners
from tests.graph.socket_kit import SocketClient
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

ROOTS = {
    "contactUpdated": "contact { name }",
    "contactDeleted": "contactId",
    "userUpdated": "user { name }",
    "templateUpdated": "template { name }",
    "accountUpdated": "account { name }",
    "accountDeleted": "account { id }",
    "agentUpdated": "account { id } agent { name }",
}
TYPES = """subscription($types: [EventType!], $after: String) {
  events(types: $types, after: $after) { __typename } }"""


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update=getattr(request, "param", {}))


async def test_each_type_has_a_subscription_that_resumes(
    ws: SocketClient, admin: GraphQLClient, account: Account, live_groups: Groups
) -> None:
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    names: dict[str, str] = {}

    async def subscribe(*roots: str, after: str | None = None) -> None:
        for root in roots:
            query = f"subscription($after: String) {{ {root}(after: $after) {{ {ROOTS[root]} }} }}"
            names[await ws.subscribe(query, after=after)] = root

    async def take(count: int) -> dict[str, Any]:
        taken = {}
        for _ in range(count):
            frame = await ws.receive()
            taken[names[frame["id"]]] = frame["payload"]["data"][names[frame["id"]]]
        assert len(taken) == count
        return taken

    await subscribe(*ROOTS)
    await wait_for_listeners(live_groups, len(ROOTS))
    contact = await create_contact(account.id, name="Ada")
    await User(workspace_id=DEFAULT_WORKSPACE_ID, name="Bob", account_ids=[account.id]).insert()
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="1", name="hello"
    ).insert()
    await update(account, {"$set": {"name": "Shop"}})
    await create_api_key(DEFAULT_WORKSPACE_ID, name="Kim", role=Role.AGENT)
    live = await take(5)
    await subscribe(*live, after=cursor)
    resumed = await take(5)
    await contact.delete()
    deleted = await take(1)
    await subscribe("contactDeleted", after=cursor)
    deleted_again = await take(1)
    await update(account, {"$currentDate": {"deleted_at": True}})
    ended = await take(1)
    await subscribe("accountDeleted", after=cursor)
    ended_again = await take(1)

    assert live == {
        "contactUpdated": {"contact": {"name": "Ada"}},
        "userUpdated": {"user": {"name": "Bob"}},
        "templateUpdated": {"template": {"name": "hello"}},
        "accountUpdated": {"account": {"name": "Shop"}},
        "agentUpdated": {"account": None, "agent": {"name": "Kim"}},
    }
    assert resumed == live
    assert deleted == deleted_again == {"contactDeleted": {"contactId": id_of(contact)}}
    assert ended == ended_again == {"accountDeleted": {"account": {"id": id_of(account)}}}


def id_of(document: Account | Contact) -> str:
    return encode_id(type(document).__name__, document.id)


@pytest.mark.parametrize("settings", [{"live_rate_limit_per_minute": 15}], indirect=True)
async def test_other_types_of_events_cost_nothing(
    ws: SocketClient, account: Account, live_groups: Groups
) -> None:
    await ws.subscribe(TYPES, types=["TEMPLATE_UPDATED", "ACCOUNT_UPDATED"])
    await wait_for_listeners(live_groups, 1)

    # A budget of 15 a minute would delay the event behind a hundred contacts by minutes.
    for _ in range(100):
        await create_contact(account.id)
    await update(account, {"$set": {"name": "Shop"}})

    assert await ws.take(1) == [{"events": {"__typename": "AccountUpdated"}}]


async def test_empty_list_of_types_means_all(
    ws: SocketClient, account: Account, live_groups: Groups
) -> None:
    await ws.subscribe(TYPES, types=[])
    await wait_for_listeners(live_groups, 1)

    await create_contact(account.id)

    # The account's own event may come first.
    types = [(await ws.take(1))[0]["events"]["__typename"]]
    while types[-1] == "AccountUpdated":
        types += [(await ws.take(1))[0]["events"]["__typename"]]
    assert types[-1] == "ContactUpdated"

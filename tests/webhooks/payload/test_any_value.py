"""Every scalar of every payload with a value of every other kind: nothing is lost, freezes or hides
a message.
"""

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from graph.core.strawberry_internals import get_graphql_schema
from graph.limits.bounds import Limits
from graph.schema import create_schema
from models import Account, Conversation, Message, ParkedItem, ParkedReason
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.loop_steps import measuring_steps
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.said import id_of
from tests.fixtures.selections import select_page
from tests.fixtures.webhooks import WebhookClient, make_change
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from webhooks.payload.items import ItemKind, list_items
from webhooks.payload.parsing import parse_json
from webhooks.route import MAX_BODY_BYTES
from webhooks.store.events import make_event
from whatsapp.common.crypto import digest_secret
from whatsapp.settings import Settings

LONG = "x" * 100_000
ODD: list[Any] = [None, True, "", "1.5", 1.0, -1, 2**63, [], {}, LONG]
# Of CPU: a step of the loop may take 100 ms, a query a second. Three times that is a fault.
STEP_SECONDS = 0.3
QUERY_SECONDS = 3.0
ENTRIES_AT_ONCE = 250
PAGE = 20
AMENDMENTS = ("reaction", "edit", "revoke")
Place = tuple[int | str, ...]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


@pytest.fixture
def limits() -> Limits:
    return Limits(tokens=1000, cost=1_000_000, depth=30, aliases=1000, fields=10_000)


def list_scalars(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from list_scalars(part, (*place, key))
            if isinstance(part, dict | list):
                yield (*place, key)
    else:
        yield place


def replace(value: Any, place: Place, odd: Any) -> Any:
    changed = copy.deepcopy(value)
    *path, last = place
    container = changed
    for key in path:
        container = container[key]
    container[last] = odd
    return changed


def make_entry(name: str) -> dict[str, Any]:
    """Returns the entry of a body around a payload of the corpus."""
    payload = load_payload(name)
    kind = name.partition("_")[0]
    change = payload
    if kind != "field":
        items = {"messages": [payload]} if kind == "message" else {"statuses": [payload]}
        change = make_change(NUMBER, **items)
    return {"id": NUMBER.business_account_id, "time": 1_750_000_000, "changes": [change]}


def list_entries(values: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Returns payloads with a single odd value, by the name of its place.

    Places that several payloads share are used once. Each place gets the next `values` odd values.
    """
    seen: set[Any] = set()
    turn = 0
    names = [*list_payloads("message"), *list_payloads("status"), *list_payloads("field")]
    for name in names:
        entry = make_entry(name)
        subject = find_subject(entry)
        for place in list_scalars(entry):
            if (subject, place) in seen:
                continue
            seen.add((subject, place))
            for number in range(values):
                odd = ODD[(turn + number) % len(ODD)]
                yield (
                    f"{name} {place} {str(odd)[:20]}",
                    number_item(replace(entry, place, odd), len(seen) * len(ODD) + number),
                )
            turn += values


def find_subject(entry: dict[str, Any]) -> Any:
    change = entry["changes"][0]
    items = change["value"].get("messages")
    return (change["field"], items[0]["type"] if items else None)


def number_item(entry: dict[str, Any], number: int) -> dict[str, Any]:
    """Returns the entry with a unique message id, unless the id is the odd value."""
    try:
        item = entry["changes"][0]["value"]["messages"][0]
        if str(item["id"]).startswith("wamid."):
            item["id"] = f"wamid.ODD{number}"
    except (KeyError, TypeError, IndexError):
        pass
    return entry


def pack(entries: list[dict[str, Any]]) -> Iterator[bytes]:
    """Bodies of as many entries as they may have."""
    packed: list[str] = []
    for text in map(json.dumps, entries):
        size = sum(map(len, packed)) + len(text)
        if packed and (len(packed) == ENTRIES_AT_ONCE or size > MAX_BODY_BYTES * 0.9):
            yield make_body(packed)
            packed = []
        packed.append(text)
    yield make_body(packed)


def make_body(entries: list[str]) -> bytes:
    head = b'{"object": "whatsapp_business_account", "entry": ['
    return head + ",".join(entries).encode() + b"]}"


async def post_and_look(
    webhook: WebhookClient,
    settle: Settle,
    admin: GraphQLClient,
    account: Account,
    entries: list[dict[str, Any]],
) -> None:
    bodies = list(pack(entries))
    with measuring_steps() as steps:
        for body in bodies:
            assert (await webhook.post(body)).status_code == 200
            await settle()
    assert steps.longest < STEP_SECONDS, steps.what
    parked = await ParkedItem.find().to_list()
    failed = [one for one in parked if one.reason is ParkedReason.INTERNAL_ERROR]
    assert [(one.pointer, one.details, one.item[:300]) for one in failed] == []
    await check_kept(bodies, {(one.event_id, one.pointer) for one in parked})
    assert await read_everything(admin, account) == await Message.count()


async def check_kept(bodies: list[bytes], parked: set[tuple[str, str]]) -> None:
    """Counts messages: each is stored or parked, unless it changes another message."""
    stored = {one["wamid"] async for one in Message.get_pymongo_collection().find({}, {"wamid": 1})}
    digest = digest_secret(NUMBER.app_secret)
    for body in bodies:
        event_id = make_event(body, secret_digest=digest).id
        for item in list_items(parse_json(body)):
            if item.kind is not ItemKind.MESSAGE or (event_id, item.pointer) in parked:
                continue
            is_amendment = item.value.get("type") in AMENDMENTS
            assert is_amendment or str(item.value["id"]) in stored, (item.pointer, item.value)


def write_query(head: str, connection: str) -> str:
    """A query of a page with all that its nodes have."""
    schema = get_graphql_schema(create_schema())
    page = select_page(schema, schema.type_map[connection], levels=2, size=1)  # type: ignore[arg-type]
    return head.replace("PAGE", f"(first: {PAGE}, after: $after) {page}")


OF_CONVERSATION = (
    "query ($id: ID!, $after: String) { parent: conversation(id: $id) { found: messages PAGE } }"
)
OF_ACCOUNT = "query ($id: ID!, $after: String) { parent: account(id: $id) { found: events PAGE } }"


async def read_everything(admin: GraphQLClient, account: Account) -> int:
    """Reads all that was stored, and gives how many messages are shown."""
    query = write_query(OF_CONVERSATION, "MessageConnection")
    conversations = await Conversation.find().to_list()
    shown = [await read_pages(admin, query, id=id_of(one)) for one in conversations]
    await read_pages(admin, write_query(OF_ACCOUNT, "AccountEventConnection"), id=id_of(account))
    for name, connection in (("contacts", "Contact"), ("parkedItems", "ParkedItem")):
        head = f"query ($after: String) {{ found: {name} PAGE }}"
        await read_pages(admin, write_query(head, f"{connection}Connection"))
    return sum(shown)


async def read_pages(admin: GraphQLClient, query: str, **variables: Any) -> int:
    after, count = None, 0
    while True:
        data = (await read_page(admin, query, after=after, **variables))["data"]
        edges = data.get("parent", data)["found"]["edges"]
        count += len(edges)
        if len(edges) < PAGE:
            return count
        after = edges[-1]["cursor"]


async def read_page(admin: GraphQLClient, query: str, **variables: Any) -> Any:
    body = json.dumps({"query": query, "variables": variables})
    headers = {"Authorization": f"Bearer {admin.token}", "Content-Type": "application/json"}
    began = time.thread_time()
    answer: httpx.Response = await admin.http.post("/graphql", content=body, headers=headers)
    assert time.thread_time() - began < QUERY_SECONDS, query
    found = answer.json()
    assert "errors" not in found, found["errors"][:3]
    return found


async def test_random_scalar_values_are_kept_and_shown(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post_and_look(
        webhook, settle, admin, account, [entry for _, entry in list_entries(values=3)]
    )


@pytest.mark.soak
async def test_odd_scalar_values_are_kept_and_shown(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    entries = [entry for _, entry in list_entries(values=len(ODD))]
    await post_and_look(webhook, settle, admin, account, entries)

"""Every signed post is answered, and every item is kept."""

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from models import Account, AccountEvent, Message, ParkedItem, ParkedReason, PendingUpdate
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.webhooks import WebhookClient, make_body, make_change
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import empty_database
from webhooks.payload.items import Item, ItemKind, list_items
from webhooks.payload.parsing import InvalidBody, parse_json

SOAK_SECONDS = 600
MESSAGES, STATUSES = list_payloads("message"), list_payloads("status")
QUIET: dict[str, Any] = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
texts = st.text(max_size=12) | st.sampled_from(["$a", "a.b", "\0", "\ud800", "1750000000", "text"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def list_places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [place] if place else []
    if isinstance(value, dict | list):
        for key, one in inner:
            found += list_places(one, (*place, key)) if _has_inner(one) else [(*place, key)]
    return found


def _has_inner(value: Any) -> bool:
    return isinstance(value, dict | list)


@st.composite
def draw_bodies(draw: st.DrawFn) -> bytes:
    """Any JSON, or items of the corpus with replaced parts."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=40) | values.map(encode))
    messages = [
        load_payload(name) for name in draw(st.lists(st.sampled_from(MESSAGES), max_size=3))
    ]
    statuses = [
        load_payload(name) for name in draw(st.lists(st.sampled_from(STATUSES), max_size=2))
    ]
    body = copy.deepcopy(
        make_body(NUMBER, make_change(NUMBER, messages=messages, statuses=statuses))
    )
    for _ in range(draw(st.integers(0, 3))):
        places = list_places(body)
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        container: Any = body
        for step in path:
            container = container[step]
        if draw(st.booleans()):
            container[last] = draw(values)
        elif isinstance(container, list):
            container.append(container[last])
        else:
            del container[last]
    return encode(body)


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


async def post_and_look(webhook: WebhookClient, settle: Settle, body: bytes) -> None:
    await empty_database()
    await AccountEvent.delete_all()
    assert (await webhook.post(body)).status_code == 200
    await settle()

    parked = {one.pointer: one.reason for one in await ParkedItem.find().to_list()}
    assert ParkedReason.INTERNAL_ERROR not in parked.values()
    try:
        items = list_items(parse_json(body))
    except InvalidBody:
        assert parked == {"": ParkedReason.INVALID_BODY}
        return
    for item in items:
        assert item.pointer in parked or await is_kept(item), item.pointer


async def is_kept(item: Item) -> bool:
    """Returns True if the item became, changed or awaits a message, or is a logged change."""
    if item.kind is ItemKind.CHANGE:
        return await AccountEvent.find({"field": item.field_name}).count() > 0
    wamid = str(item.value["id"])
    if item.kind is ItemKind.STATUS:
        return await PendingUpdate.find({"wamid": wamid, "kind": "status"}).count() > 0
    if await Message.find({"wamid": wamid}).count():
        return True
    about = item.value[item.value["type"]]
    target = str(about.get("message_id") or about.get("original_message_id"))
    waiting = await PendingUpdate.find({"wamid": target, "change.wamid": wamid}).count()
    return bool(waiting or await Message.find({"wamid": target}).count())


# A change without messages has no id of its own.
UNKNOWN_KEY = make_change(NUMBER)
UNKNOWN_KEY["value"]["\ud800"] = "new"


@settings(max_examples=60, **QUIET)
@given(body=draw_bodies())
@example(body=encode(make_body(NUMBER, {"field": "messages", "value": {"\ud800": "new"}})))
@example(body=encode(make_body(NUMBER, UNKNOWN_KEY)))
async def test_any_body_is_kept(
    webhook: WebhookClient, account: Account, settle: Settle, body: bytes
) -> None:
    await post_and_look(webhook, settle, body)


@pytest.mark.soak
@settings(max_examples=20_000, **QUIET)
@given(body=draw_bodies())
async def test_any_body_is_kept_for_ten_minutes(
    webhook: WebhookClient, account: Account, settle: Settle, started: float, body: bytes
) -> None:
    if time.monotonic() - started < SOAK_SECONDS:
        await post_and_look(webhook, settle, body)


@pytest.fixture
def started() -> float:
    return time.monotonic()

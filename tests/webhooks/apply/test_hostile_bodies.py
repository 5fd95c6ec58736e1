"""Signed bodies that Meta doesn't document: no 5xx, no loss, no effect on other items."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from models import Account, Message, ParkedItem, ParkedReason, PendingUpdate
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from tests.webhooks.store.test_signature import sign_body
from webhooks.route import MAX_BODY_BYTES

VALID = make_body(NUMBER, make_change(NUMBER, messages=[make_message(wamid="wamid.1")]))
VALID_TEXT = json.dumps(VALID)


NO_JSON = [
    b"",
    b"{",
    b"hello",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    VALID_TEXT.encode("utf-16"),
    VALID_TEXT.encode("utf-32"),
    VALID_TEXT.replace('"Hello"', "NaN").encode(),
    VALID_TEXT.replace('"Hello"', "-Infinity").encode(),
    b"[" * 100_000,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"\x1f\x8b\x08\x00gzip",
    VALID_TEXT.encode() + b"\0",
]


async def test_invalid_json_is_parked_with_bytes(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    for body in NO_JSON:
        assert (await webhook.post(body)).status_code == 200
    await settle()

    parked = await ParkedItem.find().to_list()
    assert {(one.reason, one.pointer) for one in parked} == {(ParkedReason.INVALID_BODY, "")}
    assert {one.item for one in parked} == {body.decode("utf-8", "replace") for body in NO_JSON}
    assert await Message.count() == 0


SHAPES: list[Any] = [
    None,
    [],
    5,
    "x",
    {},
    {"object": "whatsapp_business_account"},
    {"entry": None},
    {"entry": {}},
    {"object": "page", "entry": []},
    {"object": None, "entry": [1]},
    {"entry": [None, 1, [], {}]},
    {"entry": [{"changes": None}]},
    {"entry": [{"id": {}, "changes": [None, [], {}, {"field": "messages"}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": []}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": {"metadata": 1}}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": {"messages": {"a": 1}}}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": {"statuses": [None, 1]}}]}]},
    {"entry": [{"changes": [{"field": "messages", "value": {"messages": []}}]}]},
]


async def test_json_of_any_shape_is_parked(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    for value in SHAPES:
        assert (await webhook.post(json.dumps(value).encode())).status_code == 200
    await settle()

    parked = await ParkedItem.find().to_list()
    assert len({one.event_id for one in parked}) == len(SHAPES)
    assert ParkedReason.INTERNAL_ERROR not in {one.reason for one in parked}
    assert await Message.count() == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a lone surrogate", r"\ud83d!"),
        ("a surrogate in upper case", r"\uD83D!"),
        ("NUL", r"\u0000"),
        ("an operator", r"$where"),
        ("a line break", r"a\r\nERROR forged"),
    ],
)
async def test_unusual_characters_in_text_are_stored(
    webhook: WebhookClient, account: Account, settle: Settle, name: str, text: str
) -> None:
    body = VALID_TEXT.replace("Hello", text).encode()

    assert (await webhook.post(body)).status_code == 200
    await settle()

    message = await Message.find_one()
    assert message is not None, name
    expected = text.encode().decode("unicode_escape").encode("utf-16-le", "surrogatepass")
    assert message.text == expected.decode("utf-16-le", "replace")


EXTRAS = [
    r'"a\u0000b": 1',
    r'"$set": {"a.b": {"$where": 1}}',
    '"big": 9223372036854775808',
    '"huge": ' + "9" * 5000,
    '"float": 1e999',
    '"type": "text", "type": "text"',
    r'"\ud800": "\udc00"',
    '"deep": ' + '{"a":' * 80 + "1" + "}" * 80,
    '"referral": {"a\\u0000b": 1, "$x": {"y.z": 2}, "n": 18446744073709551616}',
    '"context": {"id": null, "forwarded": null, "from": 5}',
    '"group_id": ""',
    '"errors": []',
]


async def test_unexpected_fields_are_ignored(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    for extra in EXTRAS:
        text = json.dumps(make_body(NUMBER, make_change(NUMBER, messages=[make_message()])))
        body = text.replace('"type": "text"', f'"type": "text", {extra}').encode()
        assert (await webhook.post(body)).status_code == 200
    await settle()

    messages = await Message.find().to_list()
    assert [message.text for message in messages] == ["Hello"] * len(EXTRAS)
    assert await ParkedItem.count() == 0


KEYS = ("id", "timestamp", "from", "type", "text", "status", "errors")
ODD_VALUES = ("null", "{}", "[]", "true", '"$a"', "-1", "1e400", r'"\u0000"')


@pytest.mark.parametrize("kind", ["messages", "statuses"])
async def test_any_json_is_applied_or_parked(
    webhook: WebhookClient, account: Account, settle: Settle, kind: str
) -> None:
    for key, odd in itertools.product(KEYS, ODD_VALUES):
        item = make_message() | {"status": "sent", "recipient_id": "16505551234", key: "ODD"}
        text = json.dumps(make_body(NUMBER, make_change(NUMBER, **{kind: [item]})))
        answer = await webhook.post(text.replace('"ODD"', odd).encode())
        assert answer.status_code == 200
    await settle()

    outcomes = [await one.count() for one in (Message, ParkedItem, PendingUpdate)]
    assert sum(outcomes) == len(KEYS) * len(ODD_VALUES)
    assert not await ParkedItem.find({"reason": "INTERNAL_ERROR"}).count()


async def test_body_size_limit_is_exact(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    room = MAX_BODY_BYTES - len(VALID_TEXT)
    largest = VALID_TEXT.replace("Hello", "Hello" + "x" * room).encode()

    assert len(largest) == MAX_BODY_BYTES
    assert (await webhook.post(largest)).status_code == 200
    assert (await webhook.post(largest + b" ")).status_code == 413


async def post_raw(client: httpx.AsyncClient, chunks: Any, **headers: str) -> int:
    signed = {"X-Hub-Signature-256": sign_body(b"")} | headers
    return (await client.post("/webhooks/whatsapp", content=chunks, headers=signed)).status_code


async def test_endless_body_is_refused_early(client: httpx.AsyncClient, account: Account) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100_000_000:
            sent += 65_536
            yield b"x" * 65_536

    assert await post_raw(client, flood()) == 413


@pytest.mark.parametrize("length", ["100000000", "9" * 400])
async def test_announced_size_beyond_limit_is_refused_unread(
    client: httpx.AsyncClient, account: Account, length: str
) -> None:
    assert await post_raw(client, b"x", **{"Content-Length": length}) == 413


@pytest.mark.parametrize("length", ["-5", "x", "0"])
async def test_announced_size_that_lies_decides_nothing(
    client: httpx.AsyncClient, account: Account, length: str
) -> None:
    assert await post_raw(client, b"x" * 10, **{"Content-Length": length}) == 403


@with_timeouts(webhook_body_seconds=0.2)
async def test_slow_body_is_aborted(client: httpx.AsyncClient, account: Account) -> None:

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(0.05)
            yield b"x"

    assert await post_raw(client, drip()) == 408

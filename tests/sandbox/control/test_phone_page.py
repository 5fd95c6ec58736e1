"""The phone page: its data and its event stream."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.control.phone_page import STATIC
from tests.sandbox.meta_kit import BAKERY, SHOP, Receiver, send, text_to

ANA = "15550001111"


async def read_events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("path", ["/", "/demo"])
async def test_page_and_its_parts_come_from_here_alone(api: httpx.AsyncClient, path: str) -> None:
    page = await api.get(path)
    parts = re.findall(r'(?:href|src)="(static/[^"]+)"', page.text)

    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert len(parts) >= 3
    for part in parts:
        assert (await api.get(f"/{part}")).status_code == 200
    for file in [path for path in STATIC.rglob("*") if path.is_file()]:
        hosts = re.findall(r"https?://([\w.-]+)", file.read_text())
        assert set(hosts) <= {"www.w3.org"}, file.name


async def test_every_control_has_label(api: httpx.AsyncClient, subtests: pytest.Subtests) -> None:
    page = (await api.get("/")).text

    for tag in re.findall(r"<(?:input|select)[^>]*>", page):
        with subtests.test(tag=tag):
            identifier = re.search(r'id="([\w-]+)"', tag)
            assert identifier is not None
            assert f'for="{identifier[1]}"' in page or "aria-label=" in tag
    for icon_button in re.findall(r"<button[^>]*>\s*<svg", page):
        assert "aria-label=" in icon_button


async def test_numbers_are_listed_without_their_secrets(api: httpx.AsyncClient) -> None:
    answer = await api.get("/sandbox/numbers")

    ids = [each["phone_number_id"] for each in answer.json()["numbers"]]
    assert ids == [SHOP.phone_number_id, BAKERY.phone_number_id]
    assert "secret" not in answer.text
    assert "token" not in answer.text


async def test_conversation_shows_both_sides_with_status_and_reactions(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    await api.post("/sandbox/inbound", json={"from": ANA, "name": "Ana", "text": "Hi"})
    wamid = (await send(api, text_to(ANA, "Hello"))).json()["messages"][0]["id"]
    reaction = {"message_id": wamid, "emoji": "🙏"}
    await send(
        api, text_to(ANA) | {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
    )
    await api.post("/sandbox/reaction", json={"from": ANA, **reaction})
    await meta.webhooks.drain()

    (shown,) = (await api.get("/sandbox/conversations")).json()["conversations"]

    inbound, outbound = shown["messages"]
    assert shown["customer"]["name"] == "Ana"
    assert (inbound["from_customer"], inbound["content"]) == (True, {"body": "Hi"})
    assert (outbound["status"], outbound["content"]["body"]) == ("read", "Hello")
    assert outbound["reactions"] == {"business": "👍", "customer": "🙏"}


async def test_conversations_are_bounded_least_used_go_first(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    meta.settings.kept_conversations, meta.settings.kept_messages = 2, 3
    for phone in (ANA, "15550002222", "15550003333"):
        for text in "abcd":
            await api.post("/sandbox/inbound", json={"from": phone, "text": text})

    shown = (await api.get("/sandbox/conversations")).json()["conversations"]

    assert [each["customer"]["phone"] for each in shown] == ["15550002222", "15550003333"]
    assert [message["content"]["body"] for message in shown[0]["messages"]] == ["b", "c", "d"]


async def test_stream_shows_sends_and_all_statuses(socket_api: httpx.AsyncClient) -> None:
    async with socket_api.stream("GET", "/sandbox/stream") as stream:
        await send(socket_api, text_to(ANA, "Hello"))
        statuses = []
        async for event in read_events(stream):
            assert event["conversation"]["customer"]["phone"] == ANA
            statuses.append(event["message"]["status"])
            if statuses[-1] == "read":
                break

    assert statuses == ["accepted", "sent", "delivered", "read"]


async def test_customer_added_by_hand_is_remembered(api: httpx.AsyncClient) -> None:
    added = await api.post("/sandbox/customers", json={"from": f"+{ANA}", "name": "Ana"})
    wrong = await api.post("/sandbox/customers", json={"from": "x", "name": "Ana"})

    (shown,) = (await api.get("/sandbox/conversations")).json()["conversations"]
    assert (added.status_code, shown["id"]) == (201, added.json()["id"])
    assert (shown["customer"]["name"], shown["messages"]) == ("Ana", [])
    assert wrong.status_code == 400


async def test_uploaded_photo_never_runs_as_page(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.post(
        "/sandbox/media",
        data={"phone_number_id": SHOP.phone_number_id},
        files={"file": ("a.svg", b"<svg/>", "image/svg+xml")},
    )
    shown = await api.get(f"/sandbox/media/{answer.json()['id']}")

    assert shown.content == b"<svg/>"
    assert shown.headers["content-security-policy"] == "sandbox"
    assert (await api.get("/sandbox/media/404")).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "part", "place"),
    [
        ("bytes=2-4", b"cde", "bytes 2-4/8"),
        ("bytes=6-", b"gh", "bytes 6-7/8"),
        ("bytes=-3", b"fgh", "bytes 5-7/8"),
        ("bytes=0-99", b"abcdefgh", "bytes 0-7/8"),
        ("bytes=9-", b"", "bytes */8"),
        ("bytes=-", b"abcdefgh", None),
        (None, b"abcdefgh", None),
    ],
)
async def test_part_of_file_is_sent(
    api: httpx.AsyncClient, wanted: str | None, part: bytes, place: str | None
) -> None:
    upload = await api.post(
        "/sandbox/media",
        data={"phone_number_id": SHOP.phone_number_id},
        files={"file": ("a.ogg", b"abcdefgh", "audio/ogg")},
    )
    headers = {"Range": wanted} if wanted else {}

    answer = await api.get(f"/sandbox/media/{upload.json()['id']}", headers=headers)

    statuses = {None: 200, "bytes */8": 416}
    assert (answer.content, answer.headers.get("content-range")) == (part, place)
    assert answer.status_code == statuses.get(place, 206)


@pytest.mark.parametrize("fields", [{"phone_number_id": "404"}, {}])
async def test_photo_without_file_or_number_is_refused(
    api: httpx.AsyncClient, fields: dict[str, str]
) -> None:
    files = {"file": ("a.png", b"x", "image/png")} if fields else {"other": ("a", b"x")}

    answer = await api.post("/sandbox/media", data=fields, files=files)

    assert answer.status_code == 400


async def test_settings_are_shown_and_changed_while_it_runs(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    changed = await api.patch("/sandbox/settings", json={"read_delay": 7})
    wrong = await api.patch("/sandbox/settings", json={"read_delay": "soon"})
    unknown = await api.patch("/sandbox/settings", json={"colour": 1})

    assert (changed.json()["read_delay"], meta.settings.read_delay) == (7, 7)
    assert (wrong.status_code, unknown.status_code) == (400, 400)


async def test_reset_forgets_everything(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    await api.post("/sandbox/faults", json={"kind": "throttle", "to": "15550009999"})
    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})

    await api.post("/sandbox/reset")

    assert (meta.faults.rules, meta.customers.list_conversations()) == ([], [])
    assert (list(meta.requests.requests), list(meta.webhooks.log)) == ([], [])


async def test_customer_edits_and_deletes_on_phone(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    wamids = [
        (await api.post("/sandbox/inbound", json={"from": ANA, "text": text})).json()["wamid"]
        for text in ("helo", "oops")
    ]
    edit = {
        "original_message_id": wamids[0],
        "message": {"type": "text", "text": {"body": "hello"}},
    }
    revoke = {"original_message_id": wamids[1]}

    await api.post("/sandbox/inbound", json={"from": ANA, "type": "edit", "edit": edit})
    await api.post("/sandbox/inbound", json={"from": ANA, "type": "revoke", "revoke": revoke})

    (conversation,) = meta.customers.list_conversations()
    first, second = conversation.messages.values()
    assert (first.content, first.is_edited) == ({"body": "hello"}, True)
    assert (second.content, second.is_deleted) == (None, True)


async def test_app_message_is_shown_and_reported_as_read(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    echo = {"to": ANA, "type": "text", "text": "From the shop", "timestamp": 1_750_000_000}

    wamid = (await api.post("/sandbox/echo", json=echo)).json()["wamid"]
    wrong = await api.post("/sandbox/echo", json={"to": "x", "text": "From the shop"})
    await meta.webhooks.drain()

    (conversation,) = meta.customers.list_conversations()
    (message,) = conversation.messages.values()
    (reported,) = receiver.list_items("message_echoes")
    assert (message.from_customer, message.status) == (False, "read")
    assert (reported["id"], reported["to"], reported["text"]) == (
        wamid,
        ANA,
        {"body": "From the shop"},
    )
    statuses = [(each["status"], each["timestamp"]) for each in receiver.statuses]
    assert statuses == [("delivered", "1750000000"), ("read", "1750000000")]
    assert wrong.status_code == 400


@pytest.mark.parametrize("inbox_url", [None, "http://127.0.0.1:8000"])
async def test_demo_frames_inbox_of_its_server_alone(
    api: httpx.AsyncClient, meta: FakeMeta, inbox_url: str | None
) -> None:
    meta.settings.inbox_url = inbox_url

    policy = (await api.get("/demo")).headers["content-security-policy"]

    assert policy.endswith(f"frame-src 'self' {inbox_url}") is (inbox_url is not None)

"""POST /{phone_number_id}/messages: accepted messages and their statuses."""

import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.identifiers import make_user_id
from tests.sandbox.meta_kit import BAKERY, SHOP, Receiver, send, text_to

ANA = "15550001111"


async def test_accepted_text_gets_metas_answer(api: httpx.AsyncClient) -> None:
    answer = await send(api, text_to(f"+{ANA}"))

    body = answer.json()
    wamid = body["messages"][0]["id"]
    assert answer.status_code == 200
    assert body == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{ANA}", "wa_id": ANA}],
        "messages": [{"id": wamid}],
    }
    assert wamid.startswith("wamid.HBgL")


async def test_statuses_come_in_order_with_callback_data(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    answer = await send(api, text_to(ANA, biz_opaque_callback_data="our-id"))
    await meta.webhooks.drain()

    assert receiver.status_names == ["sent", "delivered", "read"]
    assert {status["id"] for status in receiver.statuses} == {answer.json()["messages"][0]["id"]}
    assert {status["biz_opaque_callback_data"] for status in receiver.statuses} == {"our-id"}
    user_id = make_user_id(ANA, business_account_id=SHOP.business_account_id)
    for status in receiver.statuses:
        assert (status["recipient_id"], status["recipient_user_id"]) == (ANA, user_id)


async def test_pricing_is_on_sent_and_delivered_only(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    sent, delivered, read = receiver.statuses
    assert sent["pricing"] == {
        "billable": False,
        "pricing_model": "PMP",
        "type": "free_customer_service",
        "category": "service",
    }
    assert "pricing" in delivered
    assert "pricing" not in read
    assert "conversation" not in sent


async def test_versions_before_24_have_conversation_object(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await api.post(f"/v23.0/{SHOP.phone_number_id}/messages", json=text_to(ANA))
    await meta.webhooks.drain()

    assert receiver.statuses[0]["conversation"]["origin"] == {"type": "service"}
    assert int(receiver.statuses[0]["conversation"]["expiration_timestamp"]) > time.time()


async def test_user_id_recipient_has_no_wa_id(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    user_id = "US.13491208655302741918"
    body = text_to("") | {"recipient": user_id}
    del body["to"]

    answer = await send(api, body)
    await meta.webhooks.drain()

    assert answer.json()["contacts"] == [{"input": user_id, "user_id": user_id}]
    assert len(receiver.statuses) == 3
    for status in receiver.statuses:
        assert status["recipient_user_id"] == user_id
        assert "recipient_id" not in status


async def test_to_wins_over_recipient(api: httpx.AsyncClient) -> None:
    answer = await send(api, text_to(ANA, recipient="US.13491208655302741918"))

    assert answer.json()["contacts"] == [{"input": ANA, "wa_id": ANA}]


async def test_user_id_in_to_is_dropped(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    answer = await send(api, text_to("US.13491208655302741918"))
    await meta.webhooks.drain()

    assert answer.status_code == 200
    assert receiver.bodies == []


@pytest.mark.parametrize(
    ("dialled", "wa_id"),
    [
        ("5531998765432", "553198765432"),
        ("5511998765432", "5511998765432"),
        ("525512345678", "5215512345678"),
        ("541123456789", "5491123456789"),
        ("447700900123", "447700900123"),
    ],
)
async def test_wa_id_may_differ_from_number_dialled(
    api: httpx.AsyncClient, meta: FakeMeta, dialled: str, wa_id: str
) -> None:
    answer = await send(api, text_to(dialled))
    meta.settings.canonical_wa_ids = False
    meta.customers.clear()
    plain = await send(api, text_to(dialled))

    assert answer.json()["contacts"] == [{"input": dialled, "wa_id": wa_id}]
    assert plain.json()["contacts"] == [{"input": dialled, "wa_id": dialled}]


async def test_failed_status_leaves_out_callback_data_and_contacts(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await api.post("/sandbox/faults", json={"kind": "status_failed", "code": 131026})

    await send(api, text_to(ANA, biz_opaque_callback_data="our-id"))
    await meta.webhooks.drain()

    (failed,) = receiver.statuses
    assert failed["status"] == "failed"
    assert failed["errors"][0]["code"] == 131026
    assert set(failed["errors"][0]) == {"code", "title", "message", "error_data", "href"}
    assert "biz_opaque_callback_data" not in failed
    assert "recipient_user_id" not in failed
    assert "contacts" not in receiver.bodies[0]["entry"][0]["changes"][0]["value"]


async def test_closed_window_fails_by_webhook(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    two_days_ago = int(time.time()) - 2 * 24 * 3600
    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi", "timestamp": two_days_ago})

    answer = await send(api, text_to(ANA))
    await meta.webhooks.drain()

    assert answer.status_code == 200
    assert [(s["status"], s["errors"][0]["code"]) for s in receiver.statuses] == [
        ("failed", 131047)
    ]


async def test_template_goes_out_when_window_is_closed(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    meta.settings.strangers_have_open_window = False
    template = {"name": "hello_world", "language": {"code": "en_US"}}
    body = {"messaging_product": "whatsapp", "to": ANA, "type": "template", "template": template}

    answer = await send(api, body)
    await send(api, text_to("447700900123"))
    await meta.webhooks.drain()

    assert answer.json()["messages"][0]["message_status"] == "accepted"
    to_ana = [s for s in receiver.statuses if s["recipient_id"] == ANA]
    assert [s["status"] for s in to_ana] == ["sent", "delivered", "read"]
    assert to_ana[0]["pricing"]["category"] == "utility"
    assert [s["status"] for s in receiver.statuses if s["recipient_id"] != ANA] == ["failed"]


async def test_without_read_receipts_delivered_is_last(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await api.post("/sandbox/customers", json={"from": ANA, "read_receipts": False})

    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    assert receiver.status_names == ["sent", "delivered"]


async def test_read_and_typing_show_on_phone(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    inbound = await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
    mark: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": inbound.json()["wamid"],
    }

    read = await send(api, mark)
    typing = await send(api, mark | {"typing_indicator": {"type": "text"}})

    assert (read.json(), typing.json()) == ({"success": True}, {"success": True})
    (conversation,) = meta.customers.list_conversations()
    assert [message.is_read for message in conversation.messages.values()] == [True]
    assert conversation.typing_until > time.time()
    assert meta.requests.list_sends() == []


async def test_throughput_and_pair_limits_hold_where_switched_on(
    api: httpx.AsyncClient, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta.settings.pair_burst, meta.settings.pair_interval = 2, 600.0
    same = [(await send(api, text_to(ANA))).status_code for _ in range(3)]
    meta.settings.messages_per_second = 5
    # Freezes the throttle's clock, for slow machines.
    now = time.monotonic() + 60
    monkeypatch.setattr(
        "sandbox.cloud_api.rate_limits.time", SimpleNamespace(monotonic=lambda: now)
    )
    others = [await send(api, text_to(f"1555000222{index}")) for index in range(6)]

    assert same == [200, 200, 429]
    assert [answer.status_code for answer in others] == [200] * 5 + [429]
    assert others[-1].json()["error"]["code"] == 130429


async def test_accepted_messages_are_counted_by_our_data(api: httpx.AsyncClient) -> None:
    for data in ("a", "a", "b"):
        await send(api, text_to(ANA, biz_opaque_callback_data=data))
    await send(api, text_to("", biz_opaque_callback_data="refused"))

    seen = (await api.get("/sandbox/requests")).json()
    of_b = (await api.get("/sandbox/requests?biz_opaque_callback_data=b")).json()
    of_other = (await api.get(f"/sandbox/requests?phone_number_id={BAKERY.phone_number_id}")).json()

    assert seen["accepted"] == {"a": 2, "b": 1}
    assert (seen["count"], of_b["count"], of_other["count"]) == (4, 1, 0)


async def test_logged_requests_show_only_end_of_token(api: httpx.AsyncClient) -> None:
    await send(api, text_to(ANA, "Hello"))

    shown = await api.get("/sandbox/requests")
    (request,) = shown.json()["requests"]
    await api.delete("/sandbox/requests")

    assert request["headers"]["authorization"] == "Bearer …oken"
    assert SHOP.access_token not in shown.text
    assert (request["status"], request["body"]["text"]) == (200, {"body": "Hello"})
    assert (await api.get("/sandbox/requests")).json()["count"] == 0

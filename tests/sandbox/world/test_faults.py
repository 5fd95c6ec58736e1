"""Fault rules: matching, and effects on answers and webhooks."""

from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from tests.sandbox.meta_kit import BAKERY, SHOP, Receiver, send, text_to

ANA, BEN = "15550001111", "15550002222"


async def add_fault(client: httpx.AsyncClient, **rule: Any) -> None:
    answer = await client.post("/sandbox/faults", json=rule)
    assert answer.status_code == 201, answer.text


async def test_error_is_given_once_and_nothing_is_accepted(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    await add_fault(api, kind="error", code=131056, retry_after=6)

    refused = await send(api, text_to(ANA))
    accepted = await send(api, text_to(ANA))

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    assert refused.json()["error"]["code"] == 131056
    assert accepted.status_code == 200
    assert len(meta.requests.list_sends()) == 1


async def test_error_may_have_any_status_subcode_and_words(api: httpx.AsyncClient) -> None:
    await add_fault(
        api, kind="error", code=190, subcode=463, http_status=400, message="Expired", details="x"
    )

    answer = await send(api, text_to(ANA))

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["error_subcode"], error["message"]) == (190, 463, "Expired")
    assert error["error_data"]["details"] == "x"


async def test_throttle_is_130429_by_default(api: httpx.AsyncClient) -> None:
    await add_fault(api, kind="throttle", times=2)

    codes = [(await send(api, text_to(ANA))).status_code for _ in range(3)]

    assert codes == [429, 429, 200]


@pytest.mark.parametrize(
    "matcher",
    [{"to": f"+{ANA}"}, {"text": "boom"}, {"phone_number_id": SHOP.phone_number_id, "to": ANA}],
)
async def test_rule_hits_only_matching_requests(
    api: httpx.AsyncClient, matcher: dict[str, Any]
) -> None:
    await add_fault(api, kind="error", code=1, times=None, **matcher)

    hit = await send(api, text_to(ANA, "a boom b"))
    missed = await send(api, text_to(BEN, "quiet"))

    assert (hit.status_code, missed.status_code) == (400, 200)


async def test_rules_are_listed_with_their_hits_and_deleted(api: httpx.AsyncClient) -> None:
    rules = [{"kind": "html", "times": None}, {"kind": "throttle", "to": BEN}]
    await api.post("/sandbox/faults", json={"rules": rules})
    await send(api, text_to(ANA))

    listed = (await api.get("/sandbox/faults")).json()["rules"]
    await api.delete("/sandbox/faults")

    assert [(rule["kind"], rule["hits"]) for rule in listed] == [("html", 1), ("throttle", 0)]
    assert (await send(api, text_to(ANA))).status_code == 200


@pytest.mark.parametrize(
    ("rule", "reason"),
    [({"kind": "magic"}, "kind"), ({"kind": "error", "cod": 1}, "cod"), ({}, "kind")],
)
async def test_wrong_rule_is_explained(
    api: httpx.AsyncClient, rule: dict[str, Any], reason: str
) -> None:
    answer = await api.post("/sandbox/faults", json=rule)

    assert answer.status_code == 400
    assert reason in answer.json()["error"]


async def test_html_redirect_truncated_and_huge_answers(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    await api.post(
        "/sandbox/faults",
        json=[
            {"kind": "html", "http_status": 500},
            {"kind": "redirect"},
            {"kind": "truncated"},
            {"kind": "huge", "megabytes": 2},
        ],
    )

    html, redirect, truncated, huge = [await send(api, text_to(ANA)) for _ in range(4)]

    assert (html.status_code, html.headers["content-type"][:9]) == (500, "text/html")
    assert (redirect.status_code, redirect.headers["location"]) == (302, "/sandbox/redirected")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        truncated.json()
    assert len(huge.content) > 2 * 1024 * 1024
    assert "messages" in huge.json()
    assert len(meta.requests.list_sends()) == 2


async def test_followed_redirect_is_seen(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    await add_fault(api, kind="redirect")

    await api.post(
        f"/v25.0/{SHOP.phone_number_id}/messages", json=text_to(ANA), follow_redirects=True
    )

    assert [request.endpoint for request in meta.requests.requests] == ["messages", "redirected"]


async def test_error_after_all_may_have_been_accepted(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="html", accept=True)

    answer = await send(api, text_to(ANA, biz_opaque_callback_data="x"))
    await meta.webhooks.drain()

    assert answer.status_code == 502
    assert meta.requests.accepted_counts == {"x": 1}
    assert receiver.status_names == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout", httpx.ReadTimeout),
        ("reset_before", httpx.ReadError),
        ("reset_after", httpx.ReadError),
        ("cut", httpx.RemoteProtocolError),
    ],
)
async def test_in_process_broken_connection_is_clients_error(
    api: httpx.AsyncClient, kind: str, error: type[Exception]
) -> None:
    await add_fault(api, kind=kind, seconds=0.01)

    with pytest.raises(error):
        await send(api, text_to(ANA))


async def test_rule_breaks_any_endpoint(api: httpx.AsyncClient) -> None:
    await add_fault(api, kind="error", code=4, endpoint="node")

    broken = await api.get(f"/v25.0/{SHOP.phone_number_id}")
    message = await send(api, text_to(ANA))

    assert (broken.json()["error"]["code"], message.status_code) == (4, 200)


async def test_statuses_may_come_before_answer(api: httpx.AsyncClient, receiver: Receiver) -> None:
    await add_fault(api, kind="status_before_answer")

    await send(api, text_to(ANA))

    assert receiver.status_names == ["sent", "delivered", "read"]


async def test_statuses_come_in_given_order(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="shuffle_statuses", statuses=["read", "sent", "delivered"])

    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    times = {status["status"]: int(status["timestamp"]) for status in receiver.statuses}
    assert receiver.status_names == ["read", "sent", "delivered"]
    assert times["sent"] < times["delivered"] < times["read"]


async def test_statuses_shuffle_at_random_and_all_come(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="shuffle_statuses")

    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    assert sorted(receiver.status_names) == ["delivered", "read", "sent"]


async def test_message_may_fail_late_or_stay_silent(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="status_failed", code=131049, statuses=["sent"])
    await add_fault(api, kind="no_statuses", to=BEN)

    await send(api, text_to(ANA))
    await send(api, text_to(BEN))
    await meta.webhooks.drain()

    assert receiver.status_names == ["sent", "failed"]
    assert receiver.statuses[1]["errors"][0]["code"] == 131049


@pytest.mark.parametrize("together", [False, True])
async def test_each_webhook_may_come_again(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver, together: bool
) -> None:
    await add_fault(api, kind="duplicate_webhooks", copies=2, together=together)

    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
    await meta.webhooks.drain()

    assert len(receiver.raw_bodies) == 3
    assert len(set(receiver.raw_bodies)) == 1


async def test_batch_collects_statuses_and_messages_into_one_webhook(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="batch", entries=2, changes=2, items=2, seconds=600)
    await add_fault(api, kind="no_statuses", phone_number_id=BAKERY.phone_number_id)
    meta.settings.inbound_wait = 0.001

    for to in (ANA, BEN):
        await send(api, text_to(to))
    for _ in range(2):
        held = await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
        assert held.json()["webhook_status"] is None
    await meta.webhooks.drain()

    (body,) = receiver.bodies
    assert [len(entry["changes"]) for entry in body["entry"]] == [2, 2]
    assert len(receiver.statuses) + len(receiver.messages) == 8


async def test_incomplete_batch_is_posted_in_time(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    await add_fault(api, kind="batch", items=100)

    await send(api, text_to(ANA))
    await meta.webhooks.drain()

    assert receiver.status_names[0] == "sent"

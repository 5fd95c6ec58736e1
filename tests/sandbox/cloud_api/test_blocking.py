"""Blocked users: POST, DELETE and GET of block_users."""

from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from tests.sandbox.meta_kit import SHOP, send, text_to

BLOCKED = f"/v25.0/{SHOP.phone_number_id}/block_users"
ANA, BEN = "15550001111", "15550002222"


def name(*users: str) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "block_users": [{"user": user} for user in users]}


async def test_only_recent_customers_are_blocked(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})

    mixed = await api.post(BLOCKED, json=name(f"+{ANA}", BEN))
    listed = (await api.get(BLOCKED)).json()["data"]

    body = mixed.json()
    (added,), (failed,) = body["block_users"]["added_users"], body["block_users"]["failed_users"]
    assert (mixed.status_code, body["error"]["code"]) == (400, 139100)
    assert (added["input"], added["wa_id"]) == (f"+{ANA}", ANA)
    assert (failed["input"], failed["errors"][0]["code"]) == (BEN, 131047)
    assert [one["wa_id"] for one in listed] == [ANA]


async def test_blocked_customer_neither_hears_nor_is_heard(api: httpx.AsyncClient) -> None:
    await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hi"})
    await api.post(BLOCKED, json=name(ANA))

    unsent = await send(api, text_to(ANA))
    unheard = await api.post("/sandbox/inbound", json={"from": ANA, "text": "Hello?"})
    freed = await api.request("DELETE", BLOCKED, json=name(ANA))
    sent = await send(api, text_to(ANA))

    assert unsent.json()["error"]["code"] == 131026
    assert unheard.status_code == 400
    assert freed.json()["block_users"]["removed_users"][0]["wa_id"] == ANA
    assert sent.status_code == 200


async def test_body_without_users_is_refused(
    api: httpx.AsyncClient, subtests: pytest.Subtests
) -> None:
    for body in (name(), {"messaging_product": "whatsapp"}, {"block_users": [{"user": ANA}]}):
        with subtests.test(body=body):
            assert (await api.post(BLOCKED, json=body)).json()["error"]["code"] == 100

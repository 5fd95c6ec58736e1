"""An erasure that is killed at any step is completed when it is asked for again."""

from datetime import timedelta
from typing import Any

import pytest
from beanie import Document, PydanticObjectId
from pymongo.errors import AutoReconnect
from strawberry import relay

from models import Contact, Erasure, EventState, Message, ParkedItem, WebhookEvent
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from sandbox.webhooks.webhook_bodies import encode_like_meta
from tests.fixtures.webhooks import make_body, make_change
from tests.fixtures.world import NUMBER
from tests.whatsapp.privacy.erasure_world import DELETE, GONE, KEPT, ErasureWorld
from tests.whatsapp.privacy.test_erasure import check_nothing_left, read_kept
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import ABANDONED, finish_erasures

MODULES = (
    "models.database.bulk_writes",
    "whatsapp.common.erased_people",
    "whatsapp.contacts.contact_management",
    "whatsapp.contacts.user_linking",
    "whatsapp.contacts.users",
    "whatsapp.conversations.conversations",
    "whatsapp.media.media",
    "whatsapp.messages.removal",
    "whatsapp.privacy.erasures",
    "whatsapp.privacy.people_index",
    "whatsapp.privacy.traces",
)


async def test_erasure_killed_at_each_step_is_completed(
    erasure_world: ErasureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await read_kept()
    left = steps = 0

    def reach_or_end(document_class: type[Document]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise AutoReconnect("the process ends here")
        return collection(document_class)

    answer: dict[str, Any] = {"errors": True}
    while "errors" in answer:
        left, steps = steps, steps + 1
        with monkeypatch.context() as patch:
            for module in MODULES:
                patch.setattr(f"{module}.collection", reach_or_end)
            answer = await erasure_world.admin.post(DELETE, id=erasure_world.contact_id)

    assert answer["data"]["done"]["userErrors"] == []
    assert steps > 30
    await check_nothing_left(erasure_world)
    left_over = await read_kept()
    for found in (kept, left_over):
        for message in found["Message"]:
            del message["reactions"]
    assert left_over == kept


async def test_webhook_of_hung_process_is_applied_first(
    erasure_world: ErasureWorld,
) -> None:
    await erasure_world.enable()
    await erasure_world.settle()
    late = erasure_world.kept.message("text", {"body": f"{KEPT} late"})
    change = make_change(NUMBER, messages=[erasure_world.gone.message(), late])
    body = encode_like_meta(make_body(NUMBER, change))
    # Held by a process that hangs, until its lease ends.
    later = utc_now() + timedelta(hours=1)
    [event] = await collection(WebhookEvent).find({"body": erasure_world.bodies[1]}).to_list()
    held = {"state": EventState.RECEIVED.value, "lease_until": later, "processed_at": None}
    changes = {"body": body, **held}
    await collection(WebhookEvent).insert_one({**event, "_id": "held", **changes})

    assert (await erasure_world.erase())["userErrors"] == []

    assert await Contact.count() == 1
    assert await Erasure.count() == 1
    await collection(WebhookEvent).update_one({"_id": "held"}, {"$set": {"lease_until": utc_now()}})
    await erasure_world.settle()
    await Erasure.find_all().update({"$set": {"requested_at": utc_now() - 2 * ABANDONED}})
    await finish_erasures(ErasureLog(None))
    await check_nothing_left(erasure_world)
    assert await Erasure.count() == 0
    assert await Message.find_one({"text": f"{KEPT} late"}) is not None


async def test_delayed_erasure_keeps_later_reports(erasure_world: ErasureWorld) -> None:
    await erasure_world.enable()
    await erasure_world.settle()
    await erasure_world.erase()
    erased_at = utc_now() - timedelta(hours=1)
    contact_id = PydanticObjectId(relay.from_base64(erasure_world.contact_id)[1])
    gone = {"_id": contact_id, "account_id": erasure_world.account.id}
    identity = {"kind": "wa_id", "value": erasure_world.gone.phone}
    contact = {**gone, "identities": [identity], "marketing_opt_out": True}
    later = int(utc_now().timestamp()) + 60
    await erasure_world.post_items(messages=[erasure_world.gone.message(at=later)])
    invalid = {**erasure_world.gone.message(at=later), "id": None}
    await erasure_world.post_items(messages=[invalid])
    await erasure_world.settle()
    parked = await ParkedItem.find({"item": {"$regex": GONE}}).count()

    # The erasure of an hour ago, continued now.
    erasure = Erasure(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=contact_id,
        contact=contact,
        conversation_ids=[],
        requested_at=erased_at,
    )
    await erasure.insert()
    await finish_erasures(ErasureLog(None))

    assert await Erasure.count() == 0
    assert await ParkedItem.find({"item": {"$regex": GONE}}).count() == parked == 1
    assert await Message.find({"text": f"{GONE} text"}).count() == 1


async def test_failing_erasure_delays_no_other(erasure_world: ErasureWorld) -> None:
    contact_id = PydanticObjectId(relay.from_base64(erasure_world.contact_id)[1])
    contact = await collection(Contact).find_one({"_id": contact_id})
    assert contact is not None
    requested_at = utc_now() - timedelta(hours=1)
    for key, fields in ((new_id(), {"unreadable": True}), (contact_id, contact)):
        erasure: dict[str, Any] = {
            "contact": fields,
            "conversation_ids": [],
            "requested_at": requested_at,
        }
        await collection(Erasure).insert_one({"_id": key, **erasure})
        requested_at += timedelta(seconds=1)

    await finish_erasures(ErasureLog(None))

    await check_nothing_left(erasure_world)
    assert await Erasure.count() == 1

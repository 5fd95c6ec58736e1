"""Raw bodies are emptied by age or erasure; their hashes still recognise repetitions."""

from datetime import timedelta

from models import Account, AccountEvent, ParkedItem, WebhookEvent
from models.database.base import collection, utc_now
from models.webhooks.webhook_event import BODY_KEPT
from tests.fixtures.webhooks import (
    CUSTOMER,
    WebhookClient,
    make_body,
    make_change,
    make_message,
)
from tests.fixtures.world import NUMBER
from tests.webhooks.conftest import Settle
from whatsapp.common.people import get_people_digests
from whatsapp.common.raw_bodies import empty_old_bodies
from whatsapp.privacy.people_index import index_people


async def test_old_body_is_emptied_and_still_recognised(
    door: WebhookClient, settle: Settle
) -> None:
    message = make_message()
    await door.post_messages(message)
    await settle()
    [event] = await WebhookEvent.find_all().to_list()
    assert event.processed_at is not None
    assert event.body_until == event.processed_at + BODY_KEPT
    assert await empty_old_bodies() == 0

    old = {"body_until": utc_now() - timedelta(seconds=1)}
    await WebhookEvent.find_all().update({"$set": old})
    assert await empty_old_bodies() == 1
    assert await empty_old_bodies() == 0
    await door.post_messages(message)
    await settle()

    [emptied] = await WebhookEvent.find_all().to_list()
    assert (emptied.id, emptied.body, emptied.body_until) == (event.id, b"", None)
    assert emptied.processed_at == event.processed_at


async def test_body_names_customers_without_message(door: WebhookClient, settle: Settle) -> None:
    contacts = [{"wa_id": phone, "profile": {"name": "Ana"}} for phone in (CUSTOMER, "16505550000")]
    change = make_change(NUMBER, messages=[make_message()], contacts=contacts)
    await door.post(make_body(NUMBER, change))
    await settle()

    [event] = await WebhookEvent.find_all().to_list()
    assert event.people is not None
    assert get_people_digests().digest("16505550000") in event.people


async def test_unprocessed_body_is_kept(connected: Account) -> None:
    event = WebhookEvent(
        id="waiting", body=b"{}", secret_digest="x", lease_until=utc_now(), body_until=utc_now()
    )
    await event.insert()

    assert await empty_old_bodies() == 0


async def test_documents_of_earlier_version_are_indexed(
    door: WebhookClient, settle: Settle
) -> None:
    await door.post_messages(make_message(), make_message(sender="16505550000"))
    await door.post_messages({**make_message(), "timestamp": None})
    await door.post(b'{"object": "nothing we know"}')
    await settle()
    await collection(AccountEvent).insert_one({"_id": "event", "raw": f'["{CUSTOMER}"]'})
    person = get_people_digests().digest(CUSTOMER)
    stored = {
        kind: await collection(kind).count_documents({"people": person})
        for kind in (WebhookEvent, ParkedItem)
    }
    assert stored == {WebhookEvent: 2, ParkedItem: 1}
    for kind in (WebhookEvent, ParkedItem):
        await collection(kind).update_many({}, {"$unset": {"people": "", "body_until": ""}})

    await index_people()

    assert await WebhookEvent.find({"body_until": None}).count() == 0
    for kind, count in {**stored, AccountEvent: 1}.items():
        assert await collection(kind).count_documents({"people": person}) == count, kind
        assert await collection(kind).count_documents({"people": None}) == 0, kind

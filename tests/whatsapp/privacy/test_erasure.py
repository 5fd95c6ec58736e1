"""Nothing of an erased customer is left in any collection, and nothing brings it back."""

from typing import Any

from models import (
    AccountEvent,
    Contact,
    Conversation,
    Erasure,
    Media,
    Message,
    Note,
    ParkedItem,
    PendingUpdate,
    WebhookEvent,
)
from models.database.base import collection
from tests.fixtures.templates import OFFER, send, wait_for_status
from tests.fixtures.waiting import eventually
from tests.whatsapp.privacy.erasure_world import GONE, KEPT, ErasureWorld
from whatsapp.cloud_api.error_codes import OPTED_OUT_CODE


async def read_kept() -> dict[str, Any]:
    """The other customer's documents, and what is left of shared ones."""
    contact = await Contact.find_one({"search_keys": {"$regex": f"^{KEPT}"}})
    assert contact is not None
    conversation = await Conversation.find_one({"contact_id": contact.id})
    assert conversation is not None
    found: dict[str, Any] = {"contact": await collection(Contact).find_one({"_id": contact.id})}
    of_conversation = {"conversation_id": conversation.id}
    for document_class in (Message, Media, Note):
        documents = collection(document_class).find(of_conversation).sort("_id")
        found[document_class.__name__] = await documents.to_list()
    pending = {"change.callback_data": KEPT}
    found["pending"] = await collection(PendingUpdate).find(pending).sort("_id").to_list()
    return found


async def is_nothing_left(world: ErasureWorld) -> bool:
    return await world.find_canaries(world.gone) == []


async def check_nothing_left(world: ErasureWorld) -> None:
    """Files are removed by a sweep; everything else is gone already."""
    places = await world.find_canaries(world.gone)
    files = {"media", "media.files", "media.chunks", "uploads"}
    assert [place for place in places if place.split()[0] not in files] == []
    await eventually(lambda: is_nothing_left(world))


async def test_erasure_leaves_no_trace(erasure_world: ErasureWorld) -> None:
    before = await erasure_world.find_canaries(erasure_world.gone)
    filled = {place.split()[0] for place in before}
    assert filled >= {
        "account_events",
        "contacts",
        "conversation_changes",
        "conversations",
        "media",
        "media.chunks",
        "messages",
        "notes",
        "parked_items",
        "pending_updates",
        "uploads",
        "users",
        "webhook_events",
    }
    kept = await read_kept()
    shared = await collection(AccountEvent).count_documents({"raw": {"$regex": KEPT}})
    parked = await collection(ParkedItem).count_documents({"item": {"$regex": KEPT}})

    assert (await erasure_world.erase())["userErrors"] == []

    await check_nothing_left(erasure_world)
    reactions = [message.pop("reactions") for message in kept["Message"]]
    left = await read_kept()
    assert [message.pop("reactions") for message in left["Message"]] != reactions
    assert left == kept
    assert await Erasure.count() == 0
    assert await collection(AccountEvent).count_documents({"raw": {"$regex": KEPT}}) == shared
    # One body could not be read, so it could not be divided.
    left_parked = await collection(ParkedItem).count_documents({"item": {"$regex": KEPT}})
    assert left_parked == parked - 1


async def test_repeated_webhooks_bring_nothing_back(erasure_world: ErasureWorld) -> None:
    await erasure_world.erase()
    await check_nothing_left(erasure_world)
    events = await WebhookEvent.count()
    kept = await Message.find({"text": {"$regex": KEPT}}).count()

    bodies = list(erasure_world.bodies)
    for body in bodies:  # the same bodies are known by their hashes
        await erasure_world.post(body)
    assert await WebhookEvent.count() == events
    await erasure_world.enable()  # replays the dead letters of the disabled account
    for body in bodies:  # other bodies with the same items
        await erasure_world.post(body.replace(b'{"object"', b' {"object"'))
    await erasure_world.settle()

    await check_nothing_left(erasure_world)
    assert await Contact.count() == 1
    assert await Message.find({"text": {"$regex": KEPT}}).count() > kept


async def test_new_message_creates_new_contact(erasure_world: ErasureWorld) -> None:
    await erasure_world.enable()
    await erasure_world.erase()
    old = erasure_world.bodies[0].replace(b'{"object"', b' {"object"')
    later = int(
        max(event.received_at for event in await WebhookEvent.find_all().to_list()).timestamp()
    )

    await erasure_world.post_items(messages=[erasure_world.gone.message(at=later + 60)])
    await erasure_world.post(old)
    await erasure_world.settle()

    contact = await Contact.find_one({"wa_id": erasure_world.gone.phone})
    assert contact is not None
    assert contact.marketing_opt_out
    assert (contact.name, contact.tags, contact.attributes) == (None, [], {})
    texts = [message.text for message in await Message.find({"contact_id": contact.id}).to_list()]
    assert texts == [f"{GONE} text"]


async def test_opt_out_outlives_erasure(erasure_world: ErasureWorld) -> None:
    await erasure_world.enable()
    await erasure_world.erase()
    sent = len(erasure_world.meta.requests.list_sends())

    payload = await send(
        erasure_world.admin,
        erasure_world.account,
        OFFER,
        to={"phoneNumber": erasure_world.gone.phone},
    )

    assert payload["userErrors"] == []
    await wait_for_status("FAILED")
    refused = {"errors.code": OPTED_OUT_CODE, "text": {"$regex": "Ana"}}
    assert await Message.find(refused).count() == 1
    assert len(erasure_world.meta.requests.list_sends()) == sent

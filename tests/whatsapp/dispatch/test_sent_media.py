"""Uploading a message's file to Meta again before the message is sent."""

from collections.abc import AsyncIterator

import httpx

from models import Conversation, Media, UploadedMedia
from models.database.base import collection, utc_now
from tests.fixtures.files import PNG
from tests.fixtures.outbox import OutboxWorld, get_message, make_uploads
from tests.fixtures.waiting import eventually
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.dispatch.sent_media import prepare_file
from whatsapp.media.media_store import MediaStores
from whatsapp.messages.lanes import Lease, claim_lanes, find_due, take_number, wake_lane


async def store_file(world: OutboxWorld) -> UploadedMedia:
    """An upload that Meta has forgotten."""
    upload = UploadedMedia(
        account_id=world.account.id,
        kind="image",
        mime_type="image/png",
        stated_type="image/png",
        size_bytes=len(PNG),
        sha256="00",
        store="gridfs",
        stored_as="a/1",
        media_id="1",
        media_id_expires_at=utc_now(),
    )

    async def read() -> AsyncIterator[bytes]:
        yield PNG

    database = collection(Media).database
    await MediaStores(database, url=None).current.put(upload.stored_as, read())
    await upload.insert()
    return upload


async def take_lane(conversation: Conversation) -> Lease:
    await take_number(conversation.account_id, conversation.id)
    await wake_lane(conversation.id)
    due = await find_due(except_accounts=[], limit=1)
    (lease,) = await claim_lanes(due, "a test", lease_seconds=1.0)
    return lease


async def test_slow_upload_keeps_its_lane(world: OutboxWorld, conversation: Conversation) -> None:
    upload, lease = await store_file(world), await take_lane(conversation)
    message = await world.receive(conversation, at=utc_now())
    sent = {"upload_id": upload.id, "type": "image", "content": {"id": "1"}}
    changes = {"$set": {**sent, "outbox_state": "READY"}}
    await message.get_pymongo_collection().update_one({"_id": message.id}, changes)
    begun = lease.started

    async def answer(_request: httpx.Request) -> httpx.Response:
        async def is_renewed() -> bool:
            return lease.started > begun

        await eventually(is_renewed)
        return httpx.Response(200, json={"id": "2"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        cloud_api = CloudAPI(http, settings=world.settings)
        uploads = make_uploads(world.settings, world.keyring, cloud_api)
        waiting = await get_message(message.id)
        assert not await prepare_file(waiting, world.account, lease, uploads)
        assert await prepare_file(waiting, world.account, lease, uploads)

    assert (await get_message(message.id)).content == {"id": "2"}
    found = await UploadedMedia.get(upload.id)
    assert found is not None
    assert (found.media_id, found.stored_as) == ("2", "a/1")

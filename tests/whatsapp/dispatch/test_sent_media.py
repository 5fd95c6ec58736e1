"""Uploading a message's file to Meta again before the message is sent."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx

from models import Conversation, Media, Member, Message, MessageStatus, OutboxState, UploadedMedia
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from tests.fixtures.files import PNG
from tests.fixtures.outbox import OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.media.media_store import MediaStores


class UploadsAfterRenewal(httpx.AsyncBaseTransport):
    """Uploads reach Meta when the lease of the process has been renewed meanwhile."""

    def __init__(self, inner: httpx.AsyncBaseTransport, message: Message) -> None:
        self._inner = inner
        self._message = message
        self.states: list[OutboxState | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/media"):
            begun = await read_lease_end()

            async def is_renewed() -> bool:
                return await read_lease_end() > begun

            await eventually(is_renewed)
            self.states.append((await get_message(self._message.id)).outbox_state)
        return await self._inner.handle_async_request(request)


async def read_lease_end() -> datetime:
    member = await Member.find_one()
    assert member is not None
    return member.leased_until


async def store_file(world: OutboxWorld) -> UploadedMedia:
    """An upload that Meta has forgotten."""
    upload = UploadedMedia(
        workspace_id=DEFAULT_WORKSPACE_ID,
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


async def test_slow_upload_is_sent_once(world: OutboxWorld, conversation: Conversation) -> None:
    """The message is not claimed before its file is at Meta."""
    upload, message = await store_file(world), await world.queue(conversation)
    file = {"upload_id": upload.id, "type": "image", "content": {"id": "1"}}
    await collection(Message).update_one({"_id": message.id}, {"$set": file})
    assert world.transport is not None
    transport = UploadsAfterRenewal(world.transport, message)

    # The lease is renewed every two thirds of a second.
    async with world.dispatching(
        transport=transport, member_lease_seconds=6.0, send_deadline_seconds=4.0
    ):
        sent = await world.wait_for(message, MessageStatus.ACCEPTED)

    [request] = world.meta.requests.list_sends()
    assert len(world.list_tries(message)) == 1
    renewed = await UploadedMedia.get(upload.id)
    assert renewed is not None
    assert renewed.media_id not in (None, "1")
    assert (request.body["image"]["id"], sent.content) == (
        renewed.media_id,
        {"id": renewed.media_id},
    )
    assert (transport.states, sent.attempts) == ([OutboxState.READY], 1)
    assert renewed.stored_as == "a/1"

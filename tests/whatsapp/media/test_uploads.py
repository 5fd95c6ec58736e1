"""Uploaded files after they were sent: known to Meta anew, and erased with their last message."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph.core.ids import split_id
from models import Account, Media, MediaState, Message, MessageStatus, UploadedMedia
from models.database.base import collection, new_id, to_bson, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.outbox import get_message
from tests.fixtures.said import contact_id, conversation_id, write_message
from tests.fixtures.uploads import PICTURE, is_nothing_left, list_uploads, send, send_file, upload
from tests.fixtures.waiting import eventually
from whatsapp.media.uploaded_media import attach_upload

DELETE = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"
ENDED = {MessageStatus.FAILED, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, "15550001111", "Hi")


async def send_upload(client: GraphQLClient, said: Message, upload_id: str) -> Message:
    to = {"conversationId": conversation_id(said)}
    return await read_sent(await send(client, to, {"image": {"source": {"uploadId": upload_id}}}))


async def read_sent(payload: dict[str, Any]) -> Message:
    assert payload["userErrors"] == []
    _, message_id = split_id(payload["message"]["id"]) or ("", "")
    found = await Message.get(message_id)
    assert found is not None
    return found


async def wait_until_ended(message: Message) -> Message:
    async def look() -> Message | None:
        found = await get_message(message.id)
        return found if found.status in ENDED else None

    ended = await eventually(look)
    assert ended is not None
    return ended


async def expire(**fields: Any) -> None:
    past = {"media_id_expires_at": utc_now() - timedelta(seconds=1)}
    await collection(UploadedMedia).update_many({}, {"$set": past | fields})


async def test_upload_is_repeated_after_thirty_days(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    meta.media.delete(uploaded["mediaId"])
    await expire()

    sent = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert sent.status is not MessageStatus.FAILED
    assert len(list_uploads(meta)) == 2
    (request,) = meta.requests.list_sends()
    assert request.body["image"]["id"] == sent.content["id"] != uploaded["mediaId"]
    assert meta.media.get(sent.content["id"]) is not None
    # The next message finds the new id.
    await wait_until_ended(await send_upload(agent, said, uploaded["id"]))
    assert len(list_uploads(meta)) == 2


async def test_expired_upload_is_repeated(
    agent: GraphQLClient, account: Account, said: Message, sandbox: httpx.AsyncClient, meta: Any
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    body = {"media_id": uploaded["mediaId"]}
    assert (await sandbox.post("/sandbox/expire-media", json=body)).status_code == 200

    sent = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert (sent.status is not MessageStatus.FAILED, sent.errors) == (True, [])
    assert len(list_uploads(meta)) == 2
    assert len(meta.requests.list_sends()) == 1


@pytest.mark.parametrize("code", [131052, 131053])
async def test_file_that_meta_refuses_again_fails_its_message(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta, code: int
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    rule = FaultRule(kind=FaultKind.ERROR, code=code, endpoint="messages", times=None)
    meta.faults.add(rule)

    failed = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert failed.status is MessageStatus.FAILED
    assert [error.code for error in failed.errors] == [code]
    assert (rule.hits, len(list_uploads(meta))) == (2, 2)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.HTML, "times": 2},
        {"kind": FaultKind.ERROR, "code": 131000, "times": 2},
        {"kind": FaultKind.ERROR, "code": 130429, "retry_after": 0.05},
    ],
    ids=["no answer", "temporary", "throttled"],
)
async def test_message_waits_for_failing_upload(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta, fault: dict[str, Any]
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    await expire()
    meta.faults.add(FaultRule(endpoint="media", **fault))

    sent = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert (sent.status is not MessageStatus.FAILED, sent.errors) == (True, [])
    assert len(meta.requests.list_sends()) == 1


async def test_impossible_upload_fails_message(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    await expire(stated_type="image/x-unknown")

    failed = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert failed.status is MessageStatus.FAILED
    assert [error.code for error in failed.errors] == [100]
    assert meta.requests.list_sends() == []


async def test_missing_file_fails_message(
    agent: GraphQLClient, account: Account, said: Message, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    await expire(stored_as="nowhere")

    failed = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    assert failed.status is MessageStatus.FAILED
    assert failed.errors[0].details == (
        "Its file is no longer in the media store. The message was not sent."
    )
    assert meta.requests.list_sends() == []


async def test_shared_file_goes_with_last_message(
    admin: GraphQLClient, client: httpx.AsyncClient, account: Account, said: Message
) -> None:
    other = await write_message(account, "15550002222", "Hi")
    uploaded = (await upload(admin, account))["upload"]
    messages = [await send_upload(admin, one, uploaded["id"]) for one in (said, other)]
    for message in messages:
        await wait_until_ended(message)
    key = {"Authorization": f"Bearer {admin.token}"}

    await admin(DELETE, id=contact_id(said))

    await eventually(lambda: _is_gone(messages[0]))
    gone, shown = [await client.get(f"/media/{one.id}", headers=key) for one in messages]
    assert (gone.status_code, shown.status_code, shown.content) == (404, 200, PICTURE[1])
    await admin(DELETE, id=contact_id(other))
    await eventually(is_nothing_left)


async def _is_gone(message: Message) -> bool:
    return await Media.get(message.id) is None


async def test_file_is_erased_with_its_customer(admin: GraphQLClient, said: Message) -> None:
    to = {"conversationId": conversation_id(said)}
    message = await read_sent(await send_file(admin, to, "image", PICTURE))

    await admin(DELETE, id=contact_id(said))

    await eventually(is_nothing_left)
    assert await Message.get(message.id) is None


async def test_erasure_that_met_new_message_is_taken_back(
    agent: GraphQLClient, account: Account, said: Message, client: httpx.AsyncClient
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    message = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))

    await collection(UploadedMedia).update_one({}, {"$set": {"erased_at": utc_now()}})

    async def is_taken_back() -> bool:
        return await UploadedMedia.find_one({"erased_at": None}) is not None

    await eventually(is_taken_back)
    key = {"Authorization": f"Bearer {agent.token}"}
    assert (await client.get(f"/media/{message.id}", headers=key)).status_code == 200


async def test_crash_before_media_is_repaired_on_send(
    agent: GraphQLClient, account: Account, said: Message
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    message = await wait_until_ended(await send_upload(agent, said, uploaded["id"]))
    await collection(Media).delete_one({"_id": message.id})
    last = {"_id": message.id, "status_rank": MessageStatus.READ.rank}
    await eventually(lambda: Message.find_one(last))
    # As if it had not been sent yet. Its last status has come, which would settle it.
    waiting = {"outbox_state": "READY", "status_rank": MessageStatus.QUEUED.rank}
    unsent = {"$set": waiting, "$unset": {"wamid": ""}}
    await collection(Message).update_one({"_id": message.id}, unsent)

    mended = await eventually(lambda: Media.get(message.id))
    assert mended is not None
    assert (mended.state, mended.size_bytes) == (MediaState.STORED, len(PICTURE[1]))


async def test_upload_being_erased_is_not_sent(
    agent: GraphQLClient, account: Account, said: Message
) -> None:
    await upload(agent, account)
    found = await UploadedMedia.find_one()
    assert found is not None
    message = said.model_copy(update={"id": new_id(), "upload_id": found.id, "type": "image"})
    twin = found.model_copy(update={"id": new_id(), "erased_at": utc_now(), "store": "elsewhere"})
    await collection(UploadedMedia).insert_one(to_bson(twin))

    assert not await attach_upload(message.model_copy(update={"upload_id": twin.id}))

    await eventually(lambda: _is_gone(message))
    await collection(UploadedMedia).delete_one({"_id": twin.id})

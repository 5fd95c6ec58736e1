"""Slow files of an account do not block other accounts."""

from datetime import timedelta

import pytest

from models import Account, Media, MediaState, Message
from models.database.base import collection, new_id, to_bson, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from sandbox.world.media import describe_for_webhook
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import OTHER_NUMBER
from tests.whatsapp.media.conftest import PNG, SendFile, Settled
from whatsapp.common.capacity import Capacity


@pytest.fixture
def capacity() -> Capacity:
    return Capacity(media_downloads=4)


async def receive_image(meta: FakeMeta, webhook: WebhookClient, account: Account) -> Message:
    stored = meta.media.add(PNG, phone_number_id=account.phone_number_id, mime_type="image/png")
    content = describe_for_webhook(stored, url="https://lookaside.fbsbx.com/x")
    item = make_message("image", content)
    assert (await webhook.post_messages(item)).status_code == 200

    async def find_message() -> Message | None:
        return await Message.find_one({"wamid": item["id"]})

    message = await eventually(find_message)
    assert message is not None
    return message


@with_timeouts(media_deadline_seconds=60.0)
async def test_slow_files_do_not_block_other_accounts(
    meta: FakeMeta,
    webhook: WebhookClient,
    account: Account,
    other_account: Account,
    send_file: SendFile,
    settled: Settled,
) -> None:
    silence = FaultRule(kind=FaultKind.TIMEOUT, endpoint="node", times=None, seconds=60.0)
    meta.faults.add(silence)
    slow = [await send_file() for _ in range(6)]

    async def count_taken() -> int:
        return await Media.find({"account_id": account.id, "fence": {"$gte": 1}}).count()

    async def are_taken() -> bool:
        return await count_taken() == 2

    await eventually(are_taken)
    meta.faults.clear()
    other = WebhookClient(webhook.http, OTHER_NUMBER)
    message = await receive_image(meta, other, other_account)
    assert (await settled(message)).state is MediaState.STORED
    assert await count_taken() == 2
    states = [await Media.get(one.id) for one in slow]
    assert {media.state for media in states if media} == {MediaState.PENDING}


async def test_backlog_of_account_delays_no_other(
    meta: FakeMeta,
    webhook: WebhookClient,
    account: Account,
    other_account: Account,
    send_file: SendFile,
    settled: Settled,
) -> None:
    first = await send_file()
    await settled(first)
    await add_due_files(first, count=10_000)

    other = WebhookClient(webhook.http, OTHER_NUMBER)
    message = await receive_image(meta, other, other_account)

    assert (await settled(message)).state is MediaState.STORED
    assert await Media.find({"account_id": account.id, "state": "PENDING"}).count() > 5000


async def add_due_files(message: Message, *, count: int) -> None:
    """Stores files of other messages that were due before."""
    media = await Media.get(message.id)
    assert media is not None
    due = {"state": MediaState.PENDING.value, "next_attempt_at": utc_now() - timedelta(minutes=1)}
    fields = to_bson(media) | due
    copies = [fields | {"_id": new_id(), "stored_as": None} for _ in range(count)]
    await collection(Media).insert_many(copies, ordered=False)

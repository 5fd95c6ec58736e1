"""Workers that die: another process takes their files over, and each is stored once."""

import asyncio
from collections.abc import Callable

from models import Media, MediaState
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.servers import ServerProcess
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import SendFile, Settled
from whatsapp.media.media import claim_media, postpone_media, settle_media

# Short deadlines, and retries without limit.
IMPATIENT = {"media_deadline_seconds": 3.0, "media_retry_limit": 1000}


@with_timeouts(**IMPATIENT)
async def test_killed_process_loses_no_file(
    meta: FakeMeta, send_file: SendFile, settled: Settled, make_server: Callable[..., ServerProcess]
) -> None:
    # This process stops fetching: all of its places wait for an answer that never comes.
    meta.faults.add(FaultRule(kind=FaultKind.TIMEOUT, endpoint="media_content", times=None))
    other = make_server(IMPATIENT)
    await asyncio.to_thread(other.start)
    messages = [await send_file() for _ in range(12)]

    async def are_taken() -> bool:
        return await Media.find({"fence": {"$gte": 1}}).count() >= 8

    await eventually(are_taken)
    other.kill()
    meta.faults.clear()

    for message in messages:
        assert (await settled(message)).state is MediaState.STORED
    database = collection(Media).database
    assert await database["media.files"].count_documents({}) == len(messages)


@with_timeouts(**IMPATIENT)
async def test_worker_that_lost_its_file_changes_nothing(
    meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    message = await send_file()
    late = await settled(message)
    late.fence -= 1

    assert not await settle_media(late, MediaState.FAILED, error="late")
    await postpone_media(late, 0, error="late")

    media = await Media.get(message.id)
    assert media is not None
    assert (media.state, media.error) == (MediaState.STORED, None)


async def test_download_is_claimed_by_single_worker(database: object) -> None:
    await collection(Media).insert_one(make_due())

    claims = await asyncio.gather(*(claim_media([], lease_seconds=600) for _ in range(10)))

    assert [claim.fence for claim in claims if claim is not None] == [1]


def make_due() -> dict[str, object]:
    from models.database.base import new_id, to_bson, utc_now

    ids = {name: new_id() for name in ("account_id", "conversation_id", "message_id")}
    return to_bson(
        Media(
            workspace_id=DEFAULT_WORKSPACE_ID,
            **ids,
            kind="image",
            media_id="1",
            next_attempt_at=utc_now(),
        )
    )

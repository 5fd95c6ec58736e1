"""Files are fetched when they become due, not at the next poll."""

from models import MediaState
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.timeouts import with_timeouts
from tests.whatsapp.media.conftest import SendFile, Settled

# Polls come far too late for these tests.
pytestmark = with_timeouts(media_poll_seconds=600.0)


async def test_received_file_is_fetched_without_poll(send_file: SendFile, settled: Settled) -> None:
    assert (await settled(await send_file())).state is MediaState.STORED


async def test_failed_fetch_is_repeated_without_poll(
    send_file: SendFile, settled: Settled, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.HTML, endpoint="media_content"))

    media = await settled(await send_file())

    assert (media.state, media.attempts) == (MediaState.STORED, 2)

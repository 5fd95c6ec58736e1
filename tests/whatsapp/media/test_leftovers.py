"""Bytes of attempts that ended between storing and settling: no store keeps them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from models import Account, Media, MediaState, Message
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id
from tests.fixtures.timeouts import make_timeouts
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import SendFile, Settled
from tests.whatsapp.media.test_erasure import DELETE_CONTACT
from whatsapp.common.timeouts import Timeouts
from whatsapp.media import media as medias
from whatsapp.media.media_store import MediaStores
from whatsapp.settings import Settings

STORES = pytest.mark.parametrize("store", ["gridfs", "folder"], indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def settings(settings: Settings, store: str, tmp_path: Path) -> Settings:
    url = None if store == "gridfs" else f"file://{tmp_path}/files"
    return settings.model_copy(update={"media_store_url": url})


@pytest.fixture
def timeouts() -> Timeouts:
    """A lost attempt is taken over soon."""
    return make_timeouts(media_deadline_seconds=1.0, media_retry_limit=3)


@pytest.fixture
def lose_attempts(monkeypatch: pytest.MonkeyPatch) -> list[Media]:
    """Has attempts end once their bytes are stored, as a killed process does; gives them."""
    lost: list[Media] = []

    async def settle(media: Media, state: MediaState, **fields: Any) -> bool:
        if state is MediaState.STORED:
            lost.append(media)
            raise AutoReconnect
        return await original(media, state, **fields)

    original = medias.settle_media
    monkeypatch.setattr(medias, "settle_media", settle)
    return lost


async def count_bytes(settings: Settings, tmp_path: Path) -> int:
    """Files and parts of files, in both stores."""
    database = collection(Media).database
    counts = [await database[f"media.{name}"].count_documents({}) for name in ("files", "chunks")]
    folder = tmp_path / "files"
    return sum(counts) + sum(path.is_file() for path in folder.rglob("*"))


@STORES
async def test_failed_file_leaves_no_bytes(
    settings: Settings,
    timeouts: Timeouts,
    tmp_path: Path,
    send_file: SendFile,
    settled: Settled,
    lose_attempts: list[Media],
) -> None:
    media = await settled(await send_file())

    # On a slow machine some attempts end at their deadline instead.
    assert lose_attempts
    assert media.attempts > timeouts.media_retry_limit
    assert (media.state, media.begun) == (MediaState.FAILED, [])
    assert await count_bytes(settings, tmp_path) == 0


@STORES
@pytest.mark.parametrize("state", [MediaState.EXPIRED, MediaState.FAILED])
async def test_refused_file_leaves_no_bytes(
    settings: Settings,
    tmp_path: Path,
    meta: FakeMeta,
    send_file: SendFile,
    settled: Settled,
    lose_attempts: list[Media],
    state: MediaState,
) -> None:
    message = await send_file()
    await eventually(lambda: has_lost(lose_attempts))
    if state is MediaState.EXPIRED:
        meta.media.clear()
    else:
        meta.faults.add(FaultRule(kind=FaultKind.ERROR, endpoint="media", code=131053, times=None))

    media = await settled(message)

    assert (media.state, media.begun) == (state, [])
    assert await count_bytes(settings, tmp_path) == 0


async def has_lost(lost: list[Media]) -> bool:
    return bool(lost)


@STORES
async def test_later_attempts_do_not_hide_lost_file(
    settings: Settings,
    tmp_path: Path,
    account: Account,
    send_file: SendFile,
    settled: Settled,
    lose_attempts: list[Media],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The account is stopped when the next worker looks: it gives the file back untouched."""
    message = await send_file()
    await eventually(lambda: has_lost(lose_attempts))
    await account.set({"enabled": False})

    async def is_waiting() -> bool:
        return await Media.find_one({"_id": message.id, "next_attempt_at": None}) is not None

    await eventually(is_waiting)
    monkeypatch.undo()
    await account.set({"enabled": True})

    media = await settled(message)

    assert (media.state, media.begun) == (MediaState.STORED, [])
    assert media.fence >= 3
    one_file = 1 if settings.media_store_url else 2
    assert await count_bytes(settings, tmp_path) == one_file


@STORES
async def test_erasure_removes_bytes_of_lost_attempts(
    settings: Settings,
    tmp_path: Path,
    admin: GraphQLClient,
    send_file: SendFile,
    lose_attempts: list[Media],
) -> None:
    message = await send_file()
    await eventually(lambda: has_lost(lose_attempts))

    await admin(DELETE_CONTACT, id=contact_id(message))

    async def is_gone() -> bool:
        return await Media.count() == 0

    await eventually(is_gone)
    assert await count_bytes(settings, tmp_path) == 0


async def chunks() -> AsyncIterator[bytes]:
    yield b"late"


@STORES
async def test_erasure_waits_for_worker_that_may_still_store(
    settings: Settings, tmp_path: Path, send_file: SendFile, settled: Settled
) -> None:
    media = await settled(await send_file())
    stores = MediaStores(collection(Media).database, url=settings.media_store_url)
    change = {"erased_at": utc_now(), "begun": [7]}
    await collection(Media).update_one({"_id": media.id}, {"$set": change})
    await stores.current.put(f"{media.account_id}/{media.id}.7", chunks())

    async def is_gone() -> bool:
        return await Media.count() == 0

    await eventually(is_gone)
    assert await count_bytes(settings, tmp_path) == 0


@STORES
async def test_erasure_removes_attempts_that_version_0_1_lost(
    settings: Settings, tmp_path: Path, send_file: SendFile, settled: Settled
) -> None:
    message = await send_file()
    media = await settled(message)
    stores = MediaStores(collection(Media).database, url=settings.media_store_url)
    for fence in (2, 4):
        await stores.current.put(f"{media.account_id}/{media.id}.{fence}", chunks())
    change = {"fence": 5, "state": "FAILED", "stored_as": None}
    key = media.stored_as
    await collection(Media).update_one({"_id": media.id}, {"$set": change, "$unset": {"begun": 1}})
    await collection(Message).delete_one({"_id": message.id})
    await medias.mark_erased({"_id": media.id})

    async def is_gone() -> bool:
        return await Media.count() == 0

    await eventually(is_gone)
    assert key == f"{media.account_id}/{media.id}.1"
    assert await count_bytes(settings, tmp_path) == 0

"""Both stores have the same behaviour."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gridfs import AsyncGridFSBucket
from pymongo.asynchronous.database import AsyncDatabase

from models import Media, MediaState
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import PNG, SendFile, Settled
from whatsapp.media.media_store import FileMissing, MediaStore, MediaStores, open_objects
from whatsapp.settings import Settings, SettingsError

CHUNK = bytes(range(256)) * 1024
URL = "query ($id: ID!) { message(id: $id) { content { ... on MediaContent { url } } } }"


@pytest.fixture(params=["gridfs", "folder", "memory"])
def store(
    request: pytest.FixtureRequest, database: AsyncDatabase[dict[str, Any]], tmp_path: Path
) -> MediaStore:
    urls = {"gridfs": None, "folder": f"file://{tmp_path}/new/media", "memory": "memory:///"}
    return MediaStores(database, url=urls[request.param]).current


async def make_chunks(count: int, error: Exception | None = None) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield CHUNK
    if error is not None:
        raise error


async def read(store: MediaStore, key: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start=start, end=end)])


async def test_stored_file_is_read_and_deleted(store: MediaStore) -> None:
    whole = CHUNK * 60  # 15 MiB: more than any buffer holds

    await store.put("a/b.1", make_chunks(60))

    assert await read(store, "a/b.1", 0, len(whole)) == whole
    assert await read(store, "a/b.1", 9_999_990, 10_000_010) == whole[9_999_990:10_000_010]
    await store.delete("a/b.1")
    await store.delete("a/b.1")
    with pytest.raises(FileMissing):
        await read(store, "a/b.1", 0, 1)


@pytest.mark.parametrize("count", [1, 60])
async def test_what_breaks_off_leaves_nothing(
    store: MediaStore, tmp_path: Path, database: AsyncDatabase[dict[str, Any]], count: int
) -> None:
    with pytest.raises(ValueError, match="broken"):
        await store.put("a/b.1", make_chunks(count, ValueError("broken")))

    with pytest.raises(FileMissing):
        await read(store, "a/b.1", 0, 1)
    assert await database["media.chunks"].count_documents({}) == 0
    # The second attempt is another key, and not in the way of the first.
    await store.put("a/b.2", make_chunks(0))
    assert await read(store, "a/b.2", 0, 0) == b""


def test_what_can_not_be_store_ends_start() -> None:
    with pytest.raises(SettingsError, match="MEDIA_STORE_URL"):
        open_objects("file:///proc/none")


class TestInAFolder:
    """The whole way, with files in a folder."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        return settings.model_copy(update={"media_store_url": f"file://{tmp_path}/media"})

    async def test_file_is_stored_and_shown(
        self,
        client: httpx.AsyncClient,
        admin: GraphQLClient,
        send_file: SendFile,
        settled: Settled,
        tmp_path: Path,
    ) -> None:
        message = await send_file()
        media = await settled(message)
        url = (await admin(URL, id=id_of(message)))["message"]["content"]["url"]

        answer = await client.get(url.removeprefix("http://127.0.0.1:8000"))

        assert (media.state, media.store) == (MediaState.STORED, "objects")
        assert (tmp_path / "media" / str(media.stored_as)).read_bytes() == PNG
        assert (answer.status_code, answer.content) == (200, PNG)

    async def test_store_that_is_away_costs_no_try(
        self, send_file: SendFile, settled: Settled, tmp_path: Path
    ) -> None:
        folder = tmp_path / "media"
        folder.rmdir()
        folder.write_text("in the way")
        message = await send_file()

        await eventually(lambda: Media.find_one({"_id": message.id, "error": {"$ne": None}}))
        folder.unlink()

        media = await settled(message)
        assert (media.state, media.attempts) == (MediaState.STORED, 1)

    async def test_files_of_store_before_are_still_shown(
        self,
        client: httpx.AsyncClient,
        admin: GraphQLClient,
        database: AsyncDatabase[dict[str, Any]],
        send_file: SendFile,
        settled: Settled,
    ) -> None:
        message = await send_file()
        await settled(message)
        await MediaStores(database, url=None).current.put("old.1", make_chunks(1))
        before = {"store": "gridfs", "stored_as": "old.1", "size_bytes": len(CHUNK)}
        await collection(Media).update_one({"_id": message.id}, {"$set": before})

        headers = {"Authorization": f"Bearer {admin.token}"}
        answer = await client.get(f"/media/{message.id}", headers=headers)

        assert (answer.status_code, answer.content) == (200, CHUNK)


async def test_files_in_mongodb_have_form_of_gridfs(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    ours, drivers = MediaStores(database, url=None).current, AsyncGridFSBucket(database, "media")
    whole = CHUNK * 3

    await ours.put("a/1", make_chunks(3))
    await drivers.upload_from_stream_with_id("a/2", "a/2", whole)

    assert await (await drivers.open_download_stream("a/1")).read() == whole
    assert await read(ours, "a/2", 7, len(whole)) == whole[7:]
    assert (await (await database["media.chunks"].list_indexes()).to_list())[-1]["unique"]


async def test_file_that_lacks_piece_is_missing(
    database: AsyncDatabase[dict[str, Any]],
) -> None:
    store = MediaStores(database, url=None).current
    for number in (0, 2, 5):
        await store.put(f"a/{number}", make_chunks(6))
        await database["media.chunks"].delete_one({"files_id": f"a/{number}", "n": number})

        with pytest.raises(FileMissing):
            await read(store, f"a/{number}", 0, len(CHUNK) * 6)

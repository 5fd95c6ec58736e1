"""`GET /media/{id}`: permissions, ranges, headers."""

import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx
import pytest
from bson import ObjectId

from models import Account, Media, MediaState, Message, Role
from models.database.base import collection, new_id
from models.migrations.from_0_1 import TYPES_OF_PICTURES
from models.migrations.migration import Progress
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.files import HEIC, MP4
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import PNG, SendFile, Settled
from whatsapp.common.crypto import KeyRing
from whatsapp.media.media_urls import MediaUrls, _sign_url
from whatsapp.settings import Settings

URL = "query ($id: ID!) { message(id: $id) { content { ... on MediaContent { url } } } }"
MakeUrl = Callable[[Message], Awaitable[str]]


@pytest.fixture
def read_url(admin: GraphQLClient, settled: Settled) -> MakeUrl:
    """The signed URL as the graph gives it, without the server's name."""

    async def read(message: Message) -> str:
        assert (await settled(message)).state is MediaState.STORED
        url = urlsplit((await admin(URL, id=id_of(message)))["message"]["content"]["url"])
        return f"{url.path}?{url.query}"

    return read


async def test_picture_is_shown(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
) -> None:
    message = await send_file()

    answer = await client.get(await read_url(message))

    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(PNG))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, max-age=900"
    assert answer.headers["content-disposition"].startswith(f'inline; filename="{message.id}.png"')


async def test_active_content_is_served_as_attachment(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl, subtests: pytest.Subtests
) -> None:
    name = '../Ünter"\r\nX: 1.html'
    for data, mime_type, served in SENT_TYPES:
        with subtests.test(data=data, mime_type=mime_type):
            message = await send_file(data, type="document", mime_type=mime_type, filename=name)

            answer = await client.get(await read_url(message))

            assert (answer.status_code, answer.content) == (200, data)
            assert answer.headers["content-type"] == served
            ending = "pdf" if served == "application/pdf" else "html"
            assert answer.headers["content-disposition"] == (
                f'attachment; filename="_nter_X_ 1.{ending}";'
                f" filename*=UTF-8''%C3%9Cnter%22X%3A%201.{ending}"
            )


async def test_received_heic_is_saved_as_heic(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl, subtests: pytest.Subtests
) -> None:
    for kind, told in (("image", "image/heic"), ("document", "video/mp4"), ("video", "video/mp4")):
        with subtests.test(kind=kind):
            message = await send_file(HEIC, type=kind, mime_type=told, filename="IMG_1.MOV")

            answer = await client.get(await read_url(message))

            assert (answer.status_code, answer.content) == (200, HEIC)
            assert answer.headers["content-type"] == "image/heic"
            disposition = answer.headers["content-disposition"]
            assert disposition.startswith('attachment; filename="IMG_1.heic"')


SENT_TYPES = [
    (b"<html><script>alert(1)</script>", "text/html", "application/octet-stream"),
    (b"<svg xmlns='x' onload='alert(1)'/>", "image/svg+xml", "application/octet-stream"),
    (b"<?xml version='1.0'?>", "text/xml", "application/octet-stream"),
    (b"<html>", "image/png", "application/octet-stream"),
    (b"name,price\n", "text/csv", "text/csv; charset=utf-8"),
    (b"%PDF-1.7 ...", "application/pdf", "application/pdf"),
    (b"%PDF-1.7 ...", "text/html", "application/pdf"),
    (b"PK\x03\x04...", "text/html", "application/zip"),
    (b"", "text/plain", "text/plain; charset=utf-8"),
]


async def test_heic_of_0_1_is_served_as_heic(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
) -> None:
    pictures = [await send_file(HEIC, type="document", mime_type="image/heic") for _ in range(2)]
    video = await send_file(MP4, type="video", mime_type="video/mp4")
    urls = [await read_url(message) for message in (*pictures, video)]
    await collection(Media).update_many({}, {"$set": {"mime_type": "video/mp4"}})
    database = collection(Media).database

    class Kept(Progress):
        async def save(self, position: object) -> None:
            self.position = position

    number = TYPES_OF_PICTURES.number
    await TYPES_OF_PICTURES.run(database, Kept(database, number, None))

    types = [(await client.get(url)).headers["content-type"] for url in urls]
    assert types == ["image/heic", "image/heic", "video/mp4"]


async def test_range_request_returns_part(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl, subtests: pytest.Subtests
) -> None:
    url = await read_url(await send_file())
    for asked, start, end in PARTS:
        with subtests.test(asked=asked):
            answer = await client.get(url, headers={"Range": asked})

            assert (answer.status_code, answer.content) == (206, PNG[start:end])
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PNG)}"
    for asked in ("bytes=0-1,4-5", "bytes=9-3", "bytes=-", "items=0-1"):
        answer = await client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, PNG), asked
    for asked in ("bytes=99999-", "bytes=-0"):
        answer = await client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (416, b""), asked
        assert answer.headers["content-range"] == f"bytes */{len(PNG)}"


SIZE = len(PNG)
PARTS = [
    ("bytes=0-0", 0, 1),
    ("bytes=10-19", 10, 20),
    ("bytes=2000-", 2000, SIZE),
    ("bytes=-5", SIZE - 5, SIZE),
    ("bytes=-99999", 0, SIZE),
    ("bytes=5-99999", 5, SIZE),
]


async def test_matching_etag_returns_304(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl, subtests: pytest.Subtests
) -> None:
    url = await read_url(await send_file())
    etag = (await client.head(url)).headers["etag"]

    for known in (etag, f'"x", W/{etag}', "*"):
        with subtests.test(known=known):
            assert (await client.get(url, headers={"If-None-Match": known})).status_code == 304
    assert (await client.get(url, headers={"If-None-Match": '"x"'})).status_code == 200
    part = {"Range": "bytes=0-1"}
    assert (await client.get(url, headers=part | {"If-Range": etag})).status_code == 206
    assert (await client.get(url, headers=part | {"If-Range": '"x"'})).status_code == 200


async def test_head_has_no_body(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
) -> None:
    answer = await client.head(await read_url(await send_file()))

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PNG))


async def test_forged_or_expired_url_is_like_none(
    client: httpx.AsyncClient,
    keyring: KeyRing,
    send_file: SendFile,
    read_url: MakeUrl,
) -> None:
    url = await read_url(await send_file())
    other = await send_file(PNG + b"2")
    await read_url(other)
    path, _, query = url.partition("?")
    media_id = path.rpartition("/")[2]
    past = int(time.time()) - 1
    own = _sign_url(keyring.derive_keys("media")[0], ObjectId(media_id), past)  # type: ignore[arg-type]
    wrong = [
        path,
        f"/media/{other.id}?{query}",
        f"/media/{ObjectId()}?{query}",
        "/media/nothing",
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        url.replace("expires=", "expires=9"),
        url.replace("expires=", "expires=-"),
        url.replace("expires=", "expires=٣"),
        url + "%C3%BC",
        f"{path}?expires={past}&signature={own}",
    ]

    answers = [await client.get(wrong_url) for wrong_url in wrong]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, b"Not found\n")}
    headers = [{**answer.headers, "x-request-id": "any"} for answer in answers]
    assert all(other == headers[0] for other in headers)
    assert (await client.get(url)).status_code == 200


async def test_key_of_another_ring_still_verifies(keyring: KeyRing) -> None:
    old = KeyRing({"old": b"o" * 32})
    both = KeyRing({"new": b"n" * 32, "old": b"o" * 32})
    media_id = new_id()
    made = urlsplit(MediaUrls(old, public_url="https://x.test", seconds=900).make(media_id))
    expires, signature = (part.partition("=")[2] for part in made.query.split("&"))

    for ring, is_valid in ((both, True), (keyring, False)):
        urls = MediaUrls(ring, public_url="https://x.test", seconds=900)
        assert urls.is_valid(media_id, expires=expires, signature=signature) is is_valid
    assert 600 <= int(expires) - time.time() <= 900


async def test_key_reads_files_of_its_accounts(
    client: httpx.AsyncClient,
    make_client: Callable[..., Awaitable[GraphQLClient]],
    account: Account,
    other_account: Account,
    send_file: SendFile,
    settled: Settled,
) -> None:
    message = await send_file()
    await settled(message)
    path = f"/media/{message.id}"

    async def ask(token: str | None) -> tuple[int, bytes]:
        answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.content

    own = await make_client(Role.VIEWER, [account])
    others = await make_client(Role.ADMIN, [other_account])
    assert await ask(own.token) == (200, PNG)
    assert await ask(others.token) == (404, b"Not found\n")
    assert await ask("wag_no_key") == (404, b"Not found\n")


async def test_pending_file_returns_retry_after(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    meta: FakeMeta,
    send_file: SendFile,
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.TIMEOUT, endpoint="node", times=None))
    message = await send_file()
    headers = {"Authorization": f"Bearer {admin.token}"}

    async def is_known() -> bool:  # the message is there before its file is
        return await Media.get(message.id) is not None

    await eventually(is_known)
    answer = await client.get(f"/media/{message.id}", headers=headers)

    assert (answer.status_code, answer.headers["retry-after"]) == (404, "5")


async def test_message_taken_back_shows_its_file_no_more(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
) -> None:
    message = await send_file()
    url = await read_url(message)
    revoked = {"$set": {"deleted_at": message.timestamp}}
    await collection(Message).update_one({"_id": message.id}, revoked)

    assert (await client.get(url)).status_code == 404


async def test_missing_bytes_are_no_crash(
    client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
) -> None:
    url = await read_url(await send_file())
    database = collection(Media).database
    await database["media.files"].delete_many({})

    assert (await client.get(url)).status_code == 404


class TestFromAnotherOrigin:
    """A browser app elsewhere shows a file, and reads it."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"allowed_origins": ("https://app.example.com",)})

    async def test_it_may_show_and_read(
        self, client: httpx.AsyncClient, send_file: SendFile, read_url: MakeUrl
    ) -> None:
        url = await read_url(await send_file())

        answer = await client.get(url, headers={"Origin": "https://app.example.com"})

        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.content == PNG
        other = await client.get(url, headers={"Origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in other.headers

"""Fetching files from Meta: on any failure the message stays and no token leaks."""

import hashlib
from typing import Any

import pytest

from models import Account, HealthState, Media, MediaState, Message
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.server import FakeCloudServer
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import PNG, Listener, SendFile, Settled

SHOWN = """query ($id: ID!) { message(id: $id) { text content {
  ... on MediaContent { kind state url sizeBytes sha256 caption } } } }"""
TRIES = 5


def count(meta: FakeMeta, endpoint: str) -> int:
    return sum(1 for request in meta.requests.requests if request.endpoint == endpoint)


async def test_picture_is_stored(
    admin: GraphQLClient, meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    message = await send_file(caption="Look!")

    media = await settled(message)

    assert (media.state, media.error) == (MediaState.STORED, None)
    assert (media.mime_type, media.size_bytes) == ("image/png", len(PNG))
    assert media.sha256 == hashlib.sha256(PNG).hexdigest()
    assert (media.attempts, media.next_attempt_at) == (1, None)
    shown = (await admin(SHOWN, id=id_of(message)))["message"]["content"]
    assert (shown["state"], shown["sizeBytes"], shown["caption"]) == ("STORED", len(PNG), "Look!")
    assert shown["url"].startswith(f"http://127.0.0.1:8000/media/{message.id}?expires=")
    # The number is named, as Meta requires, and both requests had the token in a header only.
    (first,) = [one for one in meta.requests.requests if one.endpoint == "node"]
    assert first.query == {"phone_number_id": "106540352242922"}
    assert count(meta, "media_content") == 1


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        ("node", {"kind": FaultKind.ERROR, "code": 131000, "http_status": 500}),
        ("node", {"kind": FaultKind.HTML}),
        ("node", {"kind": FaultKind.RESET_AFTER}),
        ("node", {"kind": FaultKind.TRUNCATED}),
        ("node", {"kind": FaultKind.THROTTLE, "retry_after": 0.05}),
        ("media_content", {"kind": FaultKind.HTML, "http_status": 404}),
        ("media_content", {"kind": FaultKind.RESET_AFTER}),
        ("media_content", {"kind": FaultKind.CUT}),
        ("media_content", {"kind": FaultKind.TRUNCATED}),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)
async def test_what_passes_is_tried_again(
    meta: FakeMeta, send_file: SendFile, settled: Settled, endpoint: Any, fault: dict[str, Any]
) -> None:
    meta.faults.add(FaultRule(endpoint=endpoint, **fault))

    media = await settled(await send_file())

    assert (media.state, media.attempts) == (MediaState.STORED, 2)


class TestInVain:
    """Missing or slow files are given up at the deadline."""

    pytestmark = with_timeouts(media_deadline_seconds=2.0)

    @pytest.mark.parametrize(
        ("endpoint", "fault"),
        [
            ("node", {"kind": FaultKind.TIMEOUT}),
            ("media_content", {"kind": FaultKind.TIMEOUT}),
            ("media_content", {"kind": FaultKind.SLOW_DRIP, "seconds": 0.3}),
        ],
        ids=["no description", "no file", "a slow file"],
    )
    async def test_it_is_tried_again(
        self,
        meta: FakeMeta,
        send_file: SendFile,
        settled: Settled,
        endpoint: Any,
        fault: dict[str, Any],
    ) -> None:
        meta.faults.add(FaultRule(endpoint=endpoint, **fault))

        media = await settled(await send_file())

        # More than once more only where the machine itself misses the deadline.
        assert media.state is MediaState.STORED
        assert 2 <= media.attempts <= TRIES


async def test_what_stays_fails_after_few_tries(
    meta: FakeMeta, admin: GraphQLClient, send_file: SendFile, settled: Settled
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.HTML, endpoint="media_content", times=None))
    message = await send_file(caption="still here")

    media = await settled(message)

    assert (media.state, media.attempts) == (MediaState.FAILED, TRIES)
    assert media.error == "the file's host responded with status 502"
    assert count(meta, "media_content") == TRIES
    shown = (await admin(SHOWN, id=id_of(message)))["message"]
    assert shown["text"] == "still here"
    assert (shown["content"]["state"], shown["content"]["url"]) == ("FAILED", None)


async def test_unknown_media_id_is_requested_once(
    meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    media = await settled(await send_file(id="123456789012345"))

    assert (media.state, media.attempts) == (MediaState.EXPIRED, 1)
    assert count(meta, "node") == 1


async def test_unsafe_media_id_is_not_requested(
    meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    media = await settled(await send_file(id="../me"))

    assert (media.state, media.attempts) == (MediaState.FAILED, 1)
    assert [one for one in meta.requests.requests if one.method == "GET"] == []


async def test_file_with_wrong_hash_is_discarded(
    meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    media = await settled(await send_file(sha256="0" * 64))

    assert (media.state, media.attempts) == (MediaState.FAILED, TRIES)
    assert media.error == "the SHA-256 of the bytes differs from the one Meta stated"
    assert await count_stored_bytes() == 0


async def count_stored_bytes() -> int:
    database = collection(Media).database
    return await database["media.chunks"].count_documents({})


@pytest.mark.parametrize(("type", "size"), [("sticker", 500 * 1024 + 1), ("image", 5 * 2**20 + 1)])
async def test_file_too_large_is_not_fetched(
    meta: FakeMeta, send_file: SendFile, settled: Settled, type: str, size: int
) -> None:
    media = await settled(await send_file(bytes(size), type=type))

    assert (media.state, media.attempts) == (MediaState.FAILED, 1)
    assert media.error == f"the file is larger than {size - 1} bytes"
    assert count(meta, "media_content") == 0


async def test_oversized_download_is_aborted(
    meta: FakeMeta, send_file: SendFile, settled: Settled
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.HUGE, endpoint="media_content", megabytes=300))

    media = await settled(await send_file())

    assert (media.state, media.error) == (
        MediaState.FAILED,
        "the file is larger than 5242880 bytes",
    )
    assert await count_stored_bytes() == 0


async def test_redirect_is_not_followed(
    meta: FakeMeta, listener: Listener, send_file: SendFile, settled: Settled
) -> None:
    for endpoint in ("node", "media_content"):
        meta.faults.add(
            FaultRule(kind=FaultKind.REDIRECT, endpoint=endpoint, location=listener.url)
        )

    media = await settled(await send_file())

    assert media.state is MediaState.FAILED
    assert "redirects are not followed" in str(media.error)
    assert listener.connections == 0


ELSEWHERE = [
    "http://127.0.0.1:{port}",
    "https://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0177.0.0.1:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[64:ff9b::7f00:1]:{port}",
    "http://127.0.0.1:{meta_port}@127.0.0.1:{port}",
    "http://user@127.0.0.1:{meta_port}",
    "http://127.0.0.1:{meta_port}.evil.example:{port}",
    "http://127.0.0.1:{meta_port}\\@127.0.0.1:{port}",
    "http://127。0。0。1:{port}",
    "http://169.254.169.254/latest/meta-data",
    "https://lookaside.fbsbx.com.evil.example",
    "https://lookaside.fbsbx.com",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "http://127.0.0.1:{port}#http://127.0.0.1:{meta_port}",
    "\r\nhttp://127.0.0.1:{port}",
]


async def test_token_goes_to_no_other_host(
    meta: FakeMeta,
    cloud_server: FakeCloudServer,
    listener: Listener,
    send_file: SendFile,
    settled: Settled,
    subtests: pytest.Subtests,
) -> None:
    for url in ELSEWHERE:
        with subtests.test(url=url):
            meta.settings.public_url = url.format(port=listener.port, meta_port=cloud_server.port)

            media = await settled(await send_file())

            assert (media.state, media.attempts) == (MediaState.FAILED, 1), (url, media.error)
            assert "media URL is malformed" in str(media.error) or "MEDIA_HOSTS" in str(media.error)
    assert listener.connections == 0
    assert count(meta, "media_content") == 0


async def test_refused_token_stops_account_and_file_waits(
    meta: FakeMeta, account: Account, admin: GraphQLClient, send_file: SendFile, settled: Settled
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, endpoint="node", code=190))
    message = await send_file()

    async def is_stopped() -> bool:
        found = await Account.get(account.id)
        return found is not None and found.health.state is HealthState.STOPPED

    await eventually(is_stopped)
    media = await eventually(lambda: Media.find_one({"_id": message.id, "next_attempt_at": None}))
    assert media is not None
    assert (media.state, media.attempts) == (MediaState.PENDING, 0)

    await admin(ENABLE, id=id_of(account))

    assert (await settled(message)).state is MediaState.STORED


ENABLE = "mutation ($id: ID!) { enableAccount(input: {accountId: $id}) { userErrors { code } } }"


async def test_downloads_left_by_crash_are_repaired(send_file: SendFile, settled: Settled) -> None:
    unmade, unshown = await send_file(), await send_file()
    for message in (unmade, unshown):
        await settled(message)
    await collection(Media).delete_one({"_id": unmade.id})
    ids = {"$in": [unmade.id, unshown.id]}
    await collection(Message).update_many({"_id": ids}, {"$set": {"media_state": "PENDING"}})

    for message in (unmade, unshown):
        assert (await settled(message)).state is MediaState.STORED

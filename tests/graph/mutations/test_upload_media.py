"""`uploadMedia`: accepted and refused files, and clean-up."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from models import Account, Role, UploadedMedia
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures import files
from tests.fixtures.graphql import File, GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.uploads import NOTHING, count_stored, is_nothing_left, list_uploads, upload
from tests.fixtures.waiting import eventually
from whatsapp.media.media_types import UNKNOWN_TYPE

NODE = "query ($id: ID!) { node(id: $id) { ... on UploadedMedia { filename } } }"
MIB = 1024 * 1024


async def test_picture_is_stored_and_handed_to_whatsapp(
    agent: GraphQLClient, client: httpx.AsyncClient, account: Account, meta: FakeMeta
) -> None:
    done = await upload(agent, account)

    found = done["upload"]
    handed = meta.media.get(found["mediaId"], account.phone_number_id)
    assert handed is not None
    assert (handed.content, handed.mime_type, handed.filename) == (
        files.PNG,
        "image/png",
        "photo.png",
    )
    digest = base64.b64encode(hashlib.sha256(files.PNG).digest()).decode()
    assert (found["kind"], found["mimeType"], found["filename"]) == (
        "IMAGE",
        "image/png",
        "photo.png",
    )
    assert (found["sizeBytes"], found["sha256"]) == (len(files.PNG), digest)
    url = urlsplit(found["url"])
    shown = await client.get(f"{url.path}?{url.query}")
    assert (shown.status_code, shown.content) == (200, files.PNG)
    assert (await agent(NODE, id=found["id"]))["node"] == {"filename": "photo.png"}
    (stored,) = await UploadedMedia.find_all().to_list()
    assert stored.media_id_expires_at is not None
    assert stored.media_id_expires_at > utc_now() + timedelta(days=29)


TAKEN: list[tuple[File, str | None, str, str]] = [
    (("a.jpg", files.JPEG, "image/jpeg"), None, "IMAGE", "image/jpeg"),
    (("a.png", files.PNG, ""), None, "IMAGE", "image/png"),
    (("a.png", files.PNG, "image/png"), "DOCUMENT", "DOCUMENT", "image/png"),
    (("a.mp4", files.MP4, "video/mp4"), None, "VIDEO", "video/mp4"),
    (("a.3gp", files.THREE_GP, "video/3gpp"), None, "VIDEO", "video/3gpp"),
    (("a.mp4", files.MP4, "application/octet-stream"), "AUDIO", "AUDIO", "audio/mp4"),
    (("a.m4a", files.M4A, "audio/x-m4a"), None, "AUDIO", "audio/mp4"),
    (("a.mp3", files.MP3, "audio/mpeg"), None, "AUDIO", "audio/mpeg"),
    (("a.aac", files.AAC, "audio/aac"), None, "AUDIO", "audio/aac"),
    (("a.amr", files.AMR, "audio/amr"), None, "AUDIO", "audio/amr"),
    (("a.ogg", files.OPUS, "audio/ogg; codecs=opus"), None, "AUDIO", "audio/ogg"),
    (("a.webp", files.WEBP, "image/webp"), None, "STICKER", "image/webp"),
    (("a.webp", files.LOSSY_WEBP, "image/webp"), None, "STICKER", "image/webp"),
    (("a.webp", files.LOSSLESS_WEBP, "image/webp"), None, "STICKER", "image/webp"),
    (("a.pdf", files.PDF, "text/html"), None, "DOCUMENT", "application/pdf"),
    (("a.csv", b"a,b\n", ""), None, "DOCUMENT", "text/csv"),
    (("a.txt", b"BMW and %!PS are text", "text/plain"), None, "DOCUMENT", "text/plain"),
    (("a.jpg", files.AVC, ""), None, "VIDEO", "video/mp4"),
    (("a.docx", files.DOCX, "application/zip"), None, "DOCUMENT", files.DOCX_TYPE),
    (("a.docx", b"PK\x03\x04" + bytes(99), files.DOCX_TYPE), None, "DOCUMENT", files.DOCX_TYPE),
    (("a.doc", files.OLE, "application/msword"), None, "DOCUMENT", "application/msword"),
    (("a.dwg", b"AC1027" + bytes(99), "application/acad"), None, "DOCUMENT", UNKNOWN_TYPE),
]


NAMES = [
    ("voice-note.mp4", files.OPUS, "video/mp4", "voice-note.ogg"),
    ("voice.opus", files.OPUS, "audio/opus", "voice.ogg"),
    ("voice.OGG", files.OPUS, "", "voice.OGG"),
    ("photo.JPEG", files.JPEG, "image/jpeg", "photo.JPEG"),
    ("photo.heic", files.JPEG, "image/heic", "photo.jpg"),
    ("Dr. Who", files.JPEG, "image/jpeg", "Dr. Who.jpg"),
    (".jpg", files.PNG, "", "jpg.png"),
    ("clip.mov", files.MP4, "video/quicktime", "clip.mp4"),
    ("sound", files.M4A, "audio/mp4", "sound.m4a"),
    ("offer.exe", files.PDF, "", "offer.pdf"),
    ("data.log", b"a\n", "text/plain", "data.log"),
    ("app.apk", b"PK\x03\x04" + bytes(99), "", "app.apk"),
]


@pytest.mark.parametrize(("name", "data", "told", "expected"), NAMES, ids=str)
async def test_ending_of_name_follows_type(
    agent: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    name: str,
    data: bytes,
    told: str,
    expected: str,
) -> None:
    kind = "VIDEO" if name == "clip.mov" else None
    done = await upload(agent, account, (name, data, told), kind=kind)

    assert done["userErrors"] == []
    handed = meta.media.get(done["upload"]["mediaId"])
    assert handed is not None
    assert (done["upload"]["filename"], handed.filename) == (expected, expected)
    if data == files.OPUS:
        assert handed.mime_type == "audio/ogg"


async def test_document_name_follows_type(agent: GraphQLClient, account: Account) -> None:
    done = await upload(
        agent, account, ("x", files.PNG, ""), kind="DOCUMENT", name="Floor plan.pdf"
    )

    assert done["upload"]["filename"] == "Floor plan.png"


async def test_each_type_that_whatsapp_takes(
    agent: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    for file, kind, found_kind, mime_type in TAKEN:
        with subtests.test(file=file[0]):
            done = await upload(agent, account, file, kind=kind)

            assert done["userErrors"] == []
            assert (done["upload"]["kind"], done["upload"]["mimeType"]) == (found_kind, mime_type)


async def test_animated_sticker_may_be_larger(agent: GraphQLClient, account: Account) -> None:
    data = files.make_webp(animated=True) + bytes(300 * 1024)

    done = await upload(agent, account, ("a.webp", data, "image/webp"))

    assert done["upload"]["animated"]


async def test_name_given_is_name(agent: GraphQLClient, account: Account, meta: FakeMeta) -> None:
    done = await upload(agent, account, ("x.pdf", files.PDF, ""), name='Ünter "2".pdf')

    assert done["upload"]["filename"] == 'Ünter "2".pdf'
    handed = meta.media.get(done["upload"]["mediaId"])
    assert handed is not None
    assert handed.filename == "Ünter %222%22.pdf"


REFUSED: list[tuple[File, str | None, str]] = [
    (("a.png", b"", "image/png"), None, "empty"),
    (("a.png", files.PDF, "image/png"), "IMAGE", "image type (application/pdf); use JPEG or PNG."),
    (("a.png", b"<svg/>", "image/png"), "IMAGE", "Unsupported image type; use JPEG or PNG."),
    (("a.gif", b"GIF89a" + bytes(99), "image/gif"), "IMAGE", "(image/gif); use JPEG or PNG."),
    (("a.gif", b"GIF89a" + bytes(99), "image/gif"), "DOCUMENT", "(image/gif); use JPEG or PNG."),
    (("a.mov", b"\x00\x00\x00\x14ftypqt  ", "video/mp4"), "VIDEO", "video/quicktime"),
    *[
        ((name, files.HEIC, told), kind, "Unsupported image type (image/heic); use JPEG or PNG.")
        for name, told in (("a.heic", "image/heic"), ("a.mp4", "video/mp4"), ("a.jpg", ""))
        for kind in (None, "IMAGE", "DOCUMENT")
    ],
    (("a.heic", files.HEIC, ""), "VIDEO", "Unsupported video type (image/heic); use MP4 or 3GPP."),
    (("a.heif", b"\x00\x00\x00\x18ftypheix" + bytes(99), ""), None, "(image/heic)"),
    (("a.avif", b"\x00\x00\x00\x18ftypavif" + bytes(99), ""), None, "(image/avif)"),
    # As Chrome's recorder makes them.
    (("v.webm", files.WEBM, "video/webm"), None, "video type (video/webm); use MP4 or 3GPP."),
    (("v.webm", files.WEBM, "audio/webm; codecs=opus"), None, "audio type (audio/webm); use AAC"),
    (("v.ogg", files.WEBM, "audio/ogg"), "AUDIO", "audio type (video/webm); use AAC"),
    (("v.mp4", files.WEBM, "video/mp4"), "DOCUMENT", "(video/webm)"),
    (("a.wav", b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(99), "audio/wav"), None, "use AAC"),
    (("a.bmp", b"BM" + bytes(99), "image/bmp"), "IMAGE", "(image/bmp); use JPEG or PNG."),
    (("a.ogg", files.VORBIS, "audio/ogg"), None, "Opus"),
    (("a.mp4", files.MP4, "video/mp4"), "STICKER", "use WebP"),
    (("a.webp", files.make_webp(512, 511), "image/webp"), None, "512 x 511"),
    (("a.webp", b"RIFF\x00\x00\x00\x00WEBPXXXX" + bytes(99), "image/webp"), None, "unreadable"),
    (("a.webp", files.WEBP + bytes(100 * 1024), "image/webp"), None, "102400 are allowed"),
    (("a.webp", files.make_webp(animated=True) + bytes(500 * 1024), ""), None, "512000 are"),
    (("a.png", files.PNG + bytes(5 * MIB), "image/png"), None, "5242880 are allowed"),
]


async def test_unsupported_file_is_refused_at_once(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for file, kind, reason in REFUSED:
        with subtests.test(file=file[0]):
            done = await upload(agent, account, file, kind=kind)

            (error,) = done["userErrors"]
            assert (error["code"], error["field"]) == ("INVALID_INPUT", ["file"])
            assert reason in error["message"]
    for name in ("", " ", "x" * 241, "a/b.png", "a\nb.png"):
        (error,) = (await upload(agent, account, name=name))["userErrors"]
        assert (error["code"], error["field"]) == ("INVALID_INPUT", ["filename"]), name
    assert list_uploads(meta) == []
    assert await count_stored() == NOTHING


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ({"kind": FaultKind.ERROR, "code": 131053}, "META_REFUSED", "131053"),
        ({"kind": FaultKind.ERROR, "code": 130429}, "META_REFUSED", "Try again in a moment."),
        ({"kind": FaultKind.HTML}, "META_UNREACHABLE", "try again"),
        ({"kind": FaultKind.TRUNCATED}, "META_UNREACHABLE", "try again"),
    ],
    ids=lambda value: str(value.get("code", value["kind"])) if isinstance(value, dict) else value,
)
async def test_what_whatsapp_refuses_leaves_nothing_behind(
    agent: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    fault: dict[str, Any],
    code: str,
    words: str,
) -> None:
    meta.faults.add(FaultRule(endpoint="media", **fault))

    done = await upload(agent, account)

    (error,) = done["userErrors"]
    assert (done["upload"], error["code"], error["field"]) == (None, code, None)
    assert words in error["message"]
    await eventually(is_nothing_left)
    assert (await upload(agent, account))["userErrors"] == []


async def test_refused_token_stops_account(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=190, endpoint="media"))

    first, second = await upload(agent, account), await upload(agent, account)

    assert first["userErrors"][0]["code"] == "META_REFUSED"
    assert second["userErrors"][0]["code"] == "ACCOUNT_STOPPED"
    assert len(list_uploads(meta)) == 1
    await eventually(is_nothing_left)


async def test_only_for_accounts_that_may_send(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    agent: GraphQLClient,
    account: Account,
    other_account: Account,
    meta: FakeMeta,
) -> None:
    limited = await make_client(Role.AGENT, [account])
    await collection(Account).update_one({"_id": account.id}, {"$set": {"enabled": False}})

    disabled = await upload(agent, account)
    hidden = await upload(limited, other_account)

    assert disabled["userErrors"][0]["code"] == "ACCOUNT_DISABLED"
    assert hidden["userErrors"][0] == {
        "code": "NOT_FOUND",
        "field": ["accountId"],
        "message": "The account was not found.",
    }
    assert list_uploads(meta) == []
    assert await count_stored() == NOTHING


async def test_unused_file_is_removed(
    agent: GraphQLClient, client: httpx.AsyncClient, account: Account
) -> None:
    found = (await upload(agent, account))["upload"]
    past = {"$set": {"unused_until": utc_now() - timedelta(seconds=1)}}

    await collection(UploadedMedia).update_one({}, past)

    await eventually(is_nothing_left)
    url = urlsplit(found["url"])
    assert (await client.get(f"{url.path}?{url.query}")).status_code == 404
    assert (await agent(NODE, id=found["id"]))["node"] is None


async def test_upload_is_seen_with_its_account_only(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    agent: GraphQLClient,
    client: httpx.AsyncClient,
    account: Account,
    other_account: Account,
) -> None:
    found = (await upload(agent, account))["upload"]
    stranger = await make_client(Role.ADMIN, [other_account])
    path = urlsplit(found["url"]).path

    assert (await stranger(NODE, id=found["id"]))["node"] is None
    for token, status in ((stranger.token, 404), (agent.token, 200), (None, 404)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await client.get(path, headers=headers)).status_code == status


async def test_deleted_account_leaves_no_upload(
    admin: GraphQLClient, agent: GraphQLClient, account: Account
) -> None:
    await upload(agent, account)

    await admin(
        "mutation ($id: ID!) { deleteAccount(input: {accountId: $id}) { userErrors { code } } }",
        id=id_of(account),
    )

    await eventually(is_nothing_left)

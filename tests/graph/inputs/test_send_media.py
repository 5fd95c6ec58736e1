"""Sending files by link, upload or form, and reading sent files."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from graph.core.ids import split_id
from models import Account, Message, MessageStatus
from sandbox.cloud_api.fake_meta import FakeMeta
from telemetry.global_ids import encode_id
from tests.fixtures import files
from tests.fixtures.graphql import File, GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.uploads import (
    NOTHING,
    PICTURE,
    SEND,
    count_stored,
    list_uploads,
    send,
    send_file,
    upload,
)
from tests.fixtures.waiting import eventually

EXAMPLES = Path(__file__).parents[2] / "payloads" / "sends"
CUSTOMER = "15550001111"
LINK = "https://example.com/file"
FILES: dict[str, File] = {
    "image": ("photo.jpg", files.JPEG, "image/jpeg"),
    "video": ("clip.mp4", files.MP4, "video/mp4"),
    "audio": ("note.ogg", files.OPUS, "audio/ogg"),
    "document": ("offer.pdf", files.PDF, "application/pdf"),
    "sticker": ("wave.webp", files.WEBP, "image/webp"),
}


@pytest.fixture
async def to(account: Account) -> dict[str, str]:
    """Creates a conversation with an open window."""
    return {"conversationId": conversation_id(await write_message(account, CUSTOMER, "Hi"))}


async def wait_for_body(meta: FakeMeta, message: dict[str, Any]) -> dict[str, Any]:
    """Returns the body sent to Meta, without our callback data."""
    _, message_id = split_id(message["id"]) or ("", "")

    async def look() -> Any:
        return meta.requests.find({"callback_data": message_id, "accepted": "true"})

    (request,) = await eventually(look)
    return {key: one for key, one in request.body.items() if key != "biz_opaque_callback_data"}


def load_example(name: str, **values: str) -> dict[str, Any]:
    """Meta's own example, with these values in the places of its placeholders."""
    example: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    example["to"] = CUSTOMER
    example[example["type"]] |= values
    return example


@pytest.mark.parametrize("kind", sorted(FILES))
async def test_what_is_sent_equals_metas_examples(
    agent: GraphQLClient, account: Account, to: dict[str, str], meta: FakeMeta, kind: str
) -> None:
    by_id, by_url = load_example(f"{kind}_by_id"), load_example(f"{kind}_by_url")
    uploaded = (await upload(agent, account, FILES[kind]))["upload"]
    options = {key: one for key, one in by_id[kind].items() if key != "id"}
    link_options = {key: one for key, one in by_url[kind].items() if key != "link"}

    first = await send(agent, to, {kind: {"source": {"uploadId": uploaded["id"]}, **options}})
    second = await send(agent, to, {kind: {"source": {"link": LINK}, **link_options}})

    assert await wait_for_body(meta, first["message"]) == load_example(
        f"{kind}_by_id", id=uploaded["mediaId"]
    )
    assert await wait_for_body(meta, second["message"]) == load_example(f"{kind}_by_url", link=LINK)
    assert len(list_uploads(meta)) == 1


async def test_sent_media_is_shown_like_received_media(
    agent: GraphQLClient, client: httpx.AsyncClient, to: dict[str, str]
) -> None:
    done = await send_file(agent, to, "image", PICTURE, caption="Our shop")

    message = done["message"]
    content = message["content"]
    url = urlsplit(content.pop("url"))
    assert (message["status"], message["text"]) == ("QUEUED", "Our shop")
    assert content.pop("mediaId")
    assert content == {
        "kind": "IMAGE",
        "state": "STORED",
        "mimeType": "image/png",
        "sizeBytes": len(files.PNG),
        "sha256": base64.b64encode(hashlib.sha256(files.PNG).digest()).decode(),
        "filename": "photo.png",
        "caption": "Our shop",
        "voice": False,
        "animated": False,
    }
    shown = await client.get(f"{url.path}?{url.query}")
    assert (shown.status_code, shown.content) == (200, files.PNG)
    assert 'filename="photo.png"' in shown.headers["content-disposition"]


async def test_link_is_seen_as_it_is(agent: GraphQLClient, to: dict[str, str]) -> None:
    done = await send(agent, to, {"document": {"source": {"link": LINK}, "filename": "a.pdf"}})

    content = done["message"]["content"]
    assert (content["url"], content["state"], content["filename"]) == (LINK, None, "a.pdf")
    assert done["message"]["text"] == "a.pdf"
    assert await count_stored() == NOTHING


async def test_voice_and_animation_are_marked(
    agent: GraphQLClient, to: dict[str, str], meta: FakeMeta
) -> None:
    animated = ("a.webp", files.make_webp(animated=True), "image/webp")
    voice = await send_file(agent, to, "audio", FILES["audio"], voice=True)
    sticker = await send_file(agent, to, "sticker", animated)

    assert (await wait_for_body(meta, voice["message"]))["audio"]["voice"] is True
    assert voice["message"]["content"]["voice"]
    assert (voice["message"]["text"], sticker["message"]["text"]) == ("[audio]", "[sticker]")
    assert sticker["message"]["content"]["animated"]


async def test_document_bears_name_of_its_file_or_another(
    agent: GraphQLClient, account: Account, to: dict[str, str], meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account, FILES["document"]))["upload"]
    source = {"source": {"uploadId": uploaded["id"]}}
    own = await send(agent, to, {"document": source})
    other = await send(agent, to, {"document": {**source, "filename": "b.pdf"}})

    assert (await wait_for_body(meta, own["message"]))["document"]["filename"] == "offer.pdf"
    assert (await wait_for_body(meta, other["message"]))["document"]["filename"] == "b.pdf"
    assert other["message"]["content"]["filename"] == "b.pdf"


async def test_same_key_and_bytes_upload_and_send_once(
    agent: GraphQLClient, to: dict[str, str], meta: FakeMeta
) -> None:
    first = await send_file(agent, to, "image", PICTURE, key="k1")
    again = await send_file(agent, to, "image", PICTURE, key="k1")
    other = await send_file(agent, to, "image", ("a.png", files.PNG + b"2", "image/png"), key="k1")

    assert first["message"]["id"] == again["message"]["id"]
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(list_uploads(meta)) == 1


async def test_file_of_several_messages_is_stored_once(
    agent: GraphQLClient, account: Account, to: dict[str, str]
) -> None:
    uploaded = (await upload(agent, account))["upload"]

    for _ in range(3):
        await send(agent, to, {"image": {"source": {"uploadId": uploaded["id"]}}})

    assert await count_stored() == {"media": 3, "uploads": 1, "files": 1, "chunks": 1}


async def test_retried_message_keeps_its_file(
    agent: GraphQLClient, to: dict[str, str], meta: FakeMeta
) -> None:
    first = await send_file(agent, to, "image", PICTURE)
    await wait_for_body(meta, first["message"])
    await Message.find_one({"upload_id": {"$ne": None}}).update(
        {"$set": {"status_rank": MessageStatus.FAILED.rank}}
    )

    answer = await agent(
        """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
        message { id content { ... on MediaContent { state url } } } userErrors { code } } }""",
        id=first["message"]["id"],
    )

    again = answer["retryMessage"]["message"]
    assert again["content"]["state"] == "STORED"
    assert again["id"] in again["content"]["url"] or again["content"]["url"]
    await wait_for_body(meta, again)
    assert len(list_uploads(meta)) == 1


BY_LINK = {"source": {"link": LINK}}
REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("image", {"source": {"link": "https://example.com/ä"}}, ["source", "link"]),
    ("image", {"source": {"link": "https://me:secret@example.com/x"}}, ["source", "link"]),
    ("image", {"source": {"link": "https://example.com/" + "x" * 2048}}, ["source", "link"]),
    ("image", {**BY_LINK, "caption": " "}, ["caption"]),
    ("video", {**BY_LINK, "caption": "x" * 1025}, ["caption"]),
    ("document", {**BY_LINK, "filename": "a/b"}, ["filename"]),
]


async def test_refusals_name_field(
    agent: GraphQLClient, to: dict[str, str], meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for kind, values, field in REFUSED:
        with subtests.test(kind=kind, values=values):
            done = await send(agent, to, {kind: values})

            (error,) = done["userErrors"]
            assert error["field"] == ["content", kind, *field], (values, error)
            assert error["code"] == "INVALID_INPUT"
    assert await Message.count() == 1
    assert meta.requests.list_sends() == []


async def test_unsuitable_file_is_refused_before_storing(
    agent: GraphQLClient, to: dict[str, str], meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    cases: list[tuple[str, File, dict[str, Any]]] = [
        ("image", FILES["document"], {}),
        ("sticker", PICTURE, {}),
        ("audio", ("a.mp3", files.MP3, "audio/mpeg"), {"voice": True}),
    ]
    for kind, file, more in cases:
        with subtests.test(kind=kind):
            done = await send_file(agent, to, kind, file, **more)

            (error,) = done["userErrors"]
            assert error["code"] == "INVALID_INPUT"
            assert error["field"] == ["content", kind, "source", "file"]
    assert await count_stored() == NOTHING
    assert list_uploads(meta) == []


async def test_refused_message_uploads_nothing(
    agent: GraphQLClient, account: Account, to: dict[str, str], meta: FakeMeta
) -> None:
    stranger = {"input": {"to": {"phoneNumber": "15550007777"}, "content": {"image": {}}}}
    values = stranger["input"] | {"accountId": encode_id("Account", account.id)}
    values["content"] = {"image": {"source": {"file": None}}}

    answer = await agent.post_files(
        SEND, {"input.content.image.source.file": PICTURE}, input=values
    )

    (error,) = answer.json()["data"]["sendMessage"]["userErrors"]
    assert error["code"] == "WINDOW_CLOSED"
    assert list_uploads(meta) == []
    assert await count_stored() == NOTHING


async def test_upload_of_another_kind_or_account_is_refused(
    agent: GraphQLClient,
    account: Account,
    other_account: Account,
    to: dict[str, str],
    meta: FakeMeta,
    subtests: pytest.Subtests,
) -> None:
    picture = (await upload(agent, account))["upload"]["id"]
    foreign = (await upload(agent, other_account))["upload"]["id"]
    gone = encode_id("UploadedMedia", "0" * 24)
    cases = [("video", picture, "INVALID_INPUT"), ("image", foreign, "NOT_FOUND")]
    cases += [("image", gone, "NOT_FOUND"), ("image", to["conversationId"], "NOT_FOUND")]

    for kind, upload_id, code in cases:
        with subtests.test(kind=kind, code=code):
            content = {kind: {"source": {"uploadId": upload_id}}}
            (error,) = (await send(agent, to, content))["userErrors"]
            assert error["code"] == code
            assert error["field"] == ["content", kind, "source", "uploadId"]
    assert await Message.count() == 1
    assert meta.requests.list_sends() == []


async def test_picture_may_be_sent_as_document(
    agent: GraphQLClient, account: Account, to: dict[str, str], meta: FakeMeta
) -> None:
    picture = (await upload(agent, account))["upload"]

    done = await send(agent, to, {"document": {"source": {"uploadId": picture["id"]}}})

    body = await wait_for_body(meta, done["message"])
    assert body["document"] == {"id": picture["mediaId"], "filename": "photo.png"}

"""Uploaded files in the header of a template: handed over like other files, and anew if need be."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from models import Account, Media, Message, MessageStatus, UploadedMedia
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures import files
from tests.fixtures.graphql import File, GraphQLClient
from tests.fixtures.templates import OFFER, by_name, find_body, send, sync, texts, wait_for_status
from tests.fixtures.uploads import list_uploads, upload

BODY: Any = OFFER["parameters"]["body"]
PDF: File = ("offer.pdf", files.PDF, "application/pdf")
SHOW = """query ($id: ID!) { message(id: $id) { content { ... on TemplateContent {
  header { mediaKind link url filename } } } } }"""
RETRY = """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
  message { id } userErrors { code } } }"""


def offer(upload_id: str) -> dict[str, Any]:
    header = {"image": {"source": {"uploadId": upload_id}}}
    return OFFER | {"parameters": {"header": header, "body": BODY}}


def read_header(body: dict[str, Any]) -> dict[str, Any]:
    parameter: dict[str, Any] = body["template"]["components"][0]["parameters"][0]
    return parameter


@pytest.fixture(autouse=True)
async def synced(agent: GraphQLClient, account: Account, meta: FakeMeta) -> None:
    await sync(agent, account)


async def test_picture_that_was_uploaded_is_sent_and_shown(
    agent: GraphQLClient, client: httpx.AsyncClient, account: Account, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account))["upload"]

    done = await send(agent, account, offer(uploaded["id"]))

    assert done["userErrors"] == []
    body = await find_body(meta)
    assert read_header(body) == {"type": "image", "image": {"id": uploaded["mediaId"]}}
    shown = await agent(SHOW, id=done["message"]["id"])
    header = shown["message"]["content"]["header"]
    url = urlsplit(header.pop("url"))
    assert header == {"mediaKind": "IMAGE", "link": None, "filename": None}
    picture = await client.get(f"{url.path}?{url.query}")
    assert (picture.status_code, picture.content) == (200, files.PNG)


async def test_document_keeps_its_name(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account, PDF))["upload"]
    template = by_name(
        "invoice",
        "de",
        parameters={
            "header": {"document": {"source": {"uploadId": uploaded["id"]}}},
            "body": texts("12,50 €", "1. März"),
        },
    )

    done = await send(agent, account, template)

    assert done["message"]["content"]["header"]["filename"] == "offer.pdf"
    document = read_header(await find_body(meta))["document"]
    assert document == {"id": uploaded["mediaId"], "filename": "offer.pdf"}
    [media] = await Media.find().to_list()
    assert (media.kind, media.filename) == ("document", "offer.pdf")


async def expire() -> None:
    past = {"media_id_expires_at": utc_now() - timedelta(seconds=1)}
    await collection(UploadedMedia).update_many({}, {"$set": past})


@pytest.mark.parametrize("is_known", [True, False])
async def test_expired_upload_is_repeated(
    agent: GraphQLClient, account: Account, meta: FakeMeta, is_known: bool
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    meta.media.delete(uploaded["mediaId"])
    if is_known:
        await expire()

    await send(agent, account, offer(uploaded["id"]))

    [message] = await wait_for_status("READ")
    assert len(list_uploads(meta)) == 2
    sent_id = read_header(await find_body(meta))["image"]["id"]
    assert sent_id != uploaded["mediaId"]
    assert message.content["components"][0]["parameters"][0]["image"]["id"] == sent_id


async def test_template_with_file_can_be_sent_again(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    uploaded = (await upload(agent, account))["upload"]
    done = await send(agent, account, offer(uploaded["id"]))
    await wait_for_status("READ")
    failed = {"$set": {"status_rank": MessageStatus.FAILED.rank, "status_times": {}}}
    await collection(Message).update_one({}, failed)

    again = (await agent(RETRY, id=done["message"]["id"]))["retryMessage"]

    assert again["userErrors"] == []
    [_, second] = await wait_for_status("READ")
    assert second.upload_id is not None
    assert await Media.find().count() == 2


async def test_files_that_do_not_fit_are_refused(
    agent: GraphQLClient,
    account: Account,
    other_account: Account,
    meta: FakeMeta,
    subtests: pytest.Subtests,
) -> None:
    document = (await upload(agent, account, PDF))["upload"]["id"]
    theirs = (await upload(agent, other_account))["upload"]["id"]
    field = ["content", "template", "parameters", "header", "image", "source", "uploadId"]
    for upload_id, code in (
        (document, "TEMPLATE_INVALID"),
        (theirs, "NOT_FOUND"),
        ("nonsense", "NOT_FOUND"),
    ):
        with subtests.test(upload_id=upload_id):
            done = await send(agent, account, offer(upload_id))
            shown = [(error["code"], error["field"]) for error in done["userErrors"]]
            assert shown == [(code, field)]
    assert await Message.count() == 0
    assert meta.requests.find({"endpoint": "messages"}) == []

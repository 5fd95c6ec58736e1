"""The content of an export: every message of every type with all fields, files and the rest."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any

import orjson
import pytest
from bson import ObjectId

from models import (
    DOCUMENTS,
    Account,
    AuditEntry,
    Contact,
    ContactMerge,
    Conversation,
    ConversationChange,
    Media,
    MediaState,
    Message,
    Note,
    PendingUpdate,
    User,
)
from models.database.base import collection, utc_now
from tests.fixtures.fields import load_change, make_entry
from tests.fixtures.files import MP4
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.payloads import CUSTOMER, EARLIER, FOLDER, list_payloads, load_payload
from tests.fixtures.said import id_of, write_message
from tests.fixtures.uploads import PICTURE
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.webhooks.apply.fields.test_echo_contents import make_echo
from tests.whatsapp.exports.conftest import Exports
from tests.whatsapp.media.conftest import PNG, SendFile, Settled
from whatsapp.exports.records import LEFT_OUT, LEFT_OUT_DOCUMENTS

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id } userErrors { message } } }"""
UPLOAD = """mutation ($account: ID!, $file: Upload!) {
  uploadMedia(input: {accountId: $account, file: $file}) { upload { id } userErrors { code } } }"""
STAFF = """mutation ($contact: ID!, $conversation: ID!) {
  updateContact(input: {contactId: $contact, name: "Ada", tags: ["vip"], marketingOptOut: true,
    attributes: {customer: 7}}) { userErrors { code } }
  addNote(input: {conversationId: $conversation, body: "calls back", idempotencyKey: "n1"})
    { userErrors { code } }
  closeConversation(input: {conversationId: $conversation}) { userErrors { code } } }"""


def normalise(value: Any) -> Any:
    """A stored value as JSON has it."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return orjson.loads(orjson.dumps(value, default=str, option=options))


def assert_complete(kind: type, stored: Mapping[str, Any], exported: Mapping[str, Any]) -> None:
    """Compares each stored field with the exported one."""
    wanted = {name: value for name, value in stored.items() if name not in LEFT_OUT[kind]}
    wanted["id"] = wanted.pop("_id")
    for name, value in normalise(wanted).items():
        assert exported[name] == value, f"{kind.__name__}.{name}"


async def find_contact(phone: str) -> Contact:
    async def look() -> Contact | None:
        return await Contact.find_one({"wa_id": phone})

    contact = await eventually(look)
    assert contact is not None
    return contact


async def post_corpus(webhook: WebhookClient) -> None:
    """Delivers each payload example, and waits until all are applied."""
    messages = [load_payload(name) for name in list_payloads("message")]
    # The message that others edit, quote, react to and revoke.
    messages.insert(0, make_message(sender=CUSTOMER, wamid=EARLIER, at=1_740_000_000))
    early = {"message_id": "wamid.NOT_YET", "emoji": "+"}
    messages.append(make_message("reaction", early, sender=CUSTOMER))
    for start in range(0, len(messages), 20):
        assert (await webhook.post_messages(*messages[start : start + 20])).status_code == 200
    await wait_until_applied()


async def wait_until_applied() -> None:
    async def are_applied() -> bool:
        events = collection(Message).database["webhook_events"]
        return await events.count_documents({"state": {"$ne": "PROCESSED"}}) == 0

    await eventually(are_applied)


async def test_every_document_is_exported_field_by_field(
    exports: Exports,
    admin: GraphQLClient,
    account: Account,
    other_account: Account,
    webhook: WebhookClient,
    send_file: SendFile,
    settled: Settled,
) -> None:
    await post_corpus(webhook)
    contact = await find_contact(CUSTOMER)
    await settled(await send_file(MP4, type="video", mime_type="video/mp4", sender=CUSTOMER))
    await write_staff_data(admin, contact)
    stranger = await write_message(other_account, "15550009999", "canary of others")
    await collection(ContactMerge).insert_one(
        {"_id": ObjectId(), "account_id": account.id, "into_id": contact.id, "due_at": None}
    )

    archive = await exports.export(contact.id)

    summary = archive.load("contact.json")
    stored_contact = await collection(Contact).find_one({"_id": contact.id})
    assert stored_contact is not None
    assert_complete(Contact, stored_contact, summary["contact"])
    user = await collection(User).find_one({"_id": stored_contact["user_id"]})
    assert user is not None
    assert_complete(User, user, summary["user"])
    await compare(Conversation, {"contact_id": contact.id}, summary["conversations"])
    await compare(ContactMerge, {}, summary["merges"])
    of_contact = {"change.contact_id": contact.id}
    await compare(PendingUpdate, of_contact, summary["pending_updates"])
    for kind, name in ((Message, "message"), (Note, "note"), (ConversationChange, "change")):
        (conversation,) = summary["conversations"]
        query = {"conversation_id": ObjectId(conversation["id"])}
        await compare(kind, query, archive.load_timeline(name), least=1)
    replies = [item for item in archive.load_timeline("message") if item["reply_to_wamid"]]
    quoted = [item["reply_to"] for item in replies if item["reply_to"].get("timestamp")]
    # The corpus deletes it.
    assert {(each["wamid"], each["text"]) for each in quoted} == {(EARLIER, None)}
    files = [item["file"] for item in archive.load_timeline("message") if item["file"]]
    ids = {"_id": {"$in": [ObjectId(file["id"]) for file in files]}}
    await compare(Media, ids, files, least=5)
    assert {item["type"] for item in archive.load_timeline("message")} >= TYPES
    entries = await AuditEntry.find({"targets.id": str(contact.id)}).to_list()
    exported = archive.load("audit.json")
    assert {entry["action"] for entry in exported} == {entry.action.value for entry in entries}
    assert len(entries) >= 2
    whole = b"".join(archive.read(name) for name in archive.names)
    assert b"canary" not in whole.replace(b"canary-a", b"")
    assert b"digest" not in whole.replace(archive.read("README.txt"), b"")
    assert str(stranger.id).encode() not in whole


TYPES = {
    *("audio", "button", "contacts", "document", "image", "interactive", "location", "order"),
    *("sticker", "system", "text", "unsupported", "video"),
}


async def test_messages_of_business_and_calls_are_exported(
    exports: Exports, account: Account, webhook: WebhookClient
) -> None:
    names = sorted(path.stem for path in (FOLDER / "sends").glob("*.json"))
    for number, name in enumerate(names):
        assert (await webhook.post(make_echo(name, number))).status_code == 200
    for name in ("call_missed", "call_terminate"):
        assert (await webhook.post(make_entry(load_change(name)))).status_code == 200
    await wait_until_applied()

    for contact in await Contact.find().to_list():
        archive = await exports.export(contact.id)

        messages = archive.load_timeline("message")
        await compare(Message, {"contact_id": contact.id}, messages)
        pages = archive.read_pages()
        assert all(f'id="{message["id"]}"' in pages for message in messages)
        assert all(escape(message["text"], quote=False) in pages for message in messages)
    types = await collection(Message).distinct("type")
    assert {"template", "interactive", "location", "contacts", "call"} <= set(types)


async def write_staff_data(admin: GraphQLClient, contact: Contact) -> None:
    conversation = await Conversation.find_one({"contact_id": contact.id})
    assert conversation is not None
    variables = {"contact": id_of(contact), "conversation": id_of(conversation)}
    for answer in (await admin(STAFF, **variables)).values():
        assert answer["userErrors"] == []


async def compare(
    kind: type, query: Mapping[str, Any], exported: list[dict[str, Any]], *, least: int = 1
) -> None:
    """Compares the stored documents of a query with their records, one by one."""
    stored = await collection(kind).find(query).to_list()
    by_id = {record["id"]: record for record in exported}
    assert set(by_id) == {str(fields["_id"]) for fields in stored}
    assert len(stored) == len(exported) >= least
    for fields in stored:
        assert_complete(kind, fields, by_id[str(fields["_id"])])


def test_each_document_and_field_has_its_place() -> None:
    assert set(LEFT_OUT) | set(LEFT_OUT_DOCUMENTS) == set(DOCUMENTS)
    assert not set(LEFT_OUT) & set(LEFT_OUT_DOCUMENTS)
    for kind, names in LEFT_OUT.items():
        assert set(names) <= set(kind.model_fields), kind


async def test_files_are_equal_byte_for_byte(
    exports: Exports,
    admin: GraphQLClient,
    account: Account,
    webhook: WebhookClient,
    send_file: SendFile,
    settled: Settled,
) -> None:
    received = await send_file(PNG)
    # Opens the service window.
    await webhook.post_messages(make_message())
    page = b"<script>location = 'https://evil.example'</script>"
    document = await send_file(
        page, type="document", mime_type="text/html", filename="../..\u202ecod.html"
    )
    for message in (received, document):
        assert (await settled(message)).state is MediaState.STORED
    answer = (
        await admin.post_files(UPLOAD, {"file": PICTURE}, account=id_of(account), file=None)
    ).json()
    upload_id = answer["data"]["uploadMedia"]["upload"]["id"]
    content = {"image": {"source": {"uploadId": upload_id}, "caption": "yours"}}
    to = {"conversationId": id_of(await Conversation.get(received.conversation_id))}
    sent = await admin(SEND, input={"to": to, "content": content})
    assert sent["sendMessage"]["userErrors"] == []

    archive = await exports.export(received.contact_id)

    items = [item for item in archive.load_timeline("message") if item["type"] != "text"]
    assert len(items) == 3
    contents_by_caption = {}
    for item in items:
        file = item["file"]
        data = archive.read(file["path"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size_bytes"], file["sha256"])
        contents_by_caption[item["content"].get("caption"), item["type"]] = data
    assert contents_by_caption == {
        (None, "image"): PNG,
        (None, "document"): page,
        ("yours", "image"): PICTURE[1],
    }
    (path,) = [name for name in archive.list_names("files") if str(document.id) in name]
    assert path.endswith("_cod.html.bin")
    assert ".." not in path.replace("..cod", "")
    assert "\u202e" not in path


async def test_file_that_is_missing_is_named(
    exports: Exports, account: Account, send_file: SendFile, settled: Settled
) -> None:
    message = await send_file()
    media = await settled(message)
    await collection(Media).database["media.files"].delete_one({"_id": media.stored_as})

    archive = await exports.export(message.contact_id)

    (item,) = archive.load_timeline("message")
    assert item["file"]["missing"] == "the store has lost it"
    assert "path" not in item["file"]
    assert "the store has lost it" in archive.read_pages()
    assert archive.list_names("files") == []


@pytest.mark.parametrize("capacity", [{"export_page_items": 7}], indirect=True)
async def test_long_history_is_split_into_linked_pages(exports: Exports, account: Account) -> None:
    first = await write_message(account, "15550001111", "number 0", at=utc_now())
    messages = [
        first.model_copy(
            update={
                "id": ObjectId(),
                "wamid": f"w{number}",
                "text": f"number {number}",
                "content": {"body": f"number {number}"},
                # Many share a time, as an import's do.
                "timestamp": first.timestamp + timedelta(seconds=number // 100),
            }
        )
        for number in range(1, 260)
    ]
    await Message.insert_many(messages)

    archive = await exports.export(first.contact_id)

    stored = await Message.find().sort("timestamp", "_id").to_list()
    assert [item["id"] for item in archive.load_timeline()] == [str(each.id) for each in stored]
    pages = archive.list_names("pages")
    assert len(pages) == len(archive.list_names("timeline")) == 38
    assert 'href="0002.html"' in archive.read(pages[0]).decode()
    assert 'href="0039.html"' not in archive.read(pages[-1]).decode()
    index = archive.read("index.html").decode()
    assert all(f'href="{page}"' in index for page in pages)
    assert max(len(archive.load(name)) for name in archive.list_names("timeline")) == 7


async def test_contact_without_messages_is_exported(exports: Exports, account: Account) -> None:
    message = await write_message(account, "15550001111", "x")
    contact_id = message.contact_id
    await collection(Message).delete_many({})
    await collection(Conversation).delete_many({})

    archive = await exports.export(contact_id)

    assert archive.load_timeline() == []
    assert "There are no messages." in archive.read("index.html").decode()
    assert archive.load("contact.json")["conversations"] == []
    # The request itself.
    assert [entry["action"] for entry in archive.load("audit.json")] == ["CONTACT_EXPORTED"]


async def test_readme_explains_files_and_omissions(exports: Exports, account: Account) -> None:
    message = await write_message(account, "15550001111", "x")

    archive = await exports.export(message.contact_id)

    readme = archive.read("README.txt").decode()
    folders = {name.partition("/")[0] for name in archive.names}
    assert all(folder in readme for folder in folders - {"README.txt"})
    assert all(kind.__name__ in readme for kind in LEFT_OUT_DOCUMENTS)

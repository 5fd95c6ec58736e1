"""Reactions, edits and deletions change their message, whichever of them comes first."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from models import Account, Conversation, Message, MessageDirection, PendingUpdate
from models.database.base import collection
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.webhooks.conftest import Settle
from whatsapp.messages.amendments import Edit, Reaction, Revoke, record_amendment
from whatsapp.messages.statuses import apply_pending_to_message

AT = 1_750_000_000
ANA, BOB = "16505550101", "16505550102"
TARGET = "wamid.TARGET"
QUERY = """query ($id: ID!) { message(id: $id) { text editedAt deletedAt
  content { __typename ... on TextContent { body } ... on MediaContent { mediaId caption } }
  reactions { emoji at contact { waId } }
  conversation { unreadCount lastMessage { whatsappId text } serviceWindow { expiresAt } } } }"""


def react(emoji: str | None, *, sender: str = ANA, at: int, wamid: str = "") -> dict[str, Any]:
    content = {"message_id": TARGET} | ({} if emoji is None else {"emoji": emoji})
    return make_message("reaction", content, sender=sender, at=AT + at, wamid=wamid or None)


def edit(body: str, *, at: int, wamid: str | None = None) -> dict[str, Any]:
    message = {"type": "text", "text": {"body": body}}
    content = {"original_message_id": TARGET, "message": message}
    return make_message("edit", content, sender=ANA, at=AT + at, wamid=wamid)


def revoke(*, at: int) -> dict[str, Any]:
    return make_message("revoke", {"original_message_id": TARGET}, sender=ANA, at=AT + at)


def say(text: str = "first", **more: Any) -> dict[str, Any]:
    return make_message(content={"body": text}, sender=ANA, wamid=TARGET, at=AT, **more)


async def find_target() -> Message:
    message = await Message.find_one({"wamid": TARGET})
    assert message is not None
    return message


async def show(admin: GraphQLClient) -> dict[str, Any]:
    message_id = encode_id("Message", (await find_target()).id)
    shown: dict[str, Any] = (await admin(QUERY, id=message_id))["message"]
    return shown


def to_time(seconds: int) -> str:
    return datetime.fromtimestamp(AT + seconds, UTC).isoformat()


async def test_reaction_is_shown_on_its_message_only(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    for item in (say(), react("👍", at=60), react("🎉", sender=BOB, at=30)):
        await webhook.post_messages(item)
        await settle()

    shown = await show(admin)
    assert [(one["emoji"], one["contact"]["waId"]) for one in shown["reactions"]] == [
        ("🎉", BOB),
        ("👍", ANA),
    ]
    assert shown["reactions"][1]["at"] == to_time(60)
    assert await Message.count() == 1
    conversation = shown["conversation"]
    assert (conversation["unreadCount"], conversation["lastMessage"]["text"]) == (1, "first")
    assert conversation["serviceWindow"]["expiresAt"] == to_time(24 * 3600)


@pytest.mark.parametrize("removal", ["", None])
async def test_reaction_is_taken_back(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    removal: str | None,
) -> None:
    await webhook.post_messages(say(), react(removal, at=5))
    await settle()
    await webhook.post_messages(react("👍", at=4))  # late: it was taken back since
    await settle()
    assert (await show(admin))["reactions"] == []

    await webhook.post_messages(react("🙏", at=6))
    await settle()
    assert [one["emoji"] for one in (await show(admin))["reactions"]] == ["🙏"]


async def test_edit_replaces_text_and_keeps_original(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(say(), edit("second", at=9), edit("third", at=20))
    await webhook.post_messages(edit("between", at=15))
    await settle()

    shown, stored = await show(admin), await find_target()
    assert (shown["text"], shown["content"]["body"]) == ("third", "third")
    assert shown["editedAt"] == to_time(20)
    assert stored.original is not None
    assert (stored.original["text"], stored.original["content"]) == ("first", {"body": "first"})
    assert shown["conversation"]["unreadCount"] == 1


async def test_edited_caption_keeps_its_file(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    image = make_message("image", {"id": "7", "caption": "a"}, sender=ANA, wamid=TARGET, at=AT)
    message = {"type": "image", "image": {"caption": "b"}}
    content = {"original_message_id": TARGET, "message": message}
    await webhook.post_messages(make_message("edit", content, sender=ANA, at=AT + 1), image)
    await settle()

    shown = await show(admin)
    assert shown["content"] == {"__typename": "MediaContent", "mediaId": "7", "caption": "b"}
    assert shown["text"] == "b"


async def test_deleted_message_shows_nothing_and_keeps_its_place(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(say("secret words"))
    await settle()
    assert (await show(admin))["conversation"]["unreadCount"] == 1
    await webhook.post_messages(revoke(at=5), edit("late", at=4))
    await settle()

    shown = await show(admin)
    found = await admin('{ searchMessages(text: "late") { edges { node { text } } } }')
    assert (shown["content"], shown["text"], shown["deletedAt"]) == (None, None, to_time(5))
    assert shown["conversation"]["unreadCount"] == 0
    assert shown["conversation"]["lastMessage"] == {"whatsappId": TARGET, "text": None}
    assert found["searchMessages"]["edges"] == []


def normalize(message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = message.model_dump()
    for name in ("id", "created_at", "conversation_id", "contact_id"):
        del fields[name]
    for reaction in fields["reactions"]:
        del reaction["contact_id"]
    return fields


async def test_any_order_gives_equal_documents(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    edits = [edit("b", at=2, wamid="wamid.B"), edit("a", at=2, wamid="wamid.A")]
    reactions = [react("👍", at=3, wamid="wamid.C"), react("", at=3, wamid="wamid.D")]
    items = [say(), *edits, *reactions, revoke(at=9)]
    seen = []
    for number, order in enumerate(itertools.permutations(items)):
        if number % 23:
            continue
        for item in order:
            await webhook.post_messages(item)
        await settle()
        seen.append(normalize(await find_target()))
        assert await PendingUpdate.count() == 0
        for document in (Message, Conversation):
            await collection(document).delete_many({})
        # The same body again would not be looked at.
        await collection(Message).database["webhook_events"].delete_many({})

    assert len(seen) == 32
    assert all(one == seen[0] for one in seen)


async def test_what_comes_before_its_message_waits_for_it(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(react("👍", at=3), edit("better", at=2))
    await settle()
    assert (await Message.count(), await PendingUpdate.count()) == (0, 2)

    await webhook.post_messages(say())
    await settle()

    shown = await show(admin)
    assert (shown["text"], shown["reactions"][0]["emoji"]) == ("better", "👍")
    assert await PendingUpdate.count() == 0


async def test_reaction_waits_for_wamid_of_target(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await webhook.post_messages(make_message(sender=ANA, wamid="wamid.OTHER", at=AT))
    await webhook.post_messages(react("👍", at=3))
    await settle()
    sent = await Message.find_one()
    assert sent is not None
    await sent.set({"direction": MessageDirection.OUTBOUND, "wamid": TARGET})

    await apply_pending_to_message(account.id, TARGET, sent.id)

    assert [one["emoji"] for one in (await find_target()).reactions] == ["👍"]
    assert await PendingUpdate.count() == 0


@pytest.mark.parametrize(
    "amend",
    [
        lambda common: Edit(type="text", content={"body": "x"}, text="x", **common),
        lambda common: Revoke(**common),
    ],
)
async def test_nobody_changes_another_sides_words(
    webhook: WebhookClient, account: Account, settle: Settle, amend: Callable[..., Any]
) -> None:
    await webhook.post_messages(say())
    await settle()
    by_business = {"target": TARGET, "at": datetime.fromtimestamp(AT, UTC), "wamid": "wamid.X"}

    assert not await record_amendment(account.id, amend(by_business))

    assert ((await find_target()).text, (await find_target()).deleted_at) == ("first", None)


async def test_business_may_react_too(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(say())
    await settle()
    at = datetime.fromtimestamp(AT, UTC)

    await record_amendment(account.id, Reaction(target=TARGET, at=at, wamid="wamid.X", emoji="❤️"))

    assert [one["contact"] for one in (await show(admin))["reactions"]] == [None]


async def test_erased_customer_leaves_nothing_that_waits(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await webhook.post_messages(make_message(sender=ANA), edit("private", at=2))
    await settle()
    assert await PendingUpdate.count() == 1
    message = await Message.find_one()
    assert message is not None

    erase = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"
    done = await admin(erase, id=encode_id("Contact", message.contact_id))

    assert done["deleteContact"]["userErrors"] == []
    assert await PendingUpdate.count() == 0

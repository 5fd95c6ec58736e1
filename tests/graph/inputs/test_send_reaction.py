"""Reactions of the business: sent in their turn, and shown on the message they are about."""

from datetime import timedelta
from typing import Any

import pytest

from graph.core.ids import split_id
from models import Account, Conversation, Message, MessageDirection, OutboxState
from models.database.base import collection, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.sending import (
    check_refused,
    find_body,
    load_send,
    send,
    send_to,
    wait_for_status,
)
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_status
from whatsapp.messages.amendments import Reaction, record_amendment

PHONE = "15550001111"
REACTIONS = """query ($id: ID!) { message(id: $id) { reactions { emoji at contact { id } } } }"""
AROUND = """query ($id: ID!) { conversation(id: $id) { lastActivityAt lastMessage { text }
  messages { edges { node { type: typeName text } } } } }"""


@pytest.fixture
async def said(account: Account) -> Message:
    return await write_message(account, PHONE, "Thank you", wamid="wamid.TARGET")


def react(target: Message, emoji: str | None) -> dict[str, Any]:
    return {"reaction": {"messageId": id_of(target), "emoji": emoji}}


async def list_emoji(client: GraphQLClient, target: Message) -> list[str]:
    shown = (await client(REACTIONS, id=id_of(target)))["message"]["reactions"]
    assert all(one["contact"] is None for one in shown)
    return [one["emoji"] for one in shown]


async def wait_for_emoji(client: GraphQLClient, target: Message, *emoji: str) -> None:
    async def is_shown() -> bool:
        return await list_emoji(client, target) == list(emoji)

    await eventually(is_shown)


async def find(global_id: str) -> Message:
    _, document_id = split_id(global_id) or ("", "")
    message = await Message.get(document_id)
    assert message is not None
    return message


async def test_reaction_arrives_and_is_shown_on_its_message(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    message = await send(agent, said, react(said, "😀"))

    assert await find_body(meta, message["id"]) == load_send("reaction")
    assert (message["type"], message["text"], message["status"]) == ("reaction", "😀", "QUEUED")
    await wait_for_emoji(agent, said, "😀")
    await wait_for_status(agent, message["id"], "READ")
    assert await list_emoji(agent, said) == ["😀"]


async def test_it_is_no_message_in_conversation(agent: GraphQLClient, said: Message) -> None:
    place = conversation_id(said)
    before = await agent(AROUND, id=place)

    message = await send(agent, said, react(said, "😀"))
    await wait_for_status(agent, message["id"], "READ")

    assert await agent(AROUND, id=place) == before
    assert before["conversation"]["lastMessage"] == {"text": "Thank you"}
    assert len(before["conversation"]["messages"]["edges"]) == 1


async def test_reaction_message_names_its_target(agent: GraphQLClient, said: Message) -> None:
    message = await send(agent, said, react(said, "😀"))
    query = """query ($id: ID!) { message(id: $id) { content { __typename
      ... on ReactionContent { emoji reactedTo { id text } } } } }"""

    content = (await agent(query, id=message["id"]))["message"]["content"]

    about = {"id": id_of(said), "text": "Thank you"}
    assert content == {"__typename": "ReactionContent", "emoji": "😀", "reactedTo": about}


@pytest.mark.parametrize("nothing", ["", None])
async def test_reaction_is_taken_back(
    agent: GraphQLClient, said: Message, meta: FakeMeta, nothing: str | None
) -> None:
    await send(agent, said, react(said, "👍🏽"))
    await wait_for_emoji(agent, said, "👍🏽")

    message = await send(agent, said, react(said, nothing))

    body = await find_body(meta, message["id"])
    assert body["reaction"] == {"message_id": "wamid.TARGET", "emoji": ""}
    await wait_for_emoji(agent, said)
    assert message["text"] is None


async def test_reactions_and_texts_arrive_in_their_order(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    contents = [
        react(said, "👍"),
        {"text": {"body": "one"}},
        react(said, "❤️"),
        {"text": {"body": "two"}},
    ]
    sent = [await send(agent, said, content) for content in contents]

    await find_body(meta, sent[-1]["id"])

    bodies = [request.body for request in meta.requests.list_sends()]
    said_in_order = [
        body.get("text", {}).get("body") or body["reaction"]["emoji"] for body in bodies
    ]
    assert said_in_order == ["👍", "one", "❤️", "two"]
    await wait_for_emoji(agent, said, "❤️")


async def test_refused_reaction_keeps_previous_reaction(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    await send(agent, said, react(said, "👍"))
    await wait_for_emoji(agent, said, "👍")
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131009))

    message = await send(agent, said, react(said, "❤️"))
    failed = await wait_for_status(agent, message["id"], "FAILED")

    assert failed["errors"][0]["code"] == 131009
    assert await list_emoji(agent, said) == ["👍"]


async def test_failed_reaction_is_hidden(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    await send(agent, said, react(said, "👍"))
    await wait_for_emoji(agent, said, "👍")
    meta.faults.add(FaultRule(kind=FaultKind.STATUS_FAILED, code=131009, statuses=["sent"]))

    message = await send(agent, said, react(said, "❤️"))
    await wait_for_status(agent, message["id"], "FAILED")

    await wait_for_emoji(agent, said, "👍")


async def test_failure_that_was_none_shows_it_again(
    agent: GraphQLClient, said: Message, meta: FakeMeta, webhook: WebhookClient
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.STATUS_FAILED, code=131009))
    message = await send(agent, said, react(said, "❤️"))
    await wait_for_status(agent, message["id"], "FAILED")
    await wait_for_emoji(agent, said)

    at = int(utc_now().timestamp())
    wamid = (await find(message["id"])).wamid
    await webhook.post_statuses(make_status("delivered", at=at, id=wamid))

    await wait_for_emoji(agent, said, "❤️")


async def test_unknown_outcome_is_shown_once_status_settles_it(
    agent: GraphQLClient, said: Message, meta: FakeMeta, webhook: WebhookClient
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.NO_STATUSES))
    meta.faults.add(FaultRule(kind=FaultKind.TRUNCATED))
    message = await send(agent, said, react(said, "❤️"))
    await wait_for_status(agent, message["id"], "UNKNOWN")
    assert await list_emoji(agent, said) == []

    own_id = str((await find(message["id"])).id)
    at = int(utc_now().timestamp())
    status = make_status("sent", at=at, id="wamid.LATE", biz_opaque_callback_data=own_id)
    await webhook.post_statuses(status)

    await wait_for_emoji(agent, said, "❤️")


async def test_failed_reaction_is_tried_again(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131009))
    message = await send(agent, said, react(said, "👍"))
    await wait_for_status(agent, message["id"], "FAILED")
    retry = """mutation ($id: ID!) { retryMessage(input: {messageId: $id}) {
      message { id type: typeName } userErrors { code } } }"""

    again = (await agent(retry, id=message["id"]))["retryMessage"]

    assert again["userErrors"] == []
    await wait_for_emoji(agent, said, "👍")
    assert (await find_body(meta, again["message"]["id"]))["reaction"]["emoji"] == "👍"


async def test_reactions_of_phone_and_api_replace_each_other(
    agent: GraphQLClient, said: Message
) -> None:
    first, later = utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1)
    await record_amendment(said.account_id, on_phone("🙏", at=first))
    await send(agent, said, react(said, "👍"))
    await wait_for_emoji(agent, said, "👍")

    await record_amendment(said.account_id, on_phone("🎉", at=later))

    assert await list_emoji(agent, said) == ["🎉"]


def on_phone(emoji: str, *, at: Any) -> Reaction:
    return Reaction(target="wamid.TARGET", at=at, wamid=f"wamid.{emoji}", emoji=emoji)


async def test_only_one_emoji_is_reaction(
    agent: GraphQLClient, said: Message, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    for text in ("x", "👍👍", "👍 ", " ", "1", "\u200d", "🇩🇪🇫🇷", "\0"):
        with subtests.test(text=text):
            await check_refused(agent, meta, said, react(said, text), "reaction", "emoji")


async def test_messages_that_can_not_be_reacted_to(
    agent: GraphQLClient, said: Message, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    now = utc_now()
    old, ours = now - timedelta(days=30, minutes=1), MessageDirection.OUTBOUND
    own: dict[str, Any] = {"direction": ours, "unread": False}
    others = [
        (await write_message(account, "15550002222", "elsewhere"), "NOT_FOUND"),
        (await write_message(account, PHONE, "not sent yet", wamid=None, **own), "NOT_FOUND"),
        (await write_message(account, PHONE, "👍", type="reaction", **own), "INVALID_INPUT"),
        (await write_message(account, PHONE, "gone", deleted_at=now), "CONFLICT"),
        (await write_message(account, PHONE, "old", at=old), "CONFLICT"),
    ]
    field = ("reaction", "messageId")

    for target, code in others:
        with subtests.test(target=target.text):
            await check_refused(agent, meta, said, react(target, "👍"), *field, code=code)
    unknown = {"reaction": {"messageId": encode_id("Message", account.id), "emoji": "👍"}}
    await check_refused(agent, meta, said, unknown, *field, code="NOT_FOUND")
    unreadable = {"reaction": {"messageId": "x", "emoji": "👍"}}
    await check_refused(agent, meta, said, unreadable, *field, code="NOT_FOUND")


async def test_reaction_neither_answers_nor_is_answered(
    agent: GraphQLClient, said: Message, account: Account
) -> None:
    own: dict[str, Any] = {"direction": MessageDirection.OUTBOUND, "unread": False}
    reaction = await write_message(account, PHONE, "👍", type="reaction", **own)
    before = await Message.count()

    answering = await send_to(agent, said, react(said, "👍"), replyToMessageId=id_of(said))
    answered = await send_to(agent, said, {"text": {"body": "x"}}, replyToMessageId=id_of(reaction))

    for payload in (answering, answered):
        [error] = payload["userErrors"]
        assert (error["code"], error["field"]) == ("INVALID_INPUT", ["replyToMessageId"])
    assert await Message.count() == before


async def test_open_window_is_needed(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    old = await write_message(account, PHONE, "x", at=utc_now() - timedelta(hours=25))

    payload = await send_to(agent, old, react(old, "👍"))

    assert [error["code"] for error in payload["userErrors"]] == ["WINDOW_CLOSED"]
    assert (await Message.count(), meta.requests.list_sends()) == (1, [])


async def test_queued_reaction_can_be_cancelled(
    agent: GraphQLClient, said: Message, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.THROTTLE, retry_after=600))
    message = await send(agent, said, react(said, "👍"))

    async def is_put_off() -> bool:
        stored = await find(message["id"])
        return stored.outbox_state is OutboxState.READY and stored.hold_until is not None

    await eventually(is_put_off)
    cancel = "mutation ($id: ID!) { cancelMessage(input: {messageId: $id}) { message { status } } }"

    done = await agent(cancel, id=message["id"])

    assert done["cancelMessage"]["message"]["status"] == "CANCELLED"
    assert await list_emoji(agent, said) == []


async def test_erased_conversation_keeps_no_reaction(admin: GraphQLClient, said: Message) -> None:
    message = await send(admin, said, react(said, "👍"))
    await wait_for_status(admin, message["id"], "READ")
    erase = "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"

    done = await admin(erase, id=encode_id("Contact", said.contact_id))

    assert done["deleteContact"]["userErrors"] == []
    assert await Message.count() == 0
    assert await collection(Conversation).count_documents({}) == 0

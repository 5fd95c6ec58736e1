"""A wrong wall clock of the host does not change results."""

import asyncio
import copy
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from models import Account, Contact, Conversation, HealthState, Message, Template
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.media import describe_for_webhook
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.clocks import shift_wall_clock
from tests.fixtures.fields import change_value, load_change, make_body, make_entry, post, reload
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.sending import SEND
from tests.fixtures.tokens import SETTINGS, make_token
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_change, make_message
from tests.webhooks.conftest import Settle
from whatsapp.settings import Settings

# Bound before any test replaces it.
true_time = time.time
DAY = 24 * 3600
BOTH_WAYS = pytest.mark.parametrize("shift", [-120, 120], indirect=True)
ENABLE = """mutation ($id: ID!) { enableAccount(input: {accountId: $id}) {
  account { health { state } } userErrors { code } } }"""
CLOSE = """mutation ($id: ID!) { closeConversation(input: {conversationId: $id}) {
  conversation { status } userErrors { code } } }"""
SYNC = """mutation ($id: ID!) { syncTemplates(input: {accountId: $id}) {
  created userErrors { code } } }"""
ALLOW_MARKETING = """mutation ($id: ID!) {
  updateContact(input: {contactId: $id, marketingOptOut: false}) {
  contact { marketingOptOut } userErrors { code } } }"""
CONVERSATION = """query ($id: ID!) { conversation(id: $id) { status lastMessage { text }
  messages { edges { node { id text } } } } }"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


@pytest.fixture
def shift(request: pytest.FixtureRequest, app: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """By how many seconds the clock of the running application is wrong."""
    seconds: int = request.param
    shift_wall_clock(monkeypatch, seconds)
    return seconds


async def write(webhook: WebhookClient, settle: Settle, text: str, *, at: float) -> str:
    """A text of the customer; gives the id of their conversation."""
    message = make_message("text", {"body": text}, at=int(at))
    await post(webhook, settle, make_entry(make_change(webhook.number, messages=[message])))
    [conversation] = await Conversation.find().to_list()
    return encode_id("Conversation", conversation.id)


async def answer(agent: GraphQLClient, conversation: str, text: str, **more: Any) -> Any:
    values = {"to": {"conversationId": conversation}, "content": {"text": {"body": text}}, **more}
    return (await agent(SEND, input=values))["sendMessage"]


async def show(agent: GraphQLClient, conversation: str) -> Any:
    return (await agent(CONVERSATION, id=conversation))["conversation"]


async def list_texts(agent: GraphQLClient, conversation: str) -> list[str]:
    """Oldest first."""
    edges = (await show(agent, conversation))["messages"]["edges"]
    return [edge["node"]["text"] for edge in reversed(edges)]


@pytest.mark.parametrize("shift", [-120, -60, 60, 120], indirect=True)
async def test_answers_sort_after_questions(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, shift: int
) -> None:
    conversation = await write(webhook, settle, "question", at=true_time())
    assert (await answer(agent, conversation, "answer"))["userErrors"] == []
    await write(webhook, settle, "next question", at=true_time() + 2)

    assert await list_texts(agent, conversation) == ["question", "answer", "next question"]
    assert (await show(agent, conversation))["lastMessage"] == {"text": "next question"}


@pytest.mark.parametrize("is_reply", [False, True])
async def test_answer_sorts_after_question_of_meta_clock_ahead(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, is_reply: bool
) -> None:
    conversation = await write(webhook, settle, "question", at=true_time() + 600)
    [question] = (await show(agent, conversation))["messages"]["edges"]
    more = {"replyToMessageId": question["node"]["id"]} if is_reply else {}

    texts = ["answer 0", "answer 1", "answer 2"]
    for text in texts:
        assert (await answer(agent, conversation, text, **more))["userErrors"] == []

    assert await list_texts(agent, conversation) == ["question", *texts]


async def test_reply_sorts_after_its_message_without_summary(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient
) -> None:
    """The conversation may not yet know the message that an agent already sees."""
    conversation = await write(webhook, settle, "question", at=true_time() + 600)
    [question] = (await show(agent, conversation))["messages"]["edges"]
    unknown = {"last_message_at": None, "last_message_id": None}
    await collection(Conversation).update_one({}, {"$set": unknown})

    reply = {"replyToMessageId": question["node"]["id"]}
    assert (await answer(agent, conversation, "answer", **reply))["userErrors"] == []

    assert await list_texts(agent, conversation) == ["question", "answer"]


@BOTH_WAYS
async def test_closed_conversation_reopens_for_later_messages_only(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, shift: int
) -> None:
    conversation = await write(webhook, settle, "first", at=true_time() - 100)
    assert (await agent(CLOSE, id=conversation))["closeConversation"]["userErrors"] == []

    await write(webhook, settle, "delayed", at=true_time() - 60)
    assert (await show(agent, conversation))["status"] == "CLOSED"
    await write(webhook, settle, "later", at=true_time() + 1)
    assert (await show(agent, conversation))["status"] == "OPEN"


@BOTH_WAYS
async def test_service_window_ends_24_hours_after_meta_time(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, shift: int
) -> None:
    conversation = await write(webhook, settle, "old", at=true_time() - DAY - 60)
    refused = await answer(agent, conversation, "too late")
    assert [error["code"] for error in refused["userErrors"]] == ["WINDOW_CLOSED"]
    assert await list_texts(agent, conversation) == ["old"]

    await write(webhook, settle, "newer", at=true_time() - DAY + 60)
    assert (await answer(agent, conversation, "in time"))["userErrors"] == []


@BOTH_WAYS
async def test_started_account_is_stopped_by_later_news_only(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient, shift: int
) -> None:
    await post(webhook, settle, make_body("account_banned", at=int(true_time()) - 90))
    assert (await reload(account)).health.state is HealthState.STOPPED
    started = await admin(ENABLE, id=encode_id("Account", account.id))
    assert started["enableAccount"]["account"]["health"]["state"] == "OK"

    await post(webhook, settle, make_body("account_offboarded", at=int(true_time()) - 60))
    assert (await reload(account)).health.state is HealthState.OK
    await post(webhook, settle, make_body("account_deleted", at=int(true_time()) + 2))
    assert (await reload(account)).health.state is HealthState.STOPPED


@BOTH_WAYS
async def test_staff_choice_yields_to_later_choices(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, shift: int
) -> None:
    async def stop(at: float) -> None:
        change = copy.deepcopy(load_change("user_preference_stop"))
        change["value"]["user_preferences"][0]["timestamp"] = int(at)
        await post(webhook, settle, make_entry(change, at=int(at)))

    async def has_opted_out() -> bool:
        [contact] = await Contact.find().to_list()
        return contact.marketing_opt_out

    await stop(true_time() - 90)
    [contact] = await Contact.find().to_list()
    await agent(ALLOW_MARKETING, id=encode_id("Contact", contact.id))

    await stop(true_time() - 60)
    assert not await has_opted_out()
    await stop(true_time() + 2)
    assert await has_opted_out()


@BOTH_WAYS
async def test_synced_template_changes_by_later_webhooks_only(
    webhook: WebhookClient, account: Account, settle: Settle, agent: GraphQLClient, shift: int
) -> None:
    synced = await agent(SYNC, id=encode_id("Account", account.id))
    assert synced["syncTemplates"]["userErrors"] == []
    template = await Template.find_one({"account_id": account.id, "status": "APPROVED"})
    assert template is not None

    async def tell(event: str, at: float) -> str | None:
        told = {"message_template_id": int(template.template_id), "event": event}
        change = change_value(load_change("template_approved"), **told)
        await post(webhook, settle, make_entry(change, at=int(at)))
        found = await Template.get(template.id)
        return found and found.status

    assert await tell("REJECTED", true_time() - 60) == "APPROVED"
    assert await tell("PAUSED", true_time() + 2) == "PAUSED"


async def set_template_lease(account: Account, *, seconds: float) -> None:
    """Another host leased the account, and does until then."""
    at = true_time()
    state = {"due_at": at - 1, "leased_until": at + seconds}
    times = {name: datetime.fromtimestamp(value, UTC) for name, value in state.items()}
    change = {f"template_sync.{name}": value for name, value in times.items()}
    await collection(Account).update_one(
        {"_id": account.id}, {"$set": {**change, "template_sync.synced_at": None}}
    )


@BOTH_WAYS
async def test_template_lease_of_another_host_ends_in_time(account: Account, shift: int) -> None:
    async def is_synced() -> bool:
        return (await reload(account)).template_sync.synced_at is not None

    await set_template_lease(account, seconds=60)
    await asyncio.sleep(2)  # four polls
    assert not await is_synced()

    await set_template_lease(account, seconds=-30)
    await eventually(is_synced, seconds=30)


@pytest.mark.parametrize("shift", [120], indirect=True)
async def test_received_file_is_fetched_at_once(
    webhook: WebhookClient, account: Account, settle: Settle, meta: FakeMeta, shift: int
) -> None:
    data = b"\x89PNG\r\n\x1a\n" + bytes(99)
    stored = meta.media.add(data, phone_number_id=account.phone_number_id, mime_type="image/png")
    content = describe_for_webhook(stored, url="https://lookaside.fbsbx.com/x")
    message = make_message("image", content, at=int(true_time()))
    await post(webhook, settle, make_entry(make_change(webhook.number, messages=[message])))

    async def is_fetched() -> bool:
        return await Message.find_one({"media_state": {"$ne": "PENDING"}}) is not None

    await eventually(is_fetched, seconds=30)


@BOTH_WAYS
async def test_token_holds_by_database_clock(client: httpx.AsyncClient, shift: int) -> None:
    async def find_code(**claims: Any) -> str | None:
        token = make_token(**claims)
        return await GraphQLClient(client, token).find_error_code("{ viewer { name } }")

    now = int(true_time())
    assert await find_code(exp=now + 60, iat=now, nbf=now) is None
    assert await find_code(exp=now - 1) == "UNAUTHENTICATED"
    assert await find_code(exp=now + 600, nbf=now + 90) == "UNAUTHENTICATED"
    assert await find_code(exp=now + 600, iat=now + 90) == "UNAUTHENTICATED"

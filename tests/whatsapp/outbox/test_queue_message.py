"""Queueing: checks, stored documents; refusals store nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from models import (
    DOCUMENTS,
    Contact,
    Conversation,
    Identity,
    IdentityKind,
    Message,
    MessageStatus,
    OutboxState,
    User,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id
from tests.fixtures.outbox import (
    AGENT,
    PHONE,
    OutboxWorld,
    get_message,
    hours_ago,
    let_window_close,
)
from whatsapp.accounts.accounts import create_account, set_account_enabled, stop_account
from whatsapp.errors import (
    AccountDisabled,
    AccountStopped,
    ContactBlocked,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    Refused,
    WindowClosed,
)
from whatsapp.outbox.content import OutgoingText
from whatsapp.outbox.recipients import Recipient

BSUID = "US.13491208655302741918"
HELLO = OutgoingText("Hello")


@dataclass(frozen=True)
class Invitation(OutgoingText):
    """Content that needs no open window, as templates are."""

    needs_window: ClassVar[bool] = False


async def read_everything() -> dict[str, list[dict[str, Any]]]:
    return {
        document_class.__name__: await collection(document_class).find().to_list()
        for document_class in DOCUMENTS
    }


async def queue_to(world: OutboxWorld, recipient: Recipient, **more: Any) -> Message:
    arguments: dict[str, Any] = {"account_id": world.account.id, "content": HELLO, **more}
    return await world.outbox.queue_message(AGENT, recipient=recipient, **arguments)


async def test_message_is_stored_as_queued(world: OutboxWorld, conversation: Conversation) -> None:
    message = await world.queue(conversation, "Good morning")

    stored = await get_message(message.id)
    assert (stored.status, stored.outbox_state) == (MessageStatus.QUEUED, OutboxState.READY)
    assert stored.content == {"body": "Good morning", "preview_url": False}
    assert (stored.text, stored.sent_by) == ("Good morning", "an agent")
    assert stored.timestamp == stored.created_at == stored.status_times["queued"]
    summary = await Conversation.get(conversation.id)
    assert summary is not None
    assert summary.last_message_id == message.id


async def test_times_rise_within_conversation(
    world: OutboxWorld, conversation: Conversation
) -> None:
    ahead = await world.receive(conversation, at=hours_ago(-1))
    messages = [await world.queue(conversation) for _ in range(3)]

    times = [message.timestamp for message in (ahead, *messages)]
    assert times == sorted(set(times))


@pytest.mark.parametrize("body", ["", " \n\t", "a" * 4097, "nul \0 inside", "lone \ud800 half"])
async def test_text_that_can_not_be_sent_is_refused(
    world: OutboxWorld, conversation: Conversation, body: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await world.queue(conversation, body)

    assert refusal.value.field == ["content", "text", "body"]
    assert await Message.find({"text": body.replace("\ud800", "")}).count() == 0


async def test_text_of_4096_characters_is_sent(
    world: OutboxWorld, conversation: Conversation
) -> None:
    body = "\N{GRINNING FACE}" * 4096

    async with world.dispatching():
        await world.wait_for(await world.queue(conversation, body), MessageStatus.ACCEPTED)

    assert world.list_texts() == [body]


@pytest.mark.parametrize("written", ["+1 (650) 555-1234", "16505551234"])
async def test_phone_number_finds_its_conversation(
    world: OutboxWorld, conversation: Conversation, written: str
) -> None:
    message = await queue_to(world, Recipient(phone_number=written))

    assert message.conversation_id == conversation.id


async def test_either_form_of_brazilian_number_finds_its_conversation(world: OutboxWorld) -> None:
    conversation = await world.add_customer(phone="551187654321")

    message = await queue_to(world, Recipient(phone_number="+55 11 98765-4321"))

    assert message.conversation_id == conversation.id


async def test_customer_without_phone_gets_message_by_user_id(world: OutboxWorld) -> None:
    await world.add_customer(Identity(kind=IdentityKind.BSUID, value=BSUID))

    async with world.dispatching():
        message = await queue_to(world, Recipient(bsuid=BSUID))
        await world.wait_for(message, MessageStatus.ACCEPTED)

    body = world.meta.requests.list_sends()[0].body
    assert body["recipient"] == BSUID
    assert "to" not in body


async def test_contact_is_recipient_without_its_account(
    world: OutboxWorld, conversation: Conversation
) -> None:
    recipient = Recipient(contact_id=conversation.contact_id)

    message = await queue_to(world, recipient, account_id=None)

    assert message.conversation_id == conversation.id


Setup = Callable[[OutboxWorld, Conversation], Awaitable[dict[str, Any]]]


async def disable(world: OutboxWorld, conversation: Conversation) -> dict[str, Any]:
    await set_account_enabled(world.account, enabled=False)
    return {}


async def stop(world: OutboxWorld, conversation: Conversation) -> dict[str, Any]:
    await stop_account(world.account, reason="token expired")
    return {}


async def block(world: OutboxWorld, conversation: Conversation) -> dict[str, Any]:
    await collection(Contact).update_one({"_id": conversation.contact_id}, {"$set": {"blocked": 1}})
    return {}


async def wait_a_day(world: OutboxWorld, conversation: Conversation) -> dict[str, Any]:
    await let_window_close(conversation, hours=24.01)
    return {}


def given(**more: Any) -> Setup:
    async def setup(world: OutboxWorld, conversation: Conversation) -> dict[str, Any]:
        return more

    return setup


REFUSALS: list[tuple[Setup, type[Refused], list[str] | None]] = [
    (disable, AccountDisabled, None),
    (stop, AccountStopped, None),
    (block, ContactBlocked, None),
    (wait_a_day, WindowClosed, None),
    (given(account_id=None), InvalidInput, ["accountId"]),
    (given(account_id=new_id()), NotFound, ["accountId"]),
    (given(recipient=Recipient()), InvalidInput, ["to"]),
    (given(recipient=Recipient(phone_number=PHONE, bsuid=BSUID)), InvalidInput, ["to"]),
    (given(recipient=Recipient(phone_number="0650")), InvalidInput, ["to", "phoneNumber"]),
    (given(recipient=Recipient(bsuid="US.13 1")), InvalidInput, ["to", "businessScopedUserId"]),
    (given(recipient=Recipient(bsuid=BSUID)), WindowClosed, None),
    (given(recipient=Recipient(contact_id=new_id())), NotFound, ["to", "contactId"]),
    (given(recipient=Recipient(conversation_id=new_id())), NotFound, ["to", "conversationId"]),
    (given(reply_to_message_id=new_id()), NotFound, ["replyToMessageId"]),
    (given(idempotency_key=""), InvalidInput, ["idempotencyKey"]),
    (given(idempotency_key="a\nb"), InvalidInput, ["idempotencyKey"]),
    (given(idempotency_key="a" * 256), InvalidInput, ["idempotencyKey"]),
    (given(content=OutgoingText(" ")), InvalidInput, ["content", "text", "body"]),
]


@pytest.mark.parametrize(("setup", "error", "field"), REFUSALS)
async def test_refusal_writes_nothing(
    world: OutboxWorld,
    conversation: Conversation,
    setup: Setup,
    error: type[Refused],
    field: list[str] | None,
) -> None:
    arguments = {"recipient": Recipient(phone_number=PHONE)} | await setup(world, conversation)
    before = await read_everything()

    with pytest.raises(error) as refusal:
        await queue_to(world, **arguments)

    assert refusal.value.field == field
    assert await read_everything() == before
    assert not world.meta.requests.requests


async def test_recipient_of_another_account_is_refused(
    world: OutboxWorld, conversation: Conversation
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await queue_to(world, Recipient(conversation_id=conversation.id), account_id=new_id())

    assert refusal.value.field == ["accountId"]


@pytest.mark.parametrize("by_phone", [True, False])
async def test_what_viewer_may_not_see_is_not_found(
    world: OutboxWorld, conversation: Conversation, by_phone: bool
) -> None:
    stranger = replace(AGENT, account_ids=frozenset({new_id()}))
    named = Recipient(conversation_id=conversation.id)

    with pytest.raises(NotFound):
        await world.outbox.queue_message(
            stranger,
            account_id=world.account.id,
            recipient=Recipient(phone_number=PHONE) if by_phone else named,
            content=HELLO,
        )


async def test_new_number_gets_no_user(world: OutboxWorld) -> None:
    recipient = Recipient(phone_number="+15550001111")
    content = Invitation("Welcome")

    messages = await asyncio.gather(
        *(queue_to(world, recipient, content=content) for _ in range(5))
    )

    assert len({message.conversation_id for message in messages}) == 1
    counts = [await each.find().count() for each in (Contact, User, Conversation)]
    assert counts == [1, 0, 1]
    assert len({message.id for message in messages}) == 5


async def test_reply_names_message_it_answers(
    world: OutboxWorld, conversation: Conversation
) -> None:
    question = await world.receive(conversation, at=hours_ago(1))

    async with world.dispatching():
        answer = await world.queue(conversation, reply_to_message_id=question.id)
        await world.wait_for(answer, MessageStatus.ACCEPTED)

    assert world.meta.requests.list_sends()[0].body["context"] == {"message_id": question.wamid}


async def test_reply_needs_message_of_conversation(
    world: OutboxWorld, conversation: Conversation
) -> None:
    elsewhere = await world.add_customer(phone="16505550002")
    question = await world.receive(elsewhere, at=hours_ago(1))

    with pytest.raises(NotFound):
        await world.queue(conversation, reply_to_message_id=question.id)


async def test_concurrent_idempotency_key_makes_one_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching():
        answers = await asyncio.gather(
            *(world.queue(conversation, idempotency_key="order-7") for _ in range(20))
        )
        await world.wait_for(answers[0], MessageStatus.ACCEPTED)

    assert len({message.id for message in answers}) == 1
    assert world.list_texts() == ["Hello"]


async def test_repeated_request_is_answered_after_window_has_closed(
    world: OutboxWorld, conversation: Conversation
) -> None:
    first = await world.queue(conversation, idempotency_key="order-7")
    await wait_a_day(world, conversation)
    await disable(world, conversation)

    assert (await world.queue(conversation, idempotency_key="order-7")).id == first.id


async def test_phone_number_written_otherwise_is_same_request(
    world: OutboxWorld, conversation: Conversation
) -> None:
    first = await queue_to(world, Recipient(phone_number=PHONE), idempotency_key="order-7")

    again = Recipient(phone_number="+1 650 555 1234")
    assert (await queue_to(world, again, idempotency_key="order-7")).id == first.id


async def test_key_can_not_be_used_for_another_message(
    world: OutboxWorld, conversation: Conversation
) -> None:
    await world.queue(conversation, "Hello", idempotency_key="order-7")

    with pytest.raises(IdempotencyKeyReused):
        await world.queue(conversation, "Goodbye", idempotency_key="order-7")

    assert await Message.find({"text": "Goodbye"}).count() == 0


async def test_another_account_may_use_same_key(
    world: OutboxWorld, conversation: Conversation
) -> None:
    first = await world.queue(conversation, idempotency_key="order-7")
    world.account, _ = await create_account(
        world.keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name="Other shop",
        phone_number_id="106540352242923",
        business_account_id="419561257915478",
        access_token="canary-access-token-B",
    )
    elsewhere = await world.add_customer()

    assert (await world.queue(elsewhere, "Goodbye", idempotency_key="order-7")).id != first.id

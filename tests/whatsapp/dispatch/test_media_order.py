"""A file is not overtaken by the text behind it: it holds its conversation until it is sent."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from models import Conversation, Message, MessageDirection, MessageStatus, OutboxState
from models.database.base import DEFAULT_WORKSPACE_ID, new_id, utc_now
from tests.fixtures.outbox import AGENT, HeldAnswers, OutboxWorld, get_message
from tests.fixtures.waiting import eventually
from whatsapp.messages.statuses import StatusUpdate, record_status
from whatsapp.outbox.content import ResolvedContent, carries_file
from whatsapp.outbox.recipients import Recipient, Target
from whatsapp.outbox.target_pipeline import References


@dataclass(frozen=True)
class Picture:
    """As much of a picture as the outbox needs."""

    link: str = "https://example.com/picture.png"
    type: str = "image"
    needs_window: bool = True
    references: ClassVar[References] = References()

    def describe(self) -> dict[str, Any]:
        return {"link": self.link}

    def check(self) -> None:
        pass

    async def resolve(self, target: Target) -> ResolvedContent:  # noqa: ARG002 - the same for all
        return ResolvedContent(content={"link": self.link}, text=None)


async def queue_picture(world: OutboxWorld, conversation: Conversation) -> Message:
    return await world.outbox.queue_message(
        AGENT,
        account_id=None,
        recipient=Recipient(conversation_id=conversation.id),
        content=Picture(),
    )


async def wait_until_held(message: Message) -> Message:
    async def is_held() -> bool:
        return (await get_message(message.id)).outbox_state is OutboxState.HOLDING

    await eventually(is_held)
    return await get_message(message.id)


@pytest.mark.parametrize("knows", ["wamid", "message_id"])
async def test_text_waits_until_picture_before_it_is_sent(
    world: OutboxWorld, conversation: Conversation, knows: str
) -> None:
    async with world.dispatching(media_hold_seconds=600):
        picture = await queue_picture(world, conversation)
        text = await world.queue(conversation, "Do you like it?")
        picture = await wait_until_held(picture)
        assert len(world.meta.requests.requests) == 1
        name = {"wamid": picture.wamid} if knows == "wamid" else {"message_id": picture.id}
        await record_status(picture.account_id, StatusUpdate(name="sent", at=utc_now(), **name))
        await world.wait_for(text, MessageStatus.ACCEPTED)

    found = await get_message(picture.id)
    assert (found.status, found.outbox_state) == (MessageStatus.SENT, OutboxState.DONE)


async def test_silent_media_hold_expires(world: OutboxWorld, conversation: Conversation) -> None:
    async with world.dispatching(media_hold_seconds=0.4):
        picture = await queue_picture(world, conversation)
        text = await world.wait_for(await world.queue(conversation), MessageStatus.ACCEPTED)

    accepted_at = (await get_message(picture.id)).status_times["accepted"]
    assert (text.status_times["sending"] - accepted_at).total_seconds() >= 0.35


async def test_status_before_answer_lets_text_go_at_once(
    world: OutboxWorld, conversation: Conversation
) -> None:
    held = HeldAnswers(world.transport)

    async with world.dispatching(transport=held, media_hold_seconds=600):
        picture = await queue_picture(world, conversation)
        await world.wait_for(picture, MessageStatus.SENDING)
        sent = StatusUpdate(name="sent", at=utc_now(), message_id=picture.id)
        await record_status(picture.account_id, sent)
        held.release()
        text = await world.queue(conversation)
        await world.wait_for(text, MessageStatus.ACCEPTED)

    assert [one.body["type"] for one in world.meta.requests.list_sends()] == ["image", "text"]


async def test_picture_that_failed_holds_nothing(
    world: OutboxWorld, conversation: Conversation
) -> None:
    async with world.dispatching(media_hold_seconds=600):
        picture = await wait_until_held(await queue_picture(world, conversation))
        failed = StatusUpdate(name="failed", at=utc_now(), wamid=picture.wamid)
        text = await world.queue(conversation)
        await record_status(picture.account_id, failed)
        await world.wait_for(text, MessageStatus.ACCEPTED)


HEADER = {"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}
BODY = {"type": "body", "parameters": [{"type": "text", "text": "image"}]}
PICTURE_CARDS = {"type": "carousel", "cards": [{"card_index": 0, "components": [HEADER, BODY]}]}
TEXT_CARDS = {"type": "carousel", "cards": [{"card_index": 0, "components": [BODY]}]}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("type", "content", "expected"),
    [
        ("image", {"id": "1"}, True),
        ("sticker", {"id": "1"}, True),
        ("text", {"body": "image"}, False),
        ("template", {"name": "offer", "components": [HEADER, BODY]}, True),
        ("template", {"name": "offer", "components": [BODY]}, False),
        ("template", {"name": "offer", "components": [BODY, PICTURE_CARDS]}, True),
        ("template", {"name": "offer", "components": [BODY, TEXT_CARDS]}, False),
        ("template", {"name": "offer"}, False),
        ("interactive", {"type": "button", "header": {"type": "video", "video": {}}}, True),
        ("interactive", {"type": "button", "header": {"type": "text", "text": "x"}}, False),
    ],
)
async def test_headers_carry_files_too(type: str, content: dict[str, Any], expected: bool) -> None:
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=new_id(),
        conversation_id=new_id(),
        contact_id=new_id(),
        direction=MessageDirection.OUTBOUND,
        type=type,
        content=content,
        timestamp=utc_now(),
        status_rank=MessageStatus.QUEUED.rank,
    )

    assert carries_file(message) is expected

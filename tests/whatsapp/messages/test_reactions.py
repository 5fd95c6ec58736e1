"""Reactions of the business: equal results in any order of events."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from models import Conversation, Message, MessageDirection, MessageStatus
from models.database.base import DEFAULT_WORKSPACE_ID, collection, to_bson, utc_now
from tests.fixtures.outbox import OutboxWorld, get_message, hours_ago
from whatsapp.messages.amendments import Reaction, record_amendment
from whatsapp.messages.reactions import (
    KEPT_REACTIONS,
    list_current_reactions,
    show_accepted_reaction,
)
from whatsapp.messages.statuses import StatusUpdate, record_status


@pytest.fixture
async def target(world: OutboxWorld, conversation: Conversation) -> Message:
    return await world.receive(conversation, at=hours_ago(1))


async def send_reaction(target: Message, emoji: str, *, seconds: int = 0) -> Message:
    """Returns an accepted reaction from now plus `seconds`."""
    reaction = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=target.account_id,
        conversation_id=target.conversation_id,
        contact_id=target.contact_id,
        direction=MessageDirection.OUTBOUND,
        type="reaction",
        content={"message_id": target.wamid, "emoji": emoji},
        timestamp=utc_now() + timedelta(seconds=seconds),
        status_rank=MessageStatus.SENDING.rank,
    )
    await collection(Message).insert_one(to_bson(reaction))
    return reaction


async def report(reaction: Message, name: str) -> None:
    update = StatusUpdate(name=name, at=hours_ago(0), message_id=reaction.id)
    assert await record_status(reaction.account_id, update)


async def list_emoji(target: Message) -> list[str]:
    return [
        one["emoji"] for one in list_current_reactions((await get_message(target.id)).reactions)
    ]


def list_facts(message: Message) -> list[Any]:
    return [(one["emoji"], one["stage"]) for one in message.reactions]


async def test_reports_in_any_order_end_equal(target: Message, subtests: pytest.Subtests) -> None:
    ends = {
        ("sent", "delivered"): ["👍"],
        ("sent", "failed"): [],
        ("sent", "failed", "delivered"): ["👍"],
        ("failed", "read"): ["👍"],
        ("sent", "sent"): ["👍"],
    }

    for names, emoji in ends.items():
        with subtests.test(names=names):
            seen = []
            for order in itertools.permutations(names):
                await collection(Message).update_one(
                    {"_id": target.id}, {"$set": {"reactions": []}}
                )
                reaction = await send_reaction(target, "👍")
                for name in order:
                    await report(reaction, name)
                # The answer to the send may come last of all.
                await show_accepted_reaction(reaction)
                seen.append(list_facts(await get_message(target.id)))
                assert await list_emoji(target) == emoji, order
            assert all(one == seen[0] for one in seen)


async def test_reports_at_once_end_equal(target: Message) -> None:
    for _ in range(5):
        await collection(Message).update_one({"_id": target.id}, {"$set": {"reactions": []}})
        first = await send_reaction(target, "👍")
        second = await send_reaction(target, "❤️", seconds=1)

        await asyncio.gather(
            *(report(one, name) for one in (first, second) for name in ("sent", "delivered")),
            report(second, "failed"),
            show_accepted_reaction(first),
            show_accepted_reaction(second),
        )

        assert await list_emoji(target) == ["❤️"]
        assert list_facts(await get_message(target.id)) == [("👍", 3), ("❤️", 3)]


async def test_failed_reaction_restores_previous_reaction(target: Message) -> None:
    for seconds, emoji in enumerate(("👍", "", "❤️")):
        await report(await send_reaction(target, emoji, seconds=seconds), "delivered")
    failing = await send_reaction(target, "🎉", seconds=9)
    await report(failing, "sent")
    assert await list_emoji(target) == ["🎉"]

    await report(failing, "failed")

    assert await list_emoji(target) == ["❤️"]


async def test_each_side_has_its_reaction(target: Message) -> None:
    at = hours_ago(0.5)
    customer = Reaction(
        target=str(target.wamid), at=at, wamid="wamid.A", emoji="🙏", contact_id=target.contact_id
    )
    phone = Reaction(target=str(target.wamid), at=at, wamid="wamid.B", emoji="😮")
    reaction = await send_reaction(target, "👍")
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: record_amendment(target.account_id, customer),
        lambda: record_amendment(target.account_id, phone),
        lambda: report(reaction, "sent"),
    ]
    seen = []

    for order in itertools.permutations(acts):
        await collection(Message).update_one({"_id": target.id}, {"$set": {"reactions": []}})
        for act in order:
            await act()
        seen.append((await get_message(target.id)).reactions)
        assert await list_emoji(target) == ["🙏", "👍"]

    assert all(one == seen[0] for one in seen)


async def test_message_does_not_grow_with_every_reaction(target: Message) -> None:
    for number in range(KEPT_REACTIONS + 5):
        await report(await send_reaction(target, f"{number}", seconds=number), "sent")

    stored = (await get_message(target.id)).reactions

    assert len(stored) == KEPT_REACTIONS
    assert await list_emoji(target) == [f"{KEPT_REACTIONS + 4}"]


async def test_other_messages_are_left_alone(
    world: OutboxWorld, conversation: Conversation, target: Message
) -> None:
    message = await world.queue(conversation)

    await report(message, "delivered")
    await show_accepted_reaction(message)

    assert (await get_message(target.id)).reactions == []

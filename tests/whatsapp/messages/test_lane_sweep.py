"""Forgotten lanes with messages are found and woken."""

from models import Conversation, Lane, Message, MessageStatus, OutboxState
from models.database.base import collection, new_id, to_bson
from tests.fixtures.outbox import OutboxWorld, get_message, hours_ago
from whatsapp.accounts.accounts import create_account
from whatsapp.messages.lanes import SWEEP_LIMIT


async def put_to_sleep(conversation: Conversation) -> None:
    """As of a process that ended before it woke the lane, or of an account that was stopped."""
    await collection(Lane).update_one({"_id": conversation.id}, {"$set": {"next_attempt_at": None}})


async def fill_outbox_of_another_account(world: OutboxWorld, message: Message) -> None:
    """With as many older messages as are looked at; they wait for their own reasons."""
    other, _ = await create_account(
        world.keyring,
        name="Other shop",
        phone_number_id="106540352242923",
        business_account_id="419561257915478",
        access_token="canary-access-token-B",
    )
    older = {
        **to_bson(message),
        "account_id": other.id,
        "conversation_id": new_id(),
        "outbox_state": OutboxState.HOLDING.value,
        "created_at": hours_ago(1),
    }
    await collection(Message).insert_many([older | {"_id": new_id()} for _ in range(SWEEP_LIMIT)])


async def test_no_account_waits_for_messages_of_another(
    world: OutboxWorld, conversation: Conversation
) -> None:
    message = await world.queue(conversation)
    await fill_outbox_of_another_account(world, message)
    await put_to_sleep(conversation)

    async with world.dispatching():
        await world.wait_for(message, MessageStatus.ACCEPTED)

    assert (await get_message(message.id)).attempts == 1

"""Accounts are spread over the processes that send."""

from collections import Counter
from contextlib import AsyncExitStack

from beanie import PydanticObjectId

from models import Conversation, Identity, IdentityKind, Member, MessageStatus, Partition
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from tests.fixtures.outbox import OutboxWorld
from tests.fixtures.waiting import eventually
from whatsapp.accounts.accounts import create_account
from whatsapp.contacts.contacts import get_or_create_contact
from whatsapp.conversations.conversations import get_or_create_conversation
from whatsapp.dispatch.dispatcher import Dispatcher
from whatsapp.dispatch.members.partitions import choose_share
from whatsapp.dispatch.queues.account_queue import AccountQueue

ACCOUNTS = 6


async def add_conversation(world: OutboxWorld, number: int) -> Conversation:
    """Of another account, whose requests end at the same fake of Meta."""
    account, _ = await create_account(
        world.keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=f"Shop {number}",
        phone_number_id=f"20654035224292{number}",
        business_account_id=world.account.business_account_id,
        access_token="canary-access-token-A",
    )
    identity = Identity(kind=IdentityKind.WA_ID, value=f"1650555{number:04}")
    contact = await get_or_create_contact(account.id, [identity])
    conversation = await get_or_create_conversation(account.id, contact.id)
    await world.receive(conversation, at=utc_now())
    return conversation


async def count_owned() -> list[int]:
    """The numbers of accounts of each owner, in ascending order."""
    partitions = await collection(Partition).find({"owner": {"$ne": None}}).to_list()
    return sorted(Counter(partition["owner"] for partition in partitions).values())


async def test_new_process_gets_accounts_of_busy_one(world: OutboxWorld) -> None:
    conversations = [await add_conversation(world, number) for number in range(ACCOUNTS)]
    # Refused for long, so that all accounts have something to send.
    world.break_sends("error", code=131000, times=None)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.dispatching(retry_base_seconds=600.0, retry_limit=9))
        for each in conversations:
            await world.queue(each)

        async def are_owned_by_one() -> bool:
            return await count_owned() == [ACCOUNTS]

        await eventually(are_owned_by_one)
        await stack.enter_async_context(world.dispatching())

        async def are_shared() -> bool:
            return await count_owned() == [2, 4]

        await eventually(are_shared)


def test_members_share_accounts_of_dead_one() -> None:
    accounts, members = {new_id() for _ in range(7)}, [new_id() for _ in range(3)]

    shares = [choose_share(accounts, members, member) for member in members]

    assert sorted(len(share) for share in shares) == [2, 2, 3]
    assert set().union(*shares) == accounts


async def test_account_with_slow_request_stays(world: OutboxWorld) -> None:
    """While it is handed over it sends nothing, so this must not be tried all the time."""
    conversations = [await add_conversation(world, number) for number in range(3)]
    slow = conversations[0]
    identity = Identity(kind=IdentityKind.WA_ID, value="16505550009")
    contact = await get_or_create_contact(slow.account_id, [identity])
    other = await get_or_create_conversation(slow.account_id, contact.id)
    await world.receive(other, at=utc_now())
    another = Member(id=new_id(), name="another", leased_until=utc_now().replace(year=2100))
    world.break_sends("timeout", seconds=600, text="slow")

    async with world.dispatching(reconcile_seconds=600.0) as dispatcher:
        for conversation in conversations:
            await world.queue(conversation, "slow" if conversation is slow else "Hello")
        queue = await eventually(lambda: get_busy_queue(dispatcher, slow.account_id))
        assert queue is not None
        await collection(Member).insert_one(to_bson(another))

        async def stays() -> bool:
            return queue.stays_until > 0

        await eventually(stays)
        for _ in range(3):
            assert not queue.is_leaving
            # Refused at once: the fake does not know the number.
            await world.wait_for(await world.queue(other), MessageStatus.FAILED)


async def get_busy_queue(
    dispatcher: Dispatcher, account_id: PydanticObjectId
) -> AccountQueue | None:
    queue = dispatcher._queues.get(account_id)
    return queue if queue is not None and queue.sending else None

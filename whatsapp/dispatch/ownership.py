"""Ownership: takes over accounts of dead members, finds accounts without an owner, and gives up
those that have nothing to send.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import MessagePriority
from models.database.outage_log import log_failure
from whatsapp.dispatch.members.membership import Membership, end_expired_leases
from whatsapp.dispatch.members.partitions import (
    Owners,
    choose_share,
    find_unowned,
    find_waiting,
    hand_over,
    own_all,
    read_owners,
    release,
    store_pace,
    take_over,
)
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.findings import is_abandoned, is_forgotten
from whatsapp.dispatch.queues.owned_queues import Queues
from whatsapp.dispatch.queues.queue_reads import find_claimed

logger = logging.getLogger(__name__)

# An account is kept for this time after its last message, because most get another one soon.
IDLE_SECONDS = 60.0
# A member hands accounts over to another that owns this many fewer.
MOVED_SURPLUS = 3
# An account sends nothing while its requests end. If they take longer, it stays for a while.
DRAIN_SECONDS = 2.0
STAY_SECONDS = 60.0


class Ownership:
    """Work of each member, without which nothing is lost: a killed process does none of it."""

    def __init__(
        self,
        membership: Membership,
        queues: Queues,
        *,
        check_seconds: float,
        reconcile_seconds: float,
    ) -> None:
        """`check_seconds` is the interval of looking for dead members, `reconcile_seconds` that of
        looking for what the change stream or a crash left."""
        self._membership = membership
        self._queues = queues
        self._check_seconds = check_seconds
        self._reconcile_seconds = reconcile_seconds
        self._gap = asyncio.Event()
        self._searched_until: PydanticObjectId | None = None
        self._owned: Mapping[PydanticObjectId, PydanticObjectId] = {}
        """The owners of all accounts at the last check."""
        self._left: set[PydanticObjectId] = set()
        """Accounts without a living owner that were left to other members at the last check."""

    def notice_gap(self) -> None:
        """Changes were missed: all queues are read again, and unowned accounts are searched."""
        self._queues.reload()
        self._gap.set()

    async def take_over_repeatedly(self) -> None:
        while True:
            await self._try(self._take_over, "Accounts of dead processes can't be taken over")
            await asyncio.sleep(self._check_seconds / (2 if self._left else 1))

    async def reconcile_repeatedly(self) -> None:
        while True:
            self._gap.clear()
            await self._try(self._reconcile, "Waiting messages can't be searched")
            try:
                async with asyncio.timeout(self._reconcile_seconds):
                    await self._gap.wait()
            except TimeoutError:
                continue

    async def _try(self, work: Callable[[], Awaitable[None]], problem: str) -> None:
        if self._membership.lease is None:
            return
        try:
            await work()
        except PyMongoError as error:
            log_failure(logger, error, problem)

    async def _take_over(self) -> None:
        queues = list(self._queues)
        owners = await read_owners()
        self._close_lost(queues, owners)
        if owners.has_expired and await end_expired_leases():
            owners = await read_owners()
        self._owned = owners.by_account
        lease = self._membership.lease
        if lease is None:
            return
        abandoned = self._choose_abandoned(owners, lease.member_id)
        if abandoned:
            with self._queues.owning(abandoned):
                self._queues.take(await take_over(abandoned, lease.member_id))
        else:
            await self._balance(owners, lease.member_id)

    def _choose_abandoned(
        self, owners: Owners, member_id: PydanticObjectId
    ) -> dict[PydanticObjectId, PydanticObjectId]:
        """Returns the accounts to take over now, with their owners."""
        mine = {
            account_id: owner
            for account_id, owner in owners.by_account.items()
            if owner == member_id and self._is_unknown(account_id)
        }
        # Members share what a dead one owned. The next check, which is soon, takes what is left: a
        # member may be stuck.
        abandoned = [
            account_id
            for account_id, owner in owners.by_account.items()
            if owner not in owners.members and self._is_unknown(account_id)
        ]
        if member_id not in owners.members:
            return {}  # this process was taken for dead
        share = choose_share(abandoned, owners.members, member_id)
        chosen = {*share, *self._left.intersection(abandoned)}
        self._left = set(abandoned) - chosen
        return mine | {account_id: owners.by_account[account_id] for account_id in chosen}

    def _close_lost(self, queues: Iterable[AccountQueue], owners: Owners) -> None:
        """Closes queues of accounts that were handed over by a command whose answer was lost."""
        for queue in queues:
            if owners.by_account.get(queue.id) != queue.partition.owner:
                self._queues.close(queue)

    async def _balance(self, owners: Owners, member_id: PydanticObjectId) -> None:
        """Hands one account over to the member with the fewest, if that has far fewer."""
        counts = Counter(dict.fromkeys(owners.members, 0))
        counts.update(owner for owner in owners.by_account.values() if owner in counts)
        other = min(counts, key=lambda member: counts[member], default=member_id)
        surplus = counts[member_id] - counts[other]
        busy = [queue for queue in self._queues if _may_move(queue)]
        if surplus < MOVED_SURPLUS or not busy:
            return
        # The account that waits longest for a place here.
        await self._hand_over(max(busy, key=lambda queue: queue.ready_conversations), other)

    async def _hand_over(self, queue: AccountQueue, member_id: PydanticObjectId) -> None:
        """Gives the account to another member, once nothing of it is being sent."""
        queue.is_leaving = True
        try:
            async with asyncio.timeout(min(DRAIN_SECONDS, self._check_seconds)):
                await queue.drained.wait()
            await store_pace(queue.partition, queue.pace.to_fields())
            if await hand_over(queue.partition, member_id):
                self._queues.close(queue)
        except TimeoutError:
            queue.stays_until = time.monotonic() + STAY_SECONDS
        finally:
            queue.is_leaving = False
            self._queues.loader.continue_sending(queue)

    def _is_unknown(self, account_id: PydanticObjectId) -> bool:
        """Returns True if this process neither sends for the account nor is just taking it. If it
        owns the account, an answer was lost."""
        return self._queues.get(account_id) is None and not self._queues.is_owning(account_id)

    async def _reconcile(self) -> None:
        await self._release([queue for queue in self._queues if _is_unneeded(queue)])
        for queue in self._queues:
            self._queues.loader.search(queue)
        await self._own_waiting()
        await self._find_stray()

    async def _own_waiting(self) -> None:
        """Takes accounts that have something to send, and no owner."""
        while True:
            found, self._searched_until = await find_unowned(self._owned, self._searched_until)
            lease = self._membership.lease
            unowned = [account_id for account_id in found if self._is_unknown(account_id)]
            if not unowned or lease is None:
                return
            with self._queues.owning(unowned):
                self._queues.take(await own_all(unowned, lease.member_id))
            if self._searched_until is None:
                return

    async def _release(self, queues: list[AccountQueue]) -> None:
        if not queues:
            return
        for queue in queues:
            self._queues.close(queue)
        await release([queue.partition for queue in queues])
        # A message may have been stored for an account just before it was released.
        for account_id in await find_waiting([q.id for q in queues if not q.is_stopped]):
            self._queues.own_soon(account_id)

    async def _find_stray(self) -> None:
        """Reads conversations with messages that were claimed too late, or by an earlier owner."""
        async for row in find_claimed([queue.id for queue in self._queues]):
            queue = self._queues.get(row["account_id"])
            if queue is None or not (is_abandoned(row, queue) or is_forgotten(row, queue)):
                continue
            priority = MessagePriority.from_stored(row.get("priority"))
            conversation = queue.find(row["conversation_id"], priority)
            if conversation is None or not conversation.is_sending:
                self._queues.loader.read_again(queue, row["conversation_id"], priority)


def _may_move(queue: AccountQueue) -> bool:
    return queue.has_work and not queue.is_stopped and queue.stays_until < time.monotonic()


def _is_unneeded(queue: AccountQueue) -> bool:
    if queue.is_stopped:
        return not queue.sending
    return not queue.has_work and time.monotonic() - queue.idle_since > IDLE_SECONDS

"""The accounts that this process owns, with their queues."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from beanie import PydanticObjectId

from models import Partition
from whatsapp.dispatch.members.membership import Membership
from whatsapp.dispatch.members.partitions import own
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.pace import Pace
from whatsapp.dispatch.queues.queue_loading import QueueLoader
from whatsapp.dispatch.queues.queue_tasks import QueueTasks


class Queues:
    """`make_pace` returns the pace of a new account; `on_ready` is called when one may send."""

    def __init__(
        self,
        membership: Membership,
        *,
        max_sends: int,
        hold_seconds: float,
        make_pace: Callable[[Partition], Pace],
        on_ready: Callable[[AccountQueue], None],
    ) -> None:
        self._membership = membership
        self._max_sends = max_sends
        self._make_pace = make_pace
        self._queues: dict[PydanticObjectId, AccountQueue] = {}
        self._tasks = QueueTasks()
        self._owning: set[PydanticObjectId] = set()
        self.loader = QueueLoader(
            self._tasks, hold_seconds=hold_seconds, on_ready=on_ready, on_gone=self.close
        )
        """Reads the queues from the index."""

    def __iter__(self) -> Iterator[AccountQueue]:
        return iter(list(self._queues.values()))

    def get(self, account_id: PydanticObjectId) -> AccountQueue | None:
        """Returns the queue of an account that this process owns."""
        return self._queues.get(account_id)

    def is_owning(self, account_id: PydanticObjectId) -> bool:
        """Returns True while this process tries to take the account."""
        return account_id in self._owning

    @contextmanager
    def owning(self, account_ids: Collection[PydanticObjectId]) -> Iterator[None]:
        """Marks accounts that this process tries to take, so that it takes each only once."""
        self._owning.update(account_ids)
        try:
            yield
        finally:
            self._owning.difference_update(account_ids)

    def own_soon(self, account_id: PydanticObjectId) -> None:
        """Takes the account unless it has an owner."""
        if account_id not in self._owning:
            self._tasks.start(self._own(account_id))

    def take(self, partitions: Iterable[Partition]) -> None:
        """Begins to send for accounts that this process owns now."""
        lease = self._membership.lease
        if lease is None:
            return  # lost again
        for partition in partitions:
            known = self._queues.get(partition.id)
            if partition.owner != lease.member_id or (known and known.fence >= partition.fence):
                continue
            pace = self._make_pace(partition)
            queue = AccountQueue(partition, lease, pace, max_sends=self._max_sends)
            if known is not None:
                known.is_closed = True
            self._queues[partition.id] = queue
            self.loader.search(queue)

    def set_stopped(self, queue: AccountQueue, is_stopped: bool) -> None:
        """Stops sending for the account, or continues."""
        queue.is_stopped = is_stopped
        self.loader.continue_sending(queue)

    def close(self, queue: AccountQueue) -> None:
        """Forgets the queue; outcomes of sends in progress are still recorded."""
        queue.is_closed = True
        if self._queues.get(queue.id) is queue:
            del self._queues[queue.id]

    def close_all(self) -> None:
        for queue in self:
            self.close(queue)

    def reload(self) -> None:
        """Reads all queues again, because changes were missed."""
        for queue in self:
            self.loader.read_all_again(queue)

    async def stop(self) -> None:
        """Ends all reads."""
        await self._tasks.stop()

    async def _own(self, account_id: PydanticObjectId) -> None:
        lease = self._membership.lease
        if lease is None or account_id in self._owning:
            return
        with self.owning([account_id]):
            partition = await own(account_id, lease.member_id)
            if partition is not None:
                self.take([partition])

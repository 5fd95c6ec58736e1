"""The dispatcher: leases due lanes and starts a worker for each. Every process may run one."""

import asyncio
import logging
import os
import secrets
import socket
from contextlib import suppress

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models.database.outage_log import log_failure
from whatsapp.accounts.account_gate import PROBE_PAUSES, AccountGate
from whatsapp.cloud_api.client import SEND_CONCURRENCY, CloudAPI
from whatsapp.common.capacity import Capacity
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.dispatch.lane_worker import LaneWorker
from whatsapp.dispatch.pacing import Pacing
from whatsapp.dispatch.sending import Tools
from whatsapp.media.uploads import Uploads
from whatsapp.messages.lanes import DueLane, Lease, claim_lanes, find_due, wake_waiting_lanes
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

SWEEP_POLLS = 10
# A lane that is due now by this process's clock may be due a little later by the database's.
WAKE_MARGIN_SECONDS = 0.01
CLAIM_PAUSE_SECONDS = 0.03


class Dispatcher:
    """Sends queued messages in lane order until `run` is cancelled."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: KeyRing,
        cloud_api: CloudAPI,
        uploads: Uploads,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
    ) -> None:
        self._timeouts = timeouts
        # A lease must outlast a request, or no message could be sent under it.
        self._lease_seconds = max(timeouts.lane_lease_seconds, timeouts.send_deadline_seconds * 1.5)
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._gate = AccountGate(
            lanes_per_account=capacity.account_sends,
            probe_seconds=PROBE_PAUSES * timeouts.retry_base_seconds,
        )
        self._pacing = Pacing(
            rate=settings.send_rate_per_account, timeouts=timeouts, gate=self._gate, wake=self.wake
        )
        self._tools = Tools(
            settings=settings,
            timeouts=timeouts,
            keyring=keyring,
            cloud_api=cloud_api,
            uploads=uploads,
            pacing=self._pacing,
            wake_later=self._wake_later,
            is_stopping=lambda: self._is_stopping,
        )
        self._wakened = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    def wake(self) -> None:
        """Claims due lanes now instead of at the next poll."""
        self._wakened.set()

    async def run(self) -> None:
        """Works until cancelled. Requests under way then finish or are marked as unknown."""
        self._is_stopping = False
        loops = [
            asyncio.create_task(self._claim_lanes(), name="lane claims"),
            asyncio.create_task(self._sweep_lanes(), name="lane sweep"),
        ]
        try:
            # Unlike gather, a cancelled wait does not cancel a claim under way.
            done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._shut_down(loops)

    async def _claim_lanes(self) -> None:
        while not self._is_stopping:
            self._wakened.clear()
            try:
                await self._claim_due()
            except PyMongoError as error:
                log_failure(logger, error, "Lanes can't be claimed")
            # Workers end singly; after a short pause, several lanes can be claimed together.
            await asyncio.sleep(CLAIM_PAUSE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timeouts.lane_poll_seconds):
                    await self._wakened.wait()

    async def _claim_due(self) -> None:
        """Leases lanes until all workers are busy or no lane is due."""
        while not self._is_stopping and len(self._workers) < SEND_CONCURRENCY:
            due = await find_due(except_accounts=self._gate.list_closed(), limit=SEND_CONCURRENCY)
            chosen = self._choose(due)
            if not chosen:
                return
            for lease in await claim_lanes(chosen, self._owner, lease_seconds=self._lease_seconds):
                self._start_worker(lease)

    def _choose(self, due: list[DueLane]) -> list[DueLane]:
        """Returns the first lanes of each account, within the limits of account and process."""
        free: dict[PydanticObjectId, int] = {}
        chosen = []
        for lane in due:
            left = free.setdefault(lane.account_id, self._gate.count_free(lane.account_id))
            if left:
                free[lane.account_id] -= 1
                chosen.append(lane)
        return chosen[: SEND_CONCURRENCY - len(self._workers)]

    def _start_worker(self, lease: Lease) -> None:
        self._gate.enter(lease.account_id)
        worker = asyncio.create_task(LaneWorker(lease, self._tools).run(), name="lane")
        self._workers.add(worker)
        worker.add_done_callback(lambda done: self._end_worker(done, lease))

    def _end_worker(self, worker: asyncio.Task[None], lease: Lease) -> None:
        was_closed = lease.account_id in self._gate.list_closed()
        was_full = len(self._workers) >= SEND_CONCURRENCY
        self._workers.discard(worker)
        self._gate.leave(lease.account_id)
        if was_closed or was_full:
            self.wake()

    def _wake_later(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds + WAKE_MARGIN_SECONDS, self.wake)

    async def _sweep_lanes(self) -> None:
        """Wakes lanes of healthy accounts, and lanes that a crash left without a due time."""
        while True:
            try:
                if await wake_waiting_lanes():
                    self.wake()
            except PyMongoError as error:
                log_failure(logger, error, "Lanes can't be swept")
            await asyncio.sleep(self._timeouts.lane_poll_seconds * SWEEP_POLLS)

    async def _shut_down(self, loops: list[asyncio.Task[None]]) -> None:
        """Stops new requests, waits for requests under way, and releases all leases."""
        self._is_stopping = True
        self.wake()
        claims, sweep = loops
        sweep.cancel()
        timeouts = self._timeouts
        timeout = min(timeouts.send_deadline_seconds, timeouts.dispatcher_shutdown_seconds)
        try:
            await self._pacing.stop()
            await asyncio.wait({claims, *self._workers}, timeout=timeout)
        finally:
            await _end_tasks(
                {claims, sweep, *self._workers}, seconds=timeouts.dispatcher_record_seconds
            )


async def _end_tasks(tasks: set[asyncio.Task[None]], *, seconds: float) -> None:
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=seconds)
    # These tasks wait for MongoDB. The next worker of their lanes finds the messages in SENDING and
    # holds them as unknown too.
    for task in stuck:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

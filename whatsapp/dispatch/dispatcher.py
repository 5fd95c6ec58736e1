"""The dispatcher: sends the queued messages of the accounts that this process owns.

Every process may run one. Each account has one owner, so that order, rate and pauses are kept in
memory; see docs/decisions/0059.
"""

import asyncio
import logging
from contextlib import suppress
from contextvars import Context
from functools import partial

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Message, Partition
from models.changes.source import ChangeListener
from models.database.outage_log import log_failure
from telemetry.log_lines import describe_bug
from telemetry.metrics import sends as metrics
from whatsapp.cloud_api.client import SEND_CONCURRENCY, CloudAPI
from whatsapp.common.capacity import Capacity
from whatsapp.common.circuit_breaker import PROBE_PAUSES
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.dispatch.attempt import Attempt
from whatsapp.dispatch.claims import Claims
from whatsapp.dispatch.documents import create_document_reads
from whatsapp.dispatch.members.membership import Membership
from whatsapp.dispatch.ownership import Ownership
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import ConversationQueue, QueuedMessage
from whatsapp.dispatch.queues.departures import Departures
from whatsapp.dispatch.queues.owned_queues import Queues
from whatsapp.dispatch.queues.pace import Pace
from whatsapp.dispatch.queues.queue_changes import QueueChanges
from whatsapp.dispatch.queues.workspace_pace import WorkspacePaces
from whatsapp.dispatch.recording import Acceptances
from whatsapp.dispatch.reservations import Reservations
from whatsapp.dispatch.summaries import SummaryUpdates
from whatsapp.dispatch.tools import Tools
from whatsapp.media.uploads import Uploads
from whatsapp.settings import Settings
from whatsapp.workspaces.quotas import WorkspaceQuotas

logger = logging.getLogger(__name__)

# Places that only people's messages get, of accounts that send no other at the moment.
RESERVED_PLACES = SEND_CONCURRENCY // 10
# Messages between claim and request. More would only wait for the processor, and those of accounts
# that have just begun to send behind them.
MAX_PREPARED = 64
# Pause of a conversation after MongoDB failed, or after a bug.
FAILURE_PAUSE_SECONDS = 1.0
LEASE_PAUSE_SECONDS = 0.2


class Dispatcher:
    """Sends queued messages until `run` is cancelled."""

    def __init__(
        self,
        *,
        settings: Settings,
        keyring: KeyRing,
        cloud_api: CloudAPI,
        uploads: Uploads,
        quotas: WorkspaceQuotas,
        timeouts: Timeouts = Timeouts(),
        capacity: Capacity = Capacity(),
    ) -> None:
        self._settings = settings
        self._timeouts = timeouts
        self._workspaces = WorkspacePaces(quotas)
        self._sends: set[asyncio.Task[None]] = set()
        self._reserved: dict[PydanticObjectId, Attempt] = {}
        """Attempts to send messages that were stored as claimed."""
        self._prepared: set[QueuedMessage] = set()
        self._is_stopping = False
        self._reservations = Reservations()
        self._claims = Claims()
        self._acceptances = Acceptances()
        self._tools = Tools(
            settings=settings,
            timeouts=timeouts,
            keyring=keyring,
            cloud_api=cloud_api,
            uploads=uploads,
            claims=self._claims,
            documents=create_document_reads(),
            acceptances=self._acceptances,
            summaries=SummaryUpdates(),
            is_stopping=lambda: self._is_stopping,
        )
        # A lease must outlast a request, or no message could be sent under it.
        lease_seconds = max(timeouts.member_lease_seconds, timeouts.send_deadline_seconds * 1.5)
        spare_seconds = lease_seconds - timeouts.send_deadline_seconds
        self._membership = Membership(
            lease_seconds=lease_seconds, renew_seconds=spare_seconds * 2 / 3
        )
        self._departures = Departures(self._start_next)
        self._queues = Queues(
            self._membership,
            max_sends=capacity.account_sends,
            hold_seconds=timeouts.unknown_hold_seconds,
            make_pace=self._make_pace,
            on_ready=self._departures.offer,
        )
        self._ownership = Ownership(
            self._membership,
            self._queues,
            check_seconds=timeouts.member_check_seconds,
            reconcile_seconds=timeouts.reconcile_seconds,
        )
        self._changes = QueueChanges(self._queues, self._ownership.notice_gap)

    @property
    def changes(self) -> ChangeListener:
        """Listens to the changes of the database, for all queues of this process."""
        return self._changes

    def reserve(self, message: Message) -> None:
        """Claims a message that is about to be stored and waits behind no other, if it may leave
        now. Then `announce` it, or `release` it if it may not be stored."""
        queue = self._queues.get(message.account_id)
        begun = len(self._sends) + len(self._reservations)
        is_full = begun >= SEND_CONCURRENCY - RESERVED_PLACES or len(self._prepared) >= MAX_PREPARED
        if queue is None or is_full or self._is_stopping or message.upload_id is not None:
            return
        if queue.lease.remaining_seconds() > self._timeouts.send_deadline_seconds:
            self._reservations.add(queue, message)

    def release(self, message: Message) -> None:
        """Gives up the claim of a message that was not stored, or may yet be."""
        reservation = self._reservations.take(message.id)
        if reservation is not None:
            queue = reservation.queue
            queue.pace.return_slot()
            queue.drop_token(reservation.token)
            self._changes.expect(message.id)
            self._queues.loader.finish(queue, reservation.conversation, 0.0)

    def revoke(self, message: Message) -> bool:
        """Keeps a message from being sent whose summary can't be stored. Returns False if its
        request has begun."""
        attempt = self._reserved.get(message.id)
        if attempt is None:
            return True  # no request begins without the summary
        attempt.is_revoked = True
        return not attempt.has_begun

    def announce(
        self, message: Message, *, waits_behind: bool, summary: asyncio.Future[None]
    ) -> None:
        """Sends a message that was just stored; `waits_behind` others of its conversation."""
        reservation = self._reservations.take(message.id)
        if reservation is not None:
            self._tools.summaries.add(message.id, summary)
            queued = QueuedMessage.from_message(message)
            departure, token = reservation.departure, reservation.token
            attempt = self._make_attempt(reservation.queue, queued, departure, token)
            self._reserved[message.id] = attempt
            self._start(reservation.conversation, attempt)
        elif self._membership.lease is not None and not self._is_stopping:
            self._tools.summaries.add(message.id, summary)
            self._changes.announce(message, waits_behind=waits_behind)

    async def run(self) -> None:
        """Works until cancelled. Requests under way then finish or are marked as unknown."""
        self._is_stopping = False
        self._departures.start()
        await self._membership.join()
        loops = [
            asyncio.create_task(self._membership.keep(self._queues.close_all), name="send lease"),
            asyncio.create_task(self._ownership.take_over_repeatedly(), name="send takeover"),
            asyncio.create_task(self._ownership.reconcile_repeatedly(), name="send reconcile"),
        ]
        try:
            done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._shut_down(loops)

    def _make_pace(self, partition: Partition) -> Pace:
        return Pace(
            rate=self._settings.send_rate_per_account,
            probe_seconds=PROBE_PAUSES * self._timeouts.retry_base_seconds,
            partition=partition,
            find_workspace=self._workspaces.get,
        )

    def count_recent_sends(self, workspace_id: PydanticObjectId) -> int:
        """Returns the messages of a workspace that this process sent in the last full second."""
        return self._workspaces.get(workspace_id).count_recent()

    def _start_next(self, queue: AccountQueue) -> bool:
        """Starts the queue's next message. Returns False if all places are taken."""
        free = SEND_CONCURRENCY - len(self._sends)
        is_full = free <= (0 if queue.is_person_next else RESERVED_PLACES)
        if is_full or len(self._prepared) >= MAX_PREPARED:
            return False
        if queue.lease.remaining_seconds() <= self._timeouts.send_deadline_seconds:
            queue.pace.pause(LEASE_PAUSE_SECONDS)  # nothing could be sent before it is renewed
            return True
        taken = None if self._is_stopping else queue.take()
        if taken is not None:
            conversation, queued = taken
            self._start(conversation, self._make_attempt(queue, queued, queue.pace.take_slot()))
        return True

    def _make_attempt(
        self,
        queue: AccountQueue,
        queued: QueuedMessage,
        departure: float,
        token: str | None = None,
    ) -> Attempt:
        leave = partial(self._leave_preparation, queued)
        return Attempt(queue, queued, departure, self._tools, on_departure=leave, token=token)

    def _start(self, conversation: ConversationQueue, attempt: Attempt) -> None:
        if not attempt.queued.has_file:  # an upload may take minutes
            self._prepared.add(attempt.queued)
        # A context of its own: it must not inherit the deadline of a request.
        task = asyncio.create_task(
            self._send(conversation, attempt), name="send", context=Context()
        )
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, conversation: ConversationQueue, attempt: Attempt) -> None:
        wait_seconds: float | None = FAILURE_PAUSE_SECONDS
        queue = attempt.queue
        was_open = queue.pace.is_open
        try:
            wait_seconds = await attempt.run()
        except PyMongoError as error:
            log_failure(logger, error, "A message can't be sent now")
        except Exception as error:  # noqa: BLE001 - see the next line
            # A bug with one message must not end the dispatcher.
            logger.error("Sending failed and will be retried: %s", describe_bug(error))
        finally:
            self._reserved.pop(attempt.queued.id, None)
            self._queues.loader.finish(queue, conversation, wait_seconds)
            self._departures.offer(queue)
            self._leave_preparation(attempt.queued)
        if queue.pace.is_open != was_open:
            metrics.BREAKERS_OPEN.set(sum(queue.pace.is_open for queue in self._queues))

    def _leave_preparation(self, queued: QueuedMessage) -> None:
        self._prepared.discard(queued)
        self._departures.retry_crowded()

    async def _shut_down(self, loops: list[asyncio.Task[None]]) -> None:
        """Stops new requests, waits for requests under way, and gives up all accounts."""
        self._is_stopping = True
        self._departures.stop()
        for task in loops[1:]:
            task.cancel()
        timeouts = self._timeouts
        timeout = min(timeouts.send_deadline_seconds, timeouts.dispatcher_shutdown_seconds)
        try:
            if self._sends:
                await asyncio.wait(set(self._sends), timeout=timeout)
        finally:
            await self._end({*loops, *self._sends}, seconds=timeouts.dispatcher_record_seconds)

    async def _end(self, tasks: set[asyncio.Task[None]], *, seconds: float) -> None:
        """Cancels what is left, and records it as far as MongoDB answers in time."""
        ends_at = asyncio.get_running_loop().time() + seconds
        for task in tasks:
            task.cancel()
        # Before: what ends from now on must not be read again.
        self._queues.close_all()
        await self._queues.stop()
        _, stuck = await asyncio.wait(tasks, timeout=seconds)
        # These wait for MongoDB. The next owner finds their messages in SENDING, and holds them as
        # unknown too.
        for task in stuck:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ends_at):
                await self._claims.drain()
                await self._acceptances.drain()
        await self._membership.leave(seconds=self._timeouts.member_leave_seconds)

"""How the queues of owned accounts follow the database.

Whenever a queue in memory may differ from the index, its conversation is read again.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Account, MessagePriority
from whatsapp.accounts.accounts import may_send
from whatsapp.dispatch.members.partitions import remove
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.class_queue import ClassQueue
from whatsapp.dispatch.queues.conversation_queue import ConversationQueue, QueuedMessage
from whatsapp.dispatch.queues.findings import examine, settle
from whatsapp.dispatch.queues.queue_reads import QueueRows, create_queue_reads, read_window
from whatsapp.dispatch.queues.queue_tasks import QueueTasks

# Pause after MongoDB failed.
RETRY_SECONDS = 0.5
# A conversation whose hold ends now by this clock may be held a little longer by the database's.
UNBLOCK_MARGIN_SECONDS = 0.01


class QueueLoader:
    """`on_ready` is called when an account may send, `on_gone` when it was deleted."""

    def __init__(
        self,
        tasks: QueueTasks,
        *,
        hold_seconds: float,
        on_ready: Callable[[AccountQueue], None],
        on_gone: Callable[[AccountQueue], None],
    ) -> None:
        self._tasks = tasks
        self._hold_seconds = hold_seconds
        self._on_ready = on_ready
        self._on_gone = on_gone
        self._reads = create_queue_reads()

    def add(self, queue: AccountQueue, message: QueuedMessage) -> None:
        """Adds a new message behind those that are known; none of the others is earlier."""
        of_class = queue.classes[message.priority]
        conversation = of_class.conversations.get(message.conversation_id)
        if conversation is None:
            conversation = of_class.get(message.conversation_id)
            conversation.is_stale, conversation.is_complete = False, True
        if conversation.is_stale or conversation.is_reading:
            conversation.mark_stale()
            self._follow(queue, conversation)
        elif conversation.is_complete:
            conversation.add(message)
            self._line_up(queue, conversation)

    def read_again(
        self, queue: AccountQueue, conversation_id: PydanticObjectId, priority: MessagePriority
    ) -> None:
        """Reads a conversation of which this process may not know all."""
        conversation = queue.classes[priority].get(conversation_id)
        conversation.mark_stale()
        self._follow(queue, conversation)

    def read_all_again(self, queue: AccountQueue) -> None:
        """Reads the whole queue again, because changes were missed."""
        for of_class in queue.classes.values():
            for conversation_id in list(of_class.conversations):
                self.read_again(queue, conversation_id, of_class.priority)
        self.search(queue)

    def search(self, queue: AccountQueue) -> None:
        """Searches the index for conversations that are not known here."""
        found = [of_class for of_class in queue.classes.values() if of_class.search_again()]
        self._load_soon(queue, found)

    def continue_sending(self, queue: AccountQueue) -> None:
        """Sends again after a pause of the whole account."""
        if queue.may_start:
            self._on_ready(queue)

    def finish(
        self, queue: AccountQueue, conversation: ConversationQueue, wait_seconds: float | None
    ) -> None:
        """Continues after a message was sent, or after an attempt to send it."""
        queue.finish(conversation, wait_seconds)
        self._follow(queue, conversation)

    def _follow(self, queue: AccountQueue, conversation: ConversationQueue) -> None:
        """Takes the next step of a conversation: waits, reads, sends or forgets it."""
        if queue.is_closed:
            return
        if conversation.blocked_until:
            loop = asyncio.get_running_loop()
            at = conversation.blocked_until + UNBLOCK_MARGIN_SECONDS
            loop.call_at(at, self._unblock, queue, conversation)
        elif conversation.needs_read:
            # Now, because the task begins later.
            conversation.is_stale, conversation.is_reading = False, True
            self._tasks.start(self._read(queue, conversation))
        self._line_up(queue, conversation)

    def _line_up(self, queue: AccountQueue, conversation: ConversationQueue) -> None:
        queue.line_up(conversation)
        self._load_if_few(queue)
        self.continue_sending(queue)

    def _unblock(self, queue: AccountQueue, conversation: ConversationQueue) -> None:
        if conversation.blocked_until and not conversation.is_blocked:
            conversation.mark_stale()
            self._follow(queue, conversation)

    def _load_if_few(self, queue: AccountQueue) -> None:
        short = [of_class for of_class in queue.classes.values() if of_class.should_load]
        for of_class in short:
            if not of_class.has_more:
                of_class.search_again()
        self._load_soon(queue, short)

    def _load_soon(self, queue: AccountQueue, classes: Sequence[ClassQueue]) -> None:
        """Reads the next conversations of these classes, the first ones with one command."""
        if queue.is_closed:
            return
        waiting = [each for each in classes if each.has_more and not each.is_loading]
        begun = [[of_class] for of_class in waiting if of_class.next_window is not None]
        first = [of_class for of_class in waiting if of_class.next_window is None]
        for loaded in [*begun, first]:
            for of_class in loaded:
                of_class.is_loading = True
            if loaded:
                self._tasks.start(self._load(queue, loaded))

    async def _load(self, queue: AccountQueue, classes: Sequence[ClassQueue]) -> None:
        """Reads the account, at first, and the next conversations of these classes."""
        try:
            await self._read_window(queue, classes)
        except PyMongoError:
            for of_class in classes:
                of_class.has_more = True
            loop = asyncio.get_running_loop()
            loop.call_later(RETRY_SECONDS, self._load_soon, queue, classes)
            raise
        finally:
            for of_class in classes:
                of_class.is_loading = False
            due = [each for each in classes if each.is_search_due and each.search_again()]
            self._load_soon(queue, due)
        # None of these conversations may be able to send now.
        self._load_if_few(queue)

    async def _read_window(self, queue: AccountQueue, classes: Sequence[ClassQueue]) -> None:
        after = classes[0].next_window
        priorities = [of_class.priority for of_class in classes]
        reading = read_window(queue.id, priorities, after)
        if after is None:
            window, _ = await asyncio.gather(reading, self._read_account(queue))
        else:
            window = await reading
        for (priority, conversation_id), rows in window.conversations.items():
            of_class = queue.classes[priority]
            if conversation_id not in of_class.conversations:
                conversation = of_class.get(conversation_id)
                with self._reading(queue, conversation):
                    await self._apply(queue, conversation, rows)
        for of_class in classes:
            of_class.next_window, of_class.has_more = window.get_rest(of_class.priority)

    async def _read_account(self, queue: AccountQueue) -> None:
        account = await Account.get(queue.id)
        if account is None:
            # Deleted since: its messages go too.
            self._on_gone(queue)
            await remove(queue.partition)
            return
        queue.is_stopped = not may_send(account)
        queue.pace.set_rate(account)

    async def _read(self, queue: AccountQueue, conversation: ConversationQueue) -> None:
        with self._reading(queue, conversation):
            reads = self._reads[conversation.priority]
            await self._apply(queue, conversation, await reads.load((queue.id, conversation.id)))

    @contextmanager
    def _reading(self, queue: AccountQueue, conversation: ConversationQueue) -> Iterator[None]:
        """Marks the conversation as being read; after an error it is read again later."""
        conversation.is_stale, conversation.is_reading = False, True
        try:
            yield
        except BaseException:
            conversation.is_stale = True
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._follow, queue, conversation)
            raise
        finally:
            conversation.is_reading = False
        self._follow(queue, conversation)

    async def _apply(
        self, queue: AccountQueue, conversation: ConversationQueue, rows: QueueRows
    ) -> None:
        """Updates the queue with the messages read of a conversation."""
        findings = examine(rows.rows, queue)
        await settle(findings, queue, hold_seconds=self._hold_seconds)
        is_unread = not (rows.is_complete or findings.waiting or findings.is_cut)
        if findings.must_be_read_again or is_unread:
            conversation.is_stale = True
        if not conversation.is_stale:  # it may have changed during the read
            conversation.replace(
                findings.waiting,
                is_complete=rows.is_complete and not findings.is_cut,
                blocked_seconds=findings.blocked_seconds,
            )

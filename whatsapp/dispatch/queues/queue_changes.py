"""Follows the change stream for the send queues of this process."""

from collections.abc import Callable
from typing import Any

from beanie import PydanticObjectId

from models import Account, Message, MessagePriority, OutboxState
from models.changes.position import Position
from models.changes.stream import Change
from models.messages.outbox_state import ACTIVE_STATES
from whatsapp.accounts.accounts import may_send_fields
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.queues.conversation_queue import QueuedMessage
from whatsapp.dispatch.queues.owned_queues import Queues

# New messages of which the announcement or the change was not heard yet.
MAX_HEARD = 10_000
Fields = dict[str, Any]


class QueueChanges:
    """Implements `models.changes.source.ChangeListener`; it never waits.

    `on_gap` is called when changes may have been missed.
    """

    def __init__(self, queues: Queues, on_gap: Callable[[], None]) -> None:
        self._queues = queues
        self._on_gap = on_gap
        self._heard: dict[PydanticObjectId, None] = {}
        self._expected: dict[PydanticObjectId, None] = {}

    def announce(self, message: Message, *, waits_behind: bool) -> None:
        """Queues a message that this process has stored; `waits_behind` others of its conversation.

        If another process owns the account, it receives the message from the change stream.
        """
        queue = self._queues.get(message.account_id)
        if not self._is_new(message.id):
            return
        if queue is None:
            self._queues.own_soon(message.account_id)
        else:
            self._add(queue, QueuedMessage.from_message(message), may_be_behind=waits_behind)

    def expect(self, message_id: PydanticObjectId) -> None:
        """Notes a message that may yet be stored as claimed, although its claim was given up."""
        self._expected[message_id] = None
        if len(self._expected) > MAX_HEARD:
            del self._expected[next(iter(self._expected))]

    def begin(self, position: Position) -> None:  # noqa: ARG002 - the queues have no positions
        self._on_gap()

    async def take(self, change: Change) -> None:
        collection_name = change["ns"]["coll"]
        if collection_name == Message.Settings.name:
            self._take_message(change)
        elif collection_name == Account.Settings.name:
            self._take_account(change)

    async def lose_history(self) -> None:
        self._on_gap()

    def _take_message(self, change: Change) -> None:
        before: Fields = change.get("fullDocumentBeforeChange") or {}
        after: Fields = change.get("fullDocument") or {}
        if change["operationType"] == "insert":
            self._take_insert(after)
        elif before.get("outbox_state") in ACTIVE_STATES:
            self._take_update(before, after)
        elif after.get("outbox_state") in ACTIVE_STATES:
            # The image before is no longer there, or a message was queued again.
            self._read_again(after)

    def _take_insert(self, message: Fields) -> None:
        if message["_id"] in self._expected:
            del self._expected[message["_id"]]
            self._read_again(message)
            return
        if message.get("outbox_state") != OutboxState.READY.value:
            return
        queue = self._queues.get(message["account_id"])
        # Without a queue, the process that stored it takes the account, or its owner sends it.
        if queue is None or not self._is_new(message["_id"]):
            return
        self._add(queue, QueuedMessage.from_fields(message))

    def _add(
        self, queue: AccountQueue, message: QueuedMessage, *, may_be_behind: bool = False
    ) -> None:
        """Adds a new message, behind those of its conversation that are not known here."""
        of_class = queue.classes[message.priority]
        if of_class.is_full and message.conversation_id not in of_class.conversations:
            of_class.has_left_some = True
        elif may_be_behind or of_class.has_more or of_class.is_loading:
            self._queues.loader.read_again(queue, message.conversation_id, message.priority)
        else:
            self._queues.loader.add(queue, message)

    def _is_new(self, message_id: PydanticObjectId) -> bool:
        """Returns True the first time: a process receives its own messages twice."""
        if message_id in self._heard:
            del self._heard[message_id]
            return False
        self._heard[message_id] = None
        if len(self._heard) > MAX_HEARD:
            del self._heard[next(iter(self._heard))]
        return True

    def _take_update(self, before: Fields, after: Fields) -> None:
        has_left = after.get("outbox_state") not in ACTIVE_STATES
        has_moved = after.get("conversation_id") != before["conversation_id"]
        if has_left and before["outbox_state"] != OutboxState.SENDING.value:
            self._read_if_known(before)
        elif has_moved and not has_left:
            self._read_if_known(before)
            self._read_again(after)

    def _read_if_known(self, message: Fields) -> None:
        """Reads the conversation if it waits for this message, or is about to send it."""
        queue = self._queues.get(message["account_id"])
        if queue is None:
            return
        conversation = queue.find(message["conversation_id"], _get_priority(message))
        if conversation is None:
            return
        if conversation.is_sending:
            if message["outbox_state"] == OutboxState.HOLDING.value:
                conversation.is_stale = True  # the hold that is about to begin has ended
            return
        is_waiting = any(queued.id == message["_id"] for queued in conversation.waiting)
        if is_waiting or conversation.blocked_until:
            self._queues.loader.read_again(queue, conversation.id, conversation.priority)

    def _read_again(self, message: Fields) -> None:
        queue = self._queues.get(message["account_id"])
        if queue is not None:
            priority = _get_priority(message)
            self._queues.loader.read_again(queue, message["conversation_id"], priority)

    def _take_account(self, change: Change) -> None:
        account: Fields = change.get("fullDocument") or {}
        account_id = change["documentKey"]["_id"]
        queue = self._queues.get(account_id)
        can_send = may_send_fields(account)
        if queue is not None:
            self._queues.set_stopped(queue, not can_send)
        elif can_send and not may_send_fields(change.get("fullDocumentBeforeChange") or {}):
            self._on_gap()  # it may have messages that no process owns


def _get_priority(message: Fields) -> MessagePriority:
    return MessagePriority.from_stored(message.get("priority"))

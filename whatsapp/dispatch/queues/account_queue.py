"""The queue of an account in its owner's memory: what is sent next, people before broadcasts."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from beanie import PydanticObjectId

from models import MessagePriority, Partition
from whatsapp.dispatch.members.membership import Lease
from whatsapp.dispatch.queues.class_queue import ClassQueue
from whatsapp.dispatch.queues.conversation_queue import ConversationQueue, QueuedMessage
from whatsapp.dispatch.queues.pace import Pace

# Broadcasts leave this share of an account's concurrent sends free, or slow uploads of a broadcast
# would hold up a person's message.
SHARE_FOR_PEOPLE = 10


class AccountQueue:
    """An account that this process owns, under one lease and one fence."""

    def __init__(self, partition: Partition, lease: Lease, pace: Pace, *, max_sends: int) -> None:
        self.id = partition.id
        self.partition = partition
        self.lease = lease
        self.pace = pace
        self.classes: Mapping[MessagePriority, ClassQueue] = {
            priority: ClassQueue(priority) for priority in MessagePriority
        }
        """In the order of sending."""
        self.is_stopped = False
        """True if the account may not send now."""
        self.is_leaving = False
        """True while it is handed over: nothing is begun."""
        self.stays_until = 0.0
        """Monotonic time before which it is not handed over."""
        self.is_closed = False
        """True once this process has given it up."""
        self.scheduled_at: float | None = None
        """The time at which the dispatcher looks at it next."""
        self.tokens: Counter[str] = Counter()
        """Number of messages of each claim that are being worked on, by its token."""
        self.idle_since = time.monotonic()
        self.drained = asyncio.Event()
        """Set while nothing is being sent."""
        self.drained.set()
        self._max_sends = max_sends

    @property
    def fence(self) -> int:
        return self.partition.fence

    @property
    def sending(self) -> int:
        return sum(queue.sending for queue in self.classes.values())

    @property
    def may_start(self) -> bool:
        """True if a message may be sent as soon as the account's pace allows it."""
        return self._choose_class() is not None

    @property
    def is_person_next(self) -> bool:
        """True if a person's message is next, and no other is being sent for the account."""
        queue = self._choose_class()
        return queue is not None and queue.priority is MessagePriority.NORMAL and not queue.sending

    @property
    def has_work(self) -> bool:
        """True unless it is known that the account has nothing to send."""
        return any(queue.has_work for queue in self.classes.values())

    @property
    def ready_conversations(self) -> int:
        return sum(queue.ready_conversations for queue in self.classes.values())

    def drop_token(self, token: str) -> None:
        """Ends the work on a message of this claim."""
        self.tokens[token] -= 1
        if self.tokens[token] <= 0:
            del self.tokens[token]

    def find(
        self, conversation_id: PydanticObjectId, priority: MessagePriority
    ) -> ConversationQueue | None:
        """Returns the queue of the conversation if it is known."""
        return self.classes[priority].conversations.get(conversation_id)

    def line_up(self, conversation: ConversationQueue) -> None:
        """Puts the conversation in line if it may send, or forgets it if it is done."""
        if not self.classes[conversation.priority].line_up(conversation):
            self.idle_since = time.monotonic()

    def take(self) -> tuple[ConversationQueue, QueuedMessage] | None:
        """Takes the next message of the conversation that has waited longest in its class."""
        while (queue := self._choose_class()) is not None:
            conversation = queue.take()
            if conversation is not None:
                self._begin(queue, conversation)
                return conversation, conversation.waiting.popleft()
        return None

    def reserve(
        self, conversation_id: PydanticObjectId, priority: MessagePriority
    ) -> ConversationQueue | None:
        """Begins the sending of a message that is about to be stored, as the first of its
        conversation. Returns None unless the account is idle and may send now."""
        is_away = self.is_stopped or self.is_leaving or self.is_closed
        is_paused = self.pace.is_open or self.pace.next_slot() > time.monotonic()
        if is_away or is_paused or self.has_work:
            return None
        queue = self.classes[priority]
        conversation = queue.get(conversation_id)
        conversation.is_stale, conversation.is_complete = False, True
        self._begin(queue, conversation)
        return conversation

    def finish(self, conversation: ConversationQueue, wait_seconds: float | None) -> None:
        """Ends the sending of a message; `wait_seconds` is None if it has left the queue."""
        self.classes[conversation.priority].sending -= 1
        if not self.sending:
            self.drained.set()
        conversation.end_send(wait_seconds)

    def _begin(self, queue: ClassQueue, conversation: ConversationQueue) -> None:
        conversation.is_sending = True
        queue.sending += 1
        self.drained.clear()

    def _choose_class(self) -> ClassQueue | None:
        """Returns the class whose message is sent next, or None if none may be sent."""
        if self.is_stopped or self.is_leaving or self.is_closed:
            return None
        people, broadcasts = self.classes.values()
        width = 1 if self.pace.is_open else self._max_sends
        if people.has_ready:
            return people if self.sending < width else None
        bulk_width = width - width // SHARE_FOR_PEOPLE
        return broadcasts if broadcasts.has_ready and self.sending < bulk_width else None

"""The conversations of an account with messages of one priority, in its owner's memory."""

from collections import deque

from beanie import PydanticObjectId

from models import MessagePriority
from whatsapp.dispatch.queues.conversation_queue import ConversationQueue

# Each takes about 1.5 kB. Further ones stay in the index until some of these are sent.
MAX_CONVERSATIONS = 5000
# Below this number of conversations that may send, more are read.
FEW_CONVERSATIONS = 100


class ClassQueue:
    """Knows some conversations of the index; the others are read in windows, in order of id."""

    def __init__(self, priority: MessagePriority) -> None:
        self.priority = priority
        self.conversations: dict[PydanticObjectId, ConversationQueue] = {}
        self.next_window: PydanticObjectId | None = None
        """The last conversation of the window that was read last."""
        self.has_more = True
        """True if the index may have conversations that are not known here."""
        self.has_left_some = False
        """True if new conversations stayed in the index, because too many are known."""
        self.is_loading = False
        self.is_search_due = False
        self.sending = 0
        self._ready: deque[ConversationQueue] = deque()

    @property
    def has_ready(self) -> bool:
        """True if a conversation may send."""
        return bool(self._ready)

    @property
    def ready_conversations(self) -> int:
        return len(self._ready)

    @property
    def has_work(self) -> bool:
        """True unless it is known that there is nothing to send."""
        is_unread = self.is_loading or self.has_more or self.has_left_some
        return bool(self.conversations or self.sending or is_unread)

    @property
    def is_full(self) -> bool:
        """True if no further conversation is kept in memory for now."""
        return len(self.conversations) >= MAX_CONVERSATIONS

    @property
    def should_load(self) -> bool:
        """True if more conversations are to be read now."""
        is_unread = self.has_more or self.has_left_some
        is_short = len(self._ready) < FEW_CONVERSATIONS and not self.is_full
        return is_unread and is_short and not self.is_loading

    def get(self, conversation_id: PydanticObjectId) -> ConversationQueue:
        """Returns the conversation's queue, a new one if it is not known."""
        queue = self.conversations.get(conversation_id)
        if queue is None:
            queue = ConversationQueue(conversation_id, self.priority)
            self.conversations[conversation_id] = queue
        return queue

    def search_again(self) -> bool:
        """Restarts the search of the index. Returns False if it has to wait."""
        if self.is_loading:
            self.is_search_due = True  # the present search may have passed some
            return False
        self.has_left_some = self.is_full
        if not self.is_full:
            self.next_window, self.has_more, self.is_search_due = None, True, False
        return not self.is_full

    def line_up(self, conversation: ConversationQueue) -> bool:
        """Puts the conversation in line if it may send.

        Forgets it and returns False if it is done.
        """
        if conversation.is_idle:
            self.conversations.pop(conversation.id, None)
            return False
        if conversation.may_send and not conversation.is_ready:
            conversation.is_ready = True
            self._ready.append(conversation)
        return True

    def take(self) -> ConversationQueue | None:
        """Takes the conversation that has waited longest."""
        while self._ready:
            conversation = self._ready.popleft()
            conversation.is_ready = False
            if conversation.may_send:
                return conversation
        return None

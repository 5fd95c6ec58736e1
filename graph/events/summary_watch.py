"""Messages of the change stream that their conversation's summary does not include yet.

A message is stored some milliseconds before the summary of its conversation. Reads of conversations
wait here for the summaries of published messages that the reader may see, so that no read is older
than an event.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pydantic import ValidationError

from models import Conversation, Message
from models.database.base import WORKSPACE_FIELD
from models.database.conversion import from_bson
from whatsapp.auth.access import Viewer
from whatsapp.common.timeouts import Timeouts
from whatsapp.conversations.conversations import summary_includes
from whatsapp.messages.summary_completion import (
    SUMMARIZED_FIELDS,
    SUMMARY_FIELDS,
    complete_summaries,
    read_summaries,
)

logger = logging.getLogger(__name__)

# Messages beyond these limits are dropped; the ingest completes their summaries.
MAX_AGE_SECONDS = 60.0
MAX_MESSAGES = 10_000
# Limit of conversations and messages for a reader; the next readers complete the rest.
MAX_COMPLETED = 100

DocumentT = TypeVar("DocumentT", Message, Conversation)
_OWNERS = (WORKSPACE_FIELD, "account_id", "conversation_id", "contact_id")


@dataclass(eq=False)
class Unnoted:
    """A message of the change stream; `noted` is set when its summary follows."""

    message: Message
    seen_at: float
    noted: asyncio.Event = field(default_factory=asyncio.Event)


class SummaryWatch:
    """Receives each change of a process in the order of the stream."""

    def __init__(self, *, wait_seconds: float = Timeouts.summary_wait_seconds) -> None:
        self._wait_seconds = wait_seconds
        self._unnoted: dict[PydanticObjectId, Unnoted] = {}
        """By message id, oldest first."""
        self._by_owner: dict[PydanticObjectId, dict[PydanticObjectId, Unnoted]] = {}
        """The same by the ids of workspace, account, conversation and contact.

        No reader looks through messages of others, however many there are.
        """

    def add_change(self, change: Mapping[str, Any]) -> None:
        """Processes a change. Never raises: unreadable images are reported elsewhere."""
        image = change.get("fullDocument")
        if image is None:
            return
        try:
            if change["ns"]["coll"] == "conversations":
                self._process_conversation(image)
            elif change["ns"]["coll"] == "messages" and change["operationType"] == "insert":
                self._process_message(image)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.debug("Ignored an unreadable change: %s", type(error).__name__)

    async def wait(
        self, viewer: Viewer, owner_ids: Collection[PydanticObjectId] | None = None
    ) -> None:
        """Waits until the summaries include the messages published so far.

        Completes summaries that are late.

        Args:
            owner_ids: Accounts, conversations or contacts; by default all of the viewer.
        """
        if owner_ids is None:
            owner_ids = viewer.account_ids or [viewer.workspace_id]
        behind = [
            unnoted
            for owner_id in owner_ids
            for unnoted in self._by_owner.get(owner_id, {}).values()
            if viewer.can_see(unnoted.message)
        ]
        if not behind:
            return
        newest = max(unnoted.seen_at for unnoted in behind)
        try:
            async with asyncio.timeout(newest + self._wait_seconds - time.monotonic()):
                for unnoted in behind:
                    await unnoted.noted.wait()
        except TimeoutError:
            await self._complete([unnoted for unnoted in behind if not unnoted.noted.is_set()])

    async def _complete(self, late: Collection[Unnoted]) -> None:
        # A message that is older than the summary gets no change of it, as those of an import.
        ids = dict.fromkeys(unnoted.message.conversation_id for unnoted in late)
        for summary in await read_summaries(list(ids)[:MAX_COMPLETED]):
            self._process_conversation(summary)
        oldest = [unnoted for unnoted in late if not unnoted.noted.is_set()][:MAX_COMPLETED]
        if oldest and await complete_summaries([unnoted.message.id for unnoted in oldest]):
            for unnoted in oldest:
                self._remove(unnoted)

    def _process_message(self, image: Mapping[str, Any]) -> None:
        message = _read_part(Message, image, [*SUMMARIZED_FIELDS, *_OWNERS])
        if message.is_own_reaction:
            return
        unnoted = Unnoted(message, time.monotonic())
        self._unnoted[message.id] = unnoted
        for owner_id in _list_owners(message):
            self._by_owner.setdefault(owner_id, {})[message.id] = unnoted
        self._remove_old()

    def _process_conversation(self, image: Mapping[str, Any]) -> None:
        if not (waiting := self._by_owner.get(image["_id"])):
            return
        conversation = _read_part(Conversation, image, SUMMARY_FIELDS)
        for unnoted in list(waiting.values()):
            if summary_includes(conversation, unnoted.message):
                self._remove(unnoted)

    def _remove(self, unnoted: Unnoted) -> None:
        message = unnoted.message
        unnoted.noted.set()
        if self._unnoted.pop(message.id, None) is None:
            return
        for owner_id in _list_owners(message):
            of_owner = self._by_owner[owner_id]
            del of_owner[message.id]
            if not of_owner:
                del self._by_owner[owner_id]

    def _remove_old(self) -> None:
        before = time.monotonic() - MAX_AGE_SECONDS
        while True:
            oldest = next(iter(self._unnoted.values()))
            if oldest.seen_at > before and len(self._unnoted) <= MAX_MESSAGES:
                return
            self._remove(oldest)


def _list_owners(message: Message) -> list[PydanticObjectId]:
    return [getattr(message, name) for name in _OWNERS]


def _read_part(
    document_class: type[DocumentT], image: Mapping[str, Any], names: Collection[str]
) -> DocumentT:
    part = {name: image[name] for name in ("_id", *names) if name in image}
    return from_bson(document_class, part, fields=names)

"""Stores inbound messages with their contacts, conversations and summaries, in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from beanie import PydanticObjectId
from pymongo import InsertOne

from models import (
    Contact,
    Conversation,
    Identity,
    MediaState,
    Message,
    MessageDirection,
    MessageStatus,
)
from models.database.base import collection, from_bson, new_id, to_bson
from models.database.bulk_writes import write_unless_duplicate
from models.database.outages import is_transient
from models.messages.words import list_message_words
from telemetry import traces
from webhooks.apply.tasks import (
    Task,
    catching_problems,
    group_by_account,
    run_by_sender,
    run_in_order,
)
from webhooks.payload.messages import Inbound, MessageBody, read_errors
from webhooks.payload.meta_objects import CONTENT_CLASSES, Context, InboundMessage, MediaReference
from whatsapp.common.values import make_storable
from whatsapp.contacts.contacts import (
    change_identities,
    choose_contact,
    get_or_create_contact,
)
from whatsapp.contacts.identities import list_lookups
from whatsapp.conversations.conversations import (
    ConversationGone,
    find_contacts_with_conversations,
    get_or_create_conversation,
    retry_when_gone,
)
from whatsapp.conversations.new_contacts import NewContact, create_contacts, select_unambiguous
from whatsapp.media.media import add_media
from whatsapp.messages.amendments import Amendment, record_amendment
from whatsapp.messages.early_updates import finish_stored_messages
from whatsapp.messages.statuses import apply_early_updates

# Types that change another message or the contact, and so never count as unread.
_NEVER_UNREAD = frozenset({"reaction", "edit", "revoke", "system"})
# Larger writes would save little more, and block the event loop while they are encoded.
MESSAGES_AT_ONCE = 100


class SenderCache:
    """The contacts and conversations of a batch of messages."""

    def __init__(self) -> None:
        self._contacts: dict[tuple[PydanticObjectId, str, str], Contact] = {}
        self._conversations: dict[PydanticObjectId, Conversation] = {}

    async def load(self, account_id: PydanticObjectId, inbounds: Iterable[Inbound]) -> None:
        """Loads the known senders, in up to two round trips."""
        identities = [
            identity
            for inbound in inbounds
            for identity in (*inbound.identities, *inbound.new_identities)
        ]
        contacts, conversations = await find_contacts_with_conversations(account_id, identities)
        self._add(contacts, conversations)

    async def create_contacts(
        self, account_id: PydanticObjectId, inbounds: Sequence[Inbound]
    ) -> None:
        """Creates the unknown senders in a few round trips, if there are at least two."""
        new_contacts = [
            NewContact(
                inbound.identities,
                inbound.profile,
                has_messages=not isinstance(inbound.body, Amendment),
                by_customer=inbound.by_customer,
            )
            for inbound in inbounds
            if not inbound.new_identities and self._find(account_id, inbound.identities) is None
        ]
        if len(new_contacts) < 2:
            return
        changing = [
            [*inbound.identities, *inbound.new_identities]
            for inbound in inbounds
            if inbound.new_identities
        ]
        unambiguous = select_unambiguous(new_contacts, named=changing)
        if len(unambiguous) < 2:
            return
        contacts, conversations = await create_contacts(account_id, unambiguous)
        self._add(contacts, conversations)

    async def place(self, account_id: PydanticObjectId, inbound: Inbound) -> Message | Amendment:
        """Returns the unstored message in its conversation, or the amendment with its author.

        Stores the sender and the conversation.

        Raises:
            ErasedPerson: the sender was erased after the message.
        """
        known = self._find(account_id, inbound.identities)
        if known is None and inbound.new_identities:
            # The sender may have written under the new identities before this change arrived.
            known = self._find(account_id, inbound.new_identities)
        try:
            return await self._place(account_id, inbound, known)
        except ConversationGone:
            # The sender was erased since it was loaded.
            return await retry_when_gone(lambda: self._place(account_id, inbound, None))

    async def _place(
        self, account_id: PydanticObjectId, inbound: Inbound, known: Contact | None
    ) -> Message | Amendment:
        contact = await self._resolve_sender(account_id, inbound, known)
        if isinstance(inbound.body, Amendment):
            return replace(inbound.body, contact_id=contact.id)
        conversation = self._conversations.get(contact.id)
        if conversation is None:
            conversation = await get_or_create_conversation(account_id, contact.id)
            self._conversations[contact.id] = conversation
        return make_message(conversation, inbound.message, inbound.body)

    async def _resolve_sender(
        self, account_id: PydanticObjectId, inbound: Inbound, known: Contact | None
    ) -> Contact:
        contact = await get_or_create_contact(
            account_id,
            inbound.identities,
            profile=inbound.profile,
            known_contact=known,
            by_customer=inbound.by_customer,
            reported_at=inbound.message.timestamp,
        )
        if inbound.new_identities:
            contact = await change_identities(
                contact,
                inbound.new_identities,
                former=inbound.identities,
                at=inbound.message.timestamp,
                number_moves=inbound.number_moves,
            )
        self._add([contact])
        return contact

    def _add(self, contacts: Iterable[Contact], conversations: Iterable[Conversation] = ()) -> None:
        for contact in contacts:
            for identity in contact.identities:
                self._contacts[contact.account_id, identity.kind, identity.value] = contact
        for conversation in conversations:
            self._conversations[conversation.contact_id] = conversation

    def _find(self, account_id: PydanticObjectId, identities: Sequence[Identity]) -> Contact | None:
        lookups = [lookup for identity in identities for lookup in list_lookups(identity)]
        candidates = (self._contacts.get((account_id, key.kind, key.value)) for key in lookups)
        contacts = {contact.id: contact for contact in candidates if contact is not None}
        return choose_contact(contacts.values(), identities)


async def store_messages(messages: Sequence[Message]) -> None:
    """Stores messages, each wamid once, and updates the summaries of their conversations.

    Raises:
        ConversationGone: conversations are gone, and their messages are not stored; place these
            messages again.
        PyMongoError: any of them may be stored; storing all of them again completes the work.
    """
    if not messages:
        return
    inserts = [InsertOne(to_bson(message)) for message in messages]
    duplicates = (await write_unless_duplicate(Message, inserts)).duplicates
    stored = [message for position, message in enumerate(messages) if position not in duplicates]
    earlier = [message for position, message in enumerate(messages) if position in duplicates]
    # An earlier attempt may have ended before it updated the summaries.
    known = stored + await _list_stored(earlier)
    try:
        early_updates = await finish_stored_messages(messages, summarized=known)
    except ConversationGone as error:
        ids = [message.id for message in error.messages]
        gone = list({message.conversation_id for message in error.messages})
        # Messages that were moved to the conversation of a merged contact stay.
        await collection(Message).delete_many(
            {"_id": {"$in": ids}, "conversation_id": {"$in": gone}}
        )
        raise
    for account_id, updates in early_updates.by_account.items():
        message_ids = {
            message.wamid: message.id
            for message in messages
            if message.account_id == account_id and message.wamid is not None
        }
        await apply_early_updates(account_id, message_ids, updates)
    with_files = [message for message in known if message.media_state is MediaState.PENDING]
    if with_files:
        await add_media(with_files)


async def _list_stored(messages: Sequence[Message]) -> list[Message]:
    if not messages:
        return []
    keys = [{"account_id": message.account_id, "wamid": message.wamid} for message in messages]
    documents = await collection(Message).find({"$or": keys}).to_list()
    return [from_bson(Message, fields) for fields in documents]


def make_message(conversation: Conversation, message: InboundMessage, body: MessageBody) -> Message:
    """Builds the inbound message to store."""
    context = message.context or Context()
    return Message(
        id=new_id(),
        workspace_id=conversation.workspace_id,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction=MessageDirection.INBOUND,
        type=message.type,
        content=body.content,
        raw=body.raw,
        text=body.text,
        words=list_message_words(body.text),
        media_state=MediaState.PENDING if _has_file(message, body) else None,
        wamid=message.id,
        timestamp=message.timestamp,
        unread=message.type not in _NEVER_UNREAD,
        status_times={MessageStatus.RECEIVED.key: message.timestamp},
        status_rank=MessageStatus.RECEIVED.rank,
        errors=read_errors(message.errors),
        reply_to_wamid=context.id,
        referred_product=context.referred_product and make_storable(context.referred_product),
        forwarded=bool(context.forwarded or context.frequently_forwarded),
        frequently_forwarded=bool(context.frequently_forwarded),
        referral=message.referral and make_storable(message.referral),
        group_id=message.group_id,
        traceparent=traces.get_traceparent(),
    )


def _has_file(message: InboundMessage, body: MessageBody) -> bool:
    return bool(body.content) and CONTENT_CLASSES.get(message.type) is MediaReference


async def apply_messages(tasks: Sequence[Task]) -> None:
    """Stores messages, and applies reactions, edits and deletions to earlier messages."""
    # Oldest first, so that the newest message sets the sender's profile.
    ordered = sorted(tasks, key=_get_timestamp)
    for start in range(0, len(ordered), MESSAGES_AT_ONCE):
        batch = ordered[start : start + MESSAGES_AT_ONCE]
        try:
            await _place_and_store(batch)
        except Exception as error:
            if is_transient(error):
                raise
            # An invalid message must not affect the rest: store each alone.
            for task in batch:
                if task.problem is None:
                    with catching_problems(task):
                        await retry_when_gone(partial(_place_and_store, [task]))


def _get_timestamp(task: Task) -> datetime:
    return task.inbound.message.timestamp if task.inbound else datetime.max.replace(tzinfo=UTC)


def _changes_identity(task: Task) -> bool:
    return task.inbound is not None and bool(task.inbound.new_identities)


async def _place_and_store(tasks: Sequence[Task]) -> None:
    senders = SenderCache()
    for account_id, group in group_by_account(tasks).items():
        inbounds = [task.inbound for task in group if task.inbound is not None]
        await senders.load(account_id, inbounds)
        await senders.create_contacts(account_id, inbounds)

    async def place(task: Task) -> None:
        if task.account is not None and task.inbound is not None:
            task.placed = await senders.place(task.account.id, task.inbound)

    # Changes of number come first: messages from a new number would create another contact.
    await run_in_order([task for task in tasks if _changes_identity(task)], place)
    await run_by_sender([task for task in tasks if not _changes_identity(task)], place)
    placed = [task for task in tasks if task.problem is None and not task.is_erased]
    await store_messages([task.placed for task in placed if isinstance(task.placed, Message)])
    # After the messages, which may be the targets.
    await run_by_sender([task for task in placed if isinstance(task.placed, Amendment)], _amend)


async def _amend(task: Task) -> None:
    if task.account is not None and isinstance(task.placed, Amendment):
        await record_amendment(task.account.id, task.placed)

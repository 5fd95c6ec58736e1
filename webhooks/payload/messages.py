"""Reads an element of `messages[]`: its sender, body and metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models import (
    Conversation,
    Identity,
    IdentityKind,
    MediaState,
    Message,
    MessageDirection,
    MessageError,
    MessageStatus,
    ParkedReason,
)
from models.database.base import new_id
from models.messages.words import list_message_words
from webhooks.payload.contents import MessageBody, read_amendment, read_body
from webhooks.payload.identities import (
    is_number_change,
    list_known,
    list_new_identities,
    list_old_identities,
    read_wa_id,
)
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.meta_objects import (
    CONTENT_CLASSES,
    Context,
    InboundMessage,
    MediaReference,
    MetaError,
    Sender,
    parse_leniently,
)
from whatsapp.common.values import make_storable
from whatsapp.contacts.contacts import Profile
from whatsapp.contacts.identities import is_bsuid, list_phone_variants
from whatsapp.messages.amendments import Amendment

# Types that change another message or the contact, and so never count as unread.
_NEVER_UNREAD = frozenset({"reaction", "edit", "revoke", "system"})

_CONTACT_REQUEST = "contact_request"


@dataclass(frozen=True)
class Inbound:
    """A parsed message."""

    message: InboundMessage
    body: MessageBody | Amendment
    """The content of the message, or its amendment of another message."""
    identities: Sequence[Identity]
    profile: Profile | None
    new_identities: Sequence[Identity]
    """The customer's new identities, from a system message."""
    number_moves: bool
    """True if the system message reports a new phone number of the customer."""
    by_customer: bool
    """False for messages by WhatsApp or by the business."""


def read_message(item: Item) -> Inbound:
    """Parses and checks a message item, before anything is written.

    Raises:
        ItemRejected: the id, time, sender or target message is missing.
    """
    value = item.value if item.errors is None else {**item.value, "errors": item.errors}
    message = parse_leniently(InboundMessage, value)
    sender = _read_sender(item.contact, message)
    is_system = message.type == "system"
    change = (message.model_extra or {}).get("system") if is_system else None
    new_identities = list_new_identities(change)
    stated_identities = _list_identities(message, sender)
    # The sender is found by its old identities: the new ones may belong to another contact.
    old_identities = [identity for identity in stated_identities if identity not in new_identities]
    identities = old_identities + list_old_identities(change) or stated_identities or new_identities
    if not identities:
        raise ItemRejected(ParkedReason.INVALID_ITEM, "from: no readable sender")
    amendment = read_amendment(message)
    # WhatsApp, not the customer, writes system messages. Amendments are not ordered among the
    # conversation's messages, so their profile may be outdated.
    has_profile = not is_system and amendment is None
    return Inbound(
        message=message,
        body=amendment or read_body(message, value),
        identities=identities,
        profile=_read_profile(message, sender) if has_profile else None,
        new_identities=new_identities,
        number_moves=is_number_change(change),
        by_customer=not is_system,
    )


def read_errors(errors: list[MetaError] | None) -> list[MessageError]:
    """Converts Meta's errors of an inbound message, which can't be retried."""
    return [
        MessageError(code=error.code, title=error.title, details=error.details, href=error.href)
        for error in errors or []
    ]


def _read_sender(contact: Any, message: InboundMessage) -> Sender:
    """Parses the element of `contacts[]` about the sender; invalid elements are ignored."""
    try:
        sender = parse_leniently(Sender, contact)
    except ItemRejected:
        return Sender()
    if None not in {sender.user_id, message.sender_user_id}:
        return sender if sender.user_id == message.sender_user_id else Sender()
    from_number, wa_id = read_wa_id(message.sender), read_wa_id(sender.wa_id)
    if from_number is None or wa_id is None or from_number in list_phone_variants(wa_id):
        return sender
    # The numbers differ: the element may be about the sender under another form of the number, so
    # only its profile is used.
    return Sender(profile=sender.profile)


def _list_identities(message: InboundMessage, sender: Sender) -> list[Identity]:
    pairs: list[tuple[IdentityKind, str | None]] = [
        (IdentityKind.BSUID, message.sender_user_id or sender.user_id),
        (IdentityKind.PARENT_BSUID, message.sender_parent_user_id or sender.parent_user_id),
    ]
    phone = read_wa_id(message.sender) or read_wa_id(sender.wa_id) or _read_shared_phone(message)
    pairs.append((IdentityKind.WA_ID, phone))
    if message.sender is not None and is_bsuid(message.sender):
        pairs.append((IdentityKind.BSUID, message.sender))
    return list_known(pairs)


def _read_shared_phone(message: InboundMessage) -> str | None:
    """Returns the sender's number in the answer to a contact request, if it is unambiguous."""
    extra = message.model_extra or {}
    cards = _list_objects(extra.get("contacts")) if message.type == "contacts" else []
    requested = [
        card for card in cards if _CONTACT_REQUEST in (extra.get("origin"), card.get("origin"))
    ]
    phones = [phone for card in requested for phone in _list_objects(card.get("phones"))]
    numbers = {read_wa_id(phone.get("wa_id")) for phone in phones}
    return numbers.pop() if len(numbers) == 1 else None


def _list_objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_profile(message: InboundMessage, sender: Sender) -> Profile:
    profile = sender.profile
    return Profile(
        name=(profile.name or None) if profile else None,
        username=(profile.username or None) if profile else None,
        at=message.timestamp,
    )


def make_message(conversation: Conversation, message: InboundMessage, body: MessageBody) -> Message:
    """Builds the inbound message to store."""
    context = message.context
    return Message(
        id=new_id(),
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
        reply_to_wamid=context.id if context else None,
        referred_product=make_storable(context.referred_product) if context else None,
        forwarded=_is_forwarded(context),
        frequently_forwarded=bool(context and context.frequently_forwarded),
        referral=make_storable(message.referral),
        group_id=message.group_id,
    )


def _is_forwarded(context: Context | None) -> bool:
    return context is not None and bool(context.forwarded or context.frequently_forwarded)


def _has_file(message: InboundMessage, body: MessageBody) -> bool:
    return bool(body.content) and CONTENT_CLASSES.get(message.type) is MediaReference

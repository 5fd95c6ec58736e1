"""Reads one element of `messages[]`: who wrote what, and what is worth keeping of it."""

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
from webhooks.payload.amendments import read_amendment
from webhooks.payload.contents import Said, read_said
from webhooks.payload.identity_changes import (
    is_number_change,
    list_known,
    list_new_identities,
    list_old_identities,
    read_wa_id,
)
from webhooks.payload.items import Item, Unfit
from webhooks.payload.shapes import (
    CONTENT_SHAPES,
    Context,
    InboundMessage,
    MediaReference,
    MetaError,
    Sender,
    read_readable,
)
from whatsapp.common.values import make_storable
from whatsapp.contacts.contacts import Profile
from whatsapp.contacts.identities import is_bsuid, list_phone_variants
from whatsapp.messages.amendments import Amendment

# These change or accompany something said; nobody has to read them as a message of its own.
_NO_BUBBLES = frozenset({"reaction", "edit", "revoke", "system"})

_CONTACT_REQUEST = "contact_request"


@dataclass(frozen=True)
class Inbound:
    """A message as Meta told it, before anything of it is stored."""

    shape: InboundMessage
    said: Said | Amendment
    """What it says, or what it says about another message."""
    identities: Sequence[Identity]
    profile: Profile | None
    new_identities: Sequence[Identity]
    """What a system message says that the customer is called from now on."""
    number_moves: bool
    """Whether it says that a number among those has become theirs."""
    by_customer: bool
    """False for what WhatsApp or the business says."""


def read_message(item: Item) -> Inbound:
    """Everything that can be wrong with an item is found here, before anything is written.

    Raises:
        Unfit: it has no id, time or sender, or is about a message that it does not name.
    """
    value = item.value if item.errors is None else {**item.value, "errors": item.errors}
    shape = read_readable(InboundMessage, value)
    sender = _read_sender(item.contact, shape)
    change = (shape.model_extra or {}).get("system") if shape.type == "system" else None
    new_identities = list_new_identities(change)
    named = _list_identities(shape, sender)
    # Under what they are called now they may not be known yet, or be somebody else.
    former = [one for one in named if one not in new_identities]
    identities = former + list_old_identities(change) or named or new_identities
    if not identities:
        raise Unfit(ParkedReason.INVALID_ITEM, "from: no readable sender")
    amendment = read_amendment(shape)
    # A system message is WhatsApp's, not the customer's: it tells no profile. Nor does an
    # amendment: the conversation, which tells what is the newest, does not note it.
    has_profile = shape.type != "system" and amendment is None
    return Inbound(
        shape=shape,
        said=amendment or read_said(shape, value),
        identities=identities,
        profile=_read_profile(shape, sender) if has_profile else None,
        new_identities=new_identities,
        number_moves=is_number_change(change),
        by_customer=shape.type != "system",
    )


def read_errors(errors: list[MetaError] | None) -> list[MessageError]:
    """Meta's errors on an inbound message: there is nothing that could be sent again."""
    return [
        MessageError(code=error.code, title=error.title, details=error.details, href=error.href)
        for error in errors or []
    ]


def _read_sender(contact: Any, message: InboundMessage) -> Sender:
    """What `contacts[]` tells about the sender; it never costs the message."""
    try:
        sender = read_readable(Sender, contact)
    except Unfit:
        return Sender()
    if None not in {sender.user_id, message.sender_user_id}:
        return sender if sender.user_id == message.sender_user_id else Sender()
    digits, own = read_wa_id(message.sender), read_wa_id(sender.wa_id)
    if digits is None or own is None or digits in list_phone_variants(own):
        return sender
    # The only element that is listed: its number may be another form, which is not known here.
    return Sender(profile=sender.profile)


def _list_identities(message: InboundMessage, sender: Sender) -> list[Identity]:
    found: list[tuple[IdentityKind, str | None]] = [
        (IdentityKind.BSUID, message.sender_user_id or sender.user_id),
        (IdentityKind.PARENT_BSUID, message.sender_parent_user_id or sender.parent_user_id),
    ]
    phone = read_wa_id(message.sender) or read_wa_id(sender.wa_id) or _read_shared_phone(message)
    found.append((IdentityKind.WA_ID, phone))
    if message.sender is not None and is_bsuid(message.sender):
        found.append((IdentityKind.BSUID, message.sender))
    return list_known(found)


def _read_shared_phone(message: InboundMessage) -> str | None:
    """The writer's own number in the answer to a contact request, if it is exactly one."""
    more = message.model_extra or {}
    cards = _list_objects(more.get("contacts")) if message.type == "contacts" else []
    own = [one for one in cards if _CONTACT_REQUEST in (more.get("origin"), one.get("origin"))]
    phones = [phone for card in own for phone in _list_objects(card.get("phones"))]
    numbers = {read_wa_id(phone.get("wa_id")) for phone in phones}
    return numbers.pop() if len(numbers) == 1 else None


def _list_objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _read_profile(message: InboundMessage, sender: Sender) -> Profile:
    profile = sender.profile
    return Profile(
        name=(profile.name or None) if profile else None,
        username=(profile.username or None) if profile else None,
        at=message.timestamp,
    )


def make_message(conversation: Conversation, shape: InboundMessage, said: Said) -> Message:
    """The message as it is stored."""
    context = shape.context
    return Message(
        id=new_id(),
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction=MessageDirection.INBOUND,
        type=shape.type,
        content=said.content,
        raw=said.raw,
        text=said.text,
        words=list_message_words(said.text),
        media_state=MediaState.PENDING if _has_file(shape, said) else None,
        wamid=shape.id,
        timestamp=shape.timestamp,
        unread=shape.type not in _NO_BUBBLES,
        status_times={MessageStatus.RECEIVED.key: shape.timestamp},
        status_rank=MessageStatus.RECEIVED.rank,
        errors=read_errors(shape.errors),
        reply_to_wamid=context.id if context else None,
        referred_product=make_storable(context.referred_product) if context else None,
        forwarded=_is_forwarded(context),
        frequently_forwarded=bool(context and context.frequently_forwarded),
        referral=make_storable(shape.referral),
        group_id=shape.group_id,
    )


def _is_forwarded(context: Context | None) -> bool:
    return context is not None and bool(context.forwarded or context.frequently_forwarded)


def _has_file(shape: InboundMessage, said: Said) -> bool:
    return bool(said.content) and CONTENT_SHAPES.get(shape.type) is MediaReference

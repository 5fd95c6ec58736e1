"""Reads an element of `messages[]`: its sender, and its content or amendment of a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models import (
    Identity,
    IdentityKind,
    MessageError,
    ParkedReason,
)
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
    EditReference,
    InboundMessage,
    MediaReference,
    MetaError,
    ReactionReference,
    RevokeReference,
    Sender,
    SenderProfile,
    parse_leniently,
    parse_object,
)
from webhooks.payload.parsing import dump_json
from whatsapp.common.values import MAX_LIST_ITEMS, make_storable
from whatsapp.contacts.contacts import Profile
from whatsapp.contacts.identities import is_bsuid, list_phone_variants
from whatsapp.messages.amendments import Amendment, Edit, Reaction, Revoke
from whatsapp.messages.message_preview import make_preview

# Objects that Meta extends every few months are stored unchanged; the graph reads known keys.
_OPEN_TYPES = frozenset({"interactive", "button", "order", "system"})

AMENDMENT_TYPES = frozenset({Reaction.kind, Edit.kind, Revoke.kind})
_CONTACT_REQUEST = "contact_request"


@dataclass(frozen=True)
class MessageBody:
    """The content of a message, in the fields of the same names of a stored message."""

    content: dict[str, Any]
    raw: str | None
    """The item's JSON text, unless `content` and the other fields hold all of it."""
    text: str


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
    profile = sender.profile or SenderProfile()
    return Profile(profile.name or None, profile.username or None, at=message.timestamp)


def read_body(message: InboundMessage, value: dict[str, Any]) -> MessageBody:
    """Returns the body of a parsed message; `value` is its item.

    Content that does not match its type is kept in `raw` only.
    """
    content = _read_content(message)
    is_whole = content is not None and _holds_rest(message)
    return MessageBody(
        content=content.fields if content else {},
        raw=None if content and is_whole and content.is_whole else dump_json(value),
        text=make_preview(message.type, value),
    )


@dataclass(frozen=True)
class _Content:
    fields: dict[str, Any]
    is_whole: bool


def _read_content(message: InboundMessage) -> _Content | None:
    """Returns None for a type without typed content, and for content with errors by Meta."""
    value = (message.model_extra or {}).get(message.type)
    if message.type in _OPEN_TYPES:
        return _keep_object(message, value)
    if message.type == "contacts":
        return _keep_contacts(message, value)
    content_class = CONTENT_CLASSES.get(message.type)
    if content_class is None or (value is None and message.errors):
        return None
    try:
        content = parse_leniently(content_class, value, place=message.type)
    except ItemRejected:
        return None
    fields = content.model_dump(exclude_none=True, include=set(content_class.model_fields))
    return _Content(fields, is_whole=not (content.model_extra or content.is_cut))


def _keep_object(message: InboundMessage, value: Any) -> _Content | None:
    if not isinstance(value, dict) or not value:
        return None
    fields = make_storable({key: _cut(item) for key, item in value.items()})
    former = read_wa_id(message.sender)
    if message.type == "system" and former is not None and "customer" not in fields:
        # The former number is outside the object.
        fields["customer"] = former
    return _Content(fields, is_whole=not any(_is_long(item) for item in value.values()))


def _keep_contacts(message: InboundMessage, value: Any) -> _Content | None:
    if not isinstance(value, list):
        return None
    origin = (message.model_extra or {}).get("origin")
    fields = {"contacts": make_storable(_cut(value))}
    if origin is not None:
        fields["origin"] = make_storable(origin)
    return _Content(fields, is_whole=not _is_long(value))


def _cut(value: Any) -> Any:
    """Cuts a list to the items that are shown; all of them stay in the item's JSON text."""
    return value[:MAX_LIST_ITEMS] if _is_long(value) else value


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > MAX_LIST_ITEMS


def _holds_rest(message: InboundMessage) -> bool:
    """Returns True if the content and the stored fields hold everything in the item."""
    known = {message.type, "origin"} if message.type == "contacts" else {message.type}
    unknown = (message.model_extra or {}).keys() - known
    in_context = message.context.model_extra if message.context else None
    return not (unknown or in_context or message.errors or message.is_cut)


def read_amendment(message: InboundMessage) -> Amendment | None:
    """Returns the amendment without its author, or None if the message is not an amendment.

    Raises:
        ItemRejected: the target message or the new content is missing.
    """
    value = (message.model_extra or {}).get(message.type)
    if message.type not in AMENDMENT_TYPES or (value is None and message.errors):
        return None
    if message.type == Edit.kind:
        return _read_edit(message, value)
    if message.type == Revoke.kind:
        revoke = parse_object(RevokeReference, value, place=message.type)
        return Revoke(target=revoke.original_message_id, at=message.timestamp, wamid=message.id)
    reaction = parse_object(ReactionReference, value, place=message.type)
    return Reaction(
        target=reaction.message_id,
        at=message.timestamp,
        wamid=message.id,
        emoji=reaction.emoji or "",
    )


def _read_edit(message: InboundMessage, value: Any) -> Edit:
    edit = parse_object(EditReference, value, place=message.type)
    # The edited message has no id and time of its own.
    complete_message = {
        **edit.message,
        "id": message.id,
        "timestamp": str(int(message.timestamp.timestamp())),
    }
    edited = parse_leniently(InboundMessage, complete_message, place="edit.message")
    caption = _read_caption_alone(edited.type, edit.message)
    if caption is None:
        body = read_body(edited, edit.message)
        if edited.type in CONTENT_CLASSES and not body.content:
            # Applying it would hide the earlier content.
            raise ItemRejected(
                ParkedReason.INVALID_ITEM, f"edit.message.{edited.type}: not readable"
            )
    else:
        body = MessageBody({"caption": caption}, raw=None, text=caption)
    return Edit(
        target=edit.original_message_id,
        at=message.timestamp,
        wamid=message.id,
        type=edited.type,
        content=body.content,
        raw=body.raw,
        text=body.text,
        is_partial=caption is not None,
    )


def _read_caption_alone(type: str, message: dict[str, Any]) -> str | None:
    """Returns the caption if the edit contains only that, and not the file."""
    content = message.get(type)
    is_file = CONTENT_CLASSES.get(type) is MediaReference and isinstance(content, dict)
    if not is_file or content is None or content.get("id") is not None:
        return None
    caption = content.get("caption")
    return caption if isinstance(caption, str) else None

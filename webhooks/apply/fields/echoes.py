"""Echoes: messages that staff wrote in the WhatsApp Business app of the same number."""

import dataclasses
from typing import Any, cast

from models import Account, Message, MessageDirection, MessageStatus, ParkedReason
from models.database.base import collection, from_bson
from models.messages.words import list_message_words
from webhooks.apply.messages import SenderCache, store_messages
from webhooks.payload.identities import read_wa_id
from webhooks.payload.items import Item, ItemRejected
from webhooks.payload.messages import Inbound, read_message
from webhooks.payload.meta_objects import get_text, get_value
from webhooks.payload.parsing import dump_json
from whatsapp.common.values import make_storable
from whatsapp.contacts.contact_identities import ReportedIdentities, learn_reported_identities
from whatsapp.contacts.identities import is_bsuid
from whatsapp.conversations.conversations import retry_when_gone
from whatsapp.conversations.inbox import mark_read_on_phone
from whatsapp.messages.amendments import Amendment, record_amendment
from whatsapp.templates.echoes import describe_echo

TEMPLATE = "template"


async def apply_echo(account: Account, item: Item) -> None:
    """Stores the echo as a sent message, unless this server sent it.

    A reaction, edit or deletion changes its target message.

    Raises:
        ItemRejected: the id, time, recipient or content is missing or invalid.
    """
    echo = _read_echo(item)
    if isinstance(echo.body, Amendment):
        await record_amendment(account.id, echo.body)
        await learn_reported_identities(account.id, [ReportedIdentities(echo.identities)])
        return
    message = await retry_when_gone(lambda: _store(account, echo, item))
    await _follow_up(message)


async def _store(account: Account, echo: Inbound, item: Item) -> Message:
    by_business = dataclasses.replace(echo, by_customer=False)
    placed = cast("Message", await SenderCache().place(account.id, by_business))
    message: Message = placed.model_copy(
        update={
            "direction": MessageDirection.OUTBOUND,
            "raw": None if placed.raw is None else dump_json(item.value),
            "unread": False,
            "status_times": {MessageStatus.SENT.key: placed.timestamp},
            "status_rank": MessageStatus.SENT.rank,
            **await _describe(account, placed, item),
        }
    )
    await store_messages([message])
    return message


async def _describe(account: Account, placed: Message, item: Item) -> dict[str, Any]:
    """Returns the fields of a template, which customers can't send."""
    template = get_value(item).get(TEMPLATE) if placed.type == TEMPLATE else None
    if not isinstance(template, dict) or not template:
        return {}
    content, text = await describe_echo(account.id, make_storable(template))
    text = text or placed.text
    words = list_message_words(text)
    return {"content": content, "text": text, "words": words, "raw": None}


async def _follow_up(message: Message) -> None:
    key = {"account_id": message.account_id, "wamid": message.wamid}
    document = await collection(Message).find_one(key)
    stored = None if document is None else from_bson(Message, document)
    if stored is not None and stored.is_from_business_app:
        await mark_read_on_phone(stored)


def _read_echo(item: Item) -> Inbound:
    """Parses the echo as a customer's message, with the recipient as the sender."""
    value = get_value(item)
    to, to_user_id = get_text(value, "to"), get_text(value, "to_user_id")
    if to_user_id is None and (to is None or not (read_wa_id(to) or is_bsuid(to))):
        raise ItemRejected(ParkedReason.INVALID_ITEM, "to: no readable recipient")
    parent = get_text(value, "to_parent_user_id")
    names = {"from": to, "from_user_id": to_user_id, "from_parent_user_id": parent}
    ids = {"to", "to_user_id", "to_parent_user_id", *names}
    swapped = {key: part for key, part in value.items() if key not in ids}
    swapped |= {key: name for key, name in names.items() if name is not None}
    echo = read_message(dataclasses.replace(item, value=swapped))
    # Without a name, the profile is unknown rather than empty.
    has_name = echo.profile is not None and echo.profile.name is not None
    return echo if has_name else dataclasses.replace(echo, profile=None)

"""The whole database in a form that two runs of the same webhooks can be compared in."""

from datetime import UTC, datetime
from typing import Any

from beanie import Document

from models import (
    Account,
    Contact,
    Conversation,
    Identity,
    IdentityKind,
    Message,
    MessageDirection,
    MessageStatus,
    ParkedItem,
    PendingUpdate,
    User,
    WebhookEvent,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from tests.fixtures.graphql import GraphQLClient
from whatsapp.contacts.contacts import Profile, get_or_create_contact
from whatsapp.conversations.conversations import get_or_create_conversation, update_summary

_SAID: list[type[Document]] = [
    Contact,
    Conversation,
    Message,
    ParkedItem,
    PendingUpdate,
    User,
    WebhookEvent,
]
_MADE_HERE = ("_id", "id", "created_at", "updated_at", "account_id", "contact_id", "user_id")
# Depends on the order of messages with the same profile, and is not shown; a mark for a sweep.
_UNSEEN = ("profile_at", "answers_stale_at")
UNREAD = """{ conversations { edges { node {
  unreadCount contact { waId profileName } lastMessage { whatsappId text } } } } }"""


async def empty_database() -> None:
    """Everything but accounts and API keys."""
    for document in _SAID:
        await collection(document).delete_many({})


async def create_sent(account: Account, phone: str) -> None:
    """A message to this customer that WhatsApp took as `wamid.SENT`."""
    at = datetime(2025, 6, 1, tzinfo=UTC)
    identity = Identity(kind=IdentityKind.WA_ID, value=phone)
    contact = await get_or_create_contact(
        account.id, [identity], profile=Profile(name=None, username=None, at=at)
    )
    conversation = await get_or_create_conversation(account.id, contact.id)
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        conversation_id=conversation.id,
        contact_id=contact.id,
        direction=MessageDirection.OUTBOUND,
        type="text",
        content={"body": "Hi"},
        text="Hi",
        wamid="wamid.SENT",
        timestamp=at,
        status_times={MessageStatus.ACCEPTED.key: at},
        status_rank=MessageStatus.ACCEPTED.rank,
    )
    await message.insert()
    await update_summary(message)


async def take_snapshot(admin: GraphQLClient) -> dict[str, Any]:
    """Returns all documents by WhatsApp's ids, and the inbox as the graph shows it."""
    wamids = {one["_id"]: one["wamid"] async for one in collection(Message).find()}
    phones = {one["_id"]: one["wa_id"] async for one in collection(Contact).find()}
    inbox = (await admin(UNREAD))["conversations"]["edges"]
    return {
        "messages": {one["wamid"]: _clean(one, phones) async for one in collection(Message).find()},
        "contacts": {one["wa_id"]: _clean(one, phones) async for one in collection(Contact).find()},
        "conversations": {
            phones[one["contact_id"]]: _clean(one, wamids)
            async for one in collection(Conversation).find()
        },
        "pending": await PendingUpdate.count(),
        "users": await User.count(),
        "inbox": sorted(inbox, key=lambda edge: str(edge["node"]["contact"]["waId"])),
    }


def _clean(value: Any, names: dict[Any, Any]) -> Any:
    """Replaces document ids by Meta's ids and drops values that differ in each run.

    Lists of ids and identities are sets, in the order in which they became known.
    """
    if isinstance(value, dict):
        kept = value.items() if "emoji" in value else _drop_made_here(value)
        return {key: _clean(one, names) for key, one in kept if key != "conversation_id"}
    if isinstance(value, list):
        cleaned = [_clean(one, names) for one in value]
        first = cleaned[0] if cleaned else None
        is_set = isinstance(first, str) or (isinstance(first, dict) and "kind" in first)
        return sorted(cleaned, key=str) if is_set else cleaned
    return names.get(value, value) if value.__hash__ else value


def _drop_made_here(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, one) for key, one in value.items() if key not in _MADE_HERE + _UNSEEN]


def list_differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Returns a line for each difference between two snapshots."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            line
            for key in sorted(one.keys() | other.keys(), key=str)
            for line in list_differences(one.get(key), other.get(key), f"{place}/{key}")
        ]
    return [] if one == other else [f"{place}: {one!r} != {other!r}"]

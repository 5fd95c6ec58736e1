"""Records of changes of conversations, with their actor and time.

Staff change a conversation in a transaction that also stores the records, which are derived from
the documents before and after: so no record is lost, and none reports a change that did not happen.
A message or a merge that reopens a conversation adds the record to the conversation itself, in the
same update, because they use no transaction; it is then moved to the records.
See docs/decisions/0055.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from beanie import PydanticObjectId
from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from models import (
    Actor,
    Conversation,
    ConversationChange,
    ConversationChangeKind,
    ConversationStatus,
)
from models.database.base import (
    ANY_ID,
    DEFAULT_WORKSPACE_ID,
    WORKSPACE_FIELD,
    collection,
    from_bson,
    to_bson,
    utc_now,
)
from models.database.bulk_writes import write_unless_duplicate
from whatsapp.auth.access import Viewer
from whatsapp.errors import NotFound

Outcome = TypeVar("Outcome")
Write = Callable[[AsyncClientSession], Awaitable[object]]

_STEP = timedelta(milliseconds=1)
# Conversations whose records are moved by one run of the sweep.
SWEPT_AT_ONCE = 1000
_HAS_REOPENINGS = {"reopenings.change_id": ANY_ID}


def to_actor(viewer: Viewer) -> Actor:
    return Actor(agent_id=viewer.agent_id, credential=str(viewer.credential_id), name=viewer.name)


async def change_conversation(
    viewer: Viewer, conversation_id: PydanticObjectId, write: Write
) -> Conversation:
    """Calls `write` in a transaction, and records the changes it makes to the conversation.

    `write` may be called several times; all its commands must use the session.

    Raises:
        NotFound: the conversation no longer exists.
        Refused: as `write`, which then has changed nothing.
    """

    async def run(session: AsyncClientSession) -> Conversation:
        before = await _read(conversation_id, session)
        await write(session)
        after = await _read(conversation_id, session)
        await _record(viewer, before, after, session)
        return after

    return await run_transaction(run)


async def run_transaction(
    run: Callable[[AsyncClientSession], Awaitable[Outcome]],
) -> Outcome:
    """Runs `run` in a transaction, again if another writer was first."""
    async with collection(Conversation).database.client.start_session() as session:
        return await session.with_transaction(run)


async def _read(conversation_id: PydanticObjectId, session: AsyncClientSession) -> Conversation:
    fields = await collection(Conversation).find_one({"_id": conversation_id}, session=session)
    if fields is None:
        raise NotFound("The conversation", field=["conversationId"])
    return from_bson(Conversation, fields)


async def _record(
    viewer: Viewer, before: Conversation, after: Conversation, session: AsyncClientSession
) -> None:
    at = utc_now()
    if before.changed_at is not None:
        at = max(at, before.changed_at + _STEP)
    # Meta's clock may be ahead of ours.
    at = max(at, before.last_activity_at)
    records = []
    for number, fields in enumerate(_list_differences(before, after)):
        record = ConversationChange(
            workspace_id=after.workspace_id,
            account_id=after.account_id,
            conversation_id=after.id,
            timestamp=at + number * _STEP,
            actor=to_actor(viewer),
            **fields,
        )
        records.append(record)
    if records:
        await collection(Conversation).update_one(
            {"_id": after.id}, {"$set": {"changed_at": records[-1].timestamp}}, session=session
        )
        inserted = [to_bson(record) for record in records]
        await collection(ConversationChange).insert_many(inserted, session=session)


def _list_differences(before: Conversation, after: Conversation) -> Iterator[Mapping[str, Any]]:
    """Yields the fields of each record."""
    if before.status is not after.status:
        is_closed = after.status is ConversationStatus.CLOSED
        kind = ConversationChangeKind
        yield {"kind": kind.CLOSED if is_closed else kind.REOPENED}
    if before.assignee_id != after.assignee_id:
        is_assigned = after.assignee_id is not None
        yield {
            "kind": ConversationChangeKind[("ASSIGNED" if is_assigned else "UNASSIGNED")],
            "assignee_id": after.assignee_id,
            "previous_assignee_id": before.assignee_id,
        }
    added = [tag for tag in after.tags if tag not in before.tags]
    removed = [tag for tag in before.tags if tag not in after.tags]
    if added or removed:
        yield {
            "kind": ConversationChangeKind.TAGGED,
            "added_tags": added,
            "removed_tags": removed,
        }


async def record_reopenings(conversation_ids: Collection[PydanticObjectId]) -> None:
    """Moves the records in these conversations to the other records; may be repeated."""
    await _move_reopenings({"_id": {"$in": list(conversation_ids)}, **_HAS_REOPENINGS})


async def sweep_reopenings() -> None:
    """Moves the records that a crash or a race has left in their conversations."""
    await _move_reopenings(_HAS_REOPENINGS)


async def _move_reopenings(query: Mapping[str, Any]) -> None:
    fields = {WORKSPACE_FIELD: 1, "account_id": 1, "reopenings": 1}
    conversations = (
        await collection(Conversation).find(query, fields).limit(SWEPT_AT_ONCE).to_list()
    )
    if not conversations:
        return
    records = [
        ConversationChange(
            id=reopening["change_id"],
            workspace_id=conversation.get(WORKSPACE_FIELD) or DEFAULT_WORKSPACE_ID,
            account_id=conversation["account_id"],
            conversation_id=conversation["_id"],
            kind=ConversationChangeKind.REOPENED,
            timestamp=reopening["at"],
            message_id=reopening["message_id"],
        )
        for conversation in conversations
        for reopening in conversation["reopenings"]
    ]
    await write_unless_duplicate(
        ConversationChange, [InsertOne(to_bson(record)) for record in records]
    )
    moved = {
        conversation["_id"]: [reopening["change_id"] for reopening in conversation["reopenings"]]
        for conversation in conversations
    }
    result = await collection(Conversation).bulk_write(
        [
            UpdateOne({"_id": key}, {"$pull": {"reopenings": {"change_id": {"$in": ids}}}})
            for key, ids in moved.items()
        ],
        ordered=False,
    )
    if result.matched_count < len(moved):
        await _remove_orphans(records)


async def _remove_orphans(records: Collection[ConversationChange]) -> None:
    """Deletes the records of conversations that were removed meanwhile."""
    ids = list({record.conversation_id for record in records})
    existing = await collection(Conversation).distinct("_id", {"_id": {"$in": ids}})
    gone = [record for record in records if record.conversation_id not in existing]
    for record in gone:
        # A record that has followed a merge stays.
        key = {"_id": record.id, "conversation_id": record.conversation_id}
        await collection(ConversationChange).delete_one(key)

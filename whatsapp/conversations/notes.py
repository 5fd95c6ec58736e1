"""Notes: texts of staff in a conversation, which are never sent."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from models import Conversation, Note, Role
from models.database.base import collection, from_bson, to_bson, utc_now
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.auth.agents import get_agent_of_account
from whatsapp.common.values import check_body, check_idempotency_key
from whatsapp.conversations.changes import run_transaction, to_actor
from whatsapp.conversations.inbox import get_conversation
from whatsapp.errors import Conflict, InvalidInput, NotFound, RefusalCollector

BODY_LIMIT = 4096
MAX_MENTIONS = 20


async def add_note(
    viewer: Viewer,
    conversation_id: PydanticObjectId,
    *,
    body: str,
    mention_ids: Sequence[PydanticObjectId] = (),
    idempotency_key: str | None = None,
) -> Note:
    """Adds a note to the conversation, or returns the note stored with the same idempotency key.

    Raises:
        NotFound: the conversation, or a mentioned agent.
        InvalidInput: the text or the list of mentions is too long, a text is blank, or the key is
            malformed.
        Conflict: the key belongs to another note.
    """
    conversation = await get_conversation(viewer, conversation_id)
    with RefusalCollector() as collect:
        collect(check_body, body, limit=BODY_LIMIT, field=["body"])
        collect(check_idempotency_key, idempotency_key)
    account_id = conversation.account_id
    digest = _digest_input(conversation_id, body, mention_ids)
    repeated = await _find_repeated(account_id, idempotency_key, digest)
    if repeated is not None:
        return repeated
    note = Note(
        workspace_id=conversation.workspace_id,
        account_id=account_id,
        conversation_id=conversation.id,
        author=to_actor(viewer),
        body=body,
        mention_ids=await _check_mentions(viewer, account_id, mention_ids),
        idempotency_key=idempotency_key,
        input_digest=digest if idempotency_key else None,
    )

    async def store(session: AsyncClientSession) -> Note:
        # Conflicts with the removal of the conversation, which thus never misses a note.
        before = await collection(Conversation).find_one_and_update(
            {"_id": conversation.id}, {"$set": {"updated_at": utc_now()}}, session=session
        )
        if before is None:
            raise NotFound("The conversation", field=["conversationId"])
        # After the messages that its author has read, even if Meta's clock is ahead.
        note.timestamp = max(utc_now(), from_bson(Conversation, before).last_activity_at)
        await collection(Note).insert_one(to_bson(note), session=session)
        return note

    try:
        return await run_transaction(store)
    except DuplicateKeyError:
        # A concurrent request with the same key stored its note first.
        repeated = await _find_repeated(account_id, idempotency_key, digest)
        if repeated is None:
            raise
        return repeated


def _digest_input(
    conversation_id: PydanticObjectId, body: str, mention_ids: Sequence[PydanticObjectId]
) -> str:
    request = [str(conversation_id), body, [str(agent_id) for agent_id in mention_ids]]
    return hashlib.sha256(json.dumps(request).encode()).hexdigest()


async def _find_repeated(account_id: PydanticObjectId, key: str | None, digest: str) -> Note | None:
    """Returns the note with this key; raises Conflict if its request was different."""
    if key is None:
        return None
    note = await Note.find_one({"account_id": account_id, "idempotency_key": key})
    if note is not None and note.input_digest != digest:
        raise Conflict(
            "This idempotencyKey was used for another note: use a new key for a new note.",
            field=["idempotencyKey"],
            current=note,
        )
    return note


async def get_note(viewer: Viewer, note_id: PydanticObjectId) -> Note:
    """Returns the note; raises NotFound."""
    return await get_visible(Note, viewer, note_id, field="noteId")


def may_change(viewer: Viewer, note: Note) -> bool:
    """Returns True for the author of the note, with any of their credentials, and for ADMIN."""
    if viewer.has_role(Role.ADMIN):
        return True
    author = note.author
    if author.agent_id is not None or viewer.agent_id is not None:
        return author.agent_id == viewer.agent_id
    return author.credential == str(viewer.credential_id)


async def edit_note(viewer: Viewer, note: Note, *, changes: Mapping[str, Any]) -> Note:
    """Updates `body` and `mention_ids`, as named in `changes`.

    Raises:
        NotFound, InvalidInput: as for `add_note`; the note may also be deleted meanwhile.
    """
    checked = dict(changes)
    if "body" in checked:
        check_body(checked["body"], limit=BODY_LIMIT, field=["body"])
    if "mention_ids" in checked:
        mention_ids = checked["mention_ids"]
        checked["mention_ids"] = await _check_mentions(viewer, note.account_id, mention_ids)
    if checked:
        await collection(Note).update_one(
            {"_id": note.id, "$nor": [checked]}, {"$set": {**checked, "edited_at": utc_now()}}
        )
    edited = await Note.get(note.id)
    if edited is None:
        raise NotFound("The note", field=["noteId"])
    return edited


async def delete_note(note: Note) -> None:
    await collection(Note).delete_one({"_id": note.id})


async def _check_mentions(
    viewer: Viewer, account_id: PydanticObjectId, mention_ids: Sequence[PydanticObjectId]
) -> list[PydanticObjectId]:
    """Returns the ids without duplicates; raises Refused unless all may see the account."""
    unique_ids = list(dict.fromkeys(mention_ids))
    field = "mentionedAgentIds"
    if len(unique_ids) > MAX_MENTIONS:
        raise InvalidInput(f"Mention at most {MAX_MENTIONS} agents.", field=[field])
    for agent_id in unique_ids:
        await get_agent_of_account(viewer, agent_id, account_id, field=field)
    return unique_ids

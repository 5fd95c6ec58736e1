"""Mutations of notes."""

import strawberry
from beanie import PydanticObjectId
from strawberry import ID, Maybe

import models
from graph.core.context import Info, IsAgent, get_viewer
from graph.core.errors import forbidden
from graph.core.ids import require_id
from graph.core.user_errors import UserError, list_changes, user_errors
from graph.mutations.mutation_field import mutation_field
from graph.types.inbox.notes import Note
from whatsapp.conversations import notes
from whatsapp.errors import RefusalCollector


@strawberry.input(description="Note to add to a conversation.")
class AddNoteInput:
    conversation_id: ID = strawberry.field(description="Id of the conversation.")
    body: str = strawberry.field(description="Text of up to 4,096 characters.")
    mentioned_agent_ids: list[ID] | None = strawberry.field(
        default=None,
        description="Ids of up to 20 agents with access to the account, whom the note addresses.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Unique key of up to 255 characters: repeated requests with the same key add"
        " one note.",
    )


@strawberry.input(description="Changes to a note; omitted fields keep their values.")
class EditNoteInput:
    note_id: ID = strawberry.field(description="Id of the note.")
    body: Maybe[str | None] = strawberry.field(
        description="Text of up to 4,096 characters; not null."
    )
    mentioned_agent_ids: Maybe[list[ID] | None] = strawberry.field(
        description="Ids of up to 20 agents, which replace the current ones; not null."
    )


@strawberry.input
class NoteIdInput:
    note_id: ID = strawberry.field(description="Id of the note.")


@strawberry.type
class NotePayload:
    note: Note | None = strawberry.field(
        default=None, description="Current state of the note; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type(description="Result of `deleteNote`.")
class DeleteNotePayload:
    deleted_note_id: ID | None = strawberry.field(
        default=None, description="Id of the deleted note; null if the mutation was refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class NoteMutations:
    @mutation_field(
        IsAgent,
        description="Adds a note to the timeline of a conversation. It is never sent. Requires role"
        " AGENT.",
    )
    async def add_note(self, info: Info, input: AddNoteInput) -> NotePayload:
        with RefusalCollector() as collect:
            conversation_id = collect(
                require_id, input.conversation_id, "Conversation", "conversationId"
            )
            mention_ids = collect(_read_mentions, input.mentioned_agent_ids or [])
        document = await notes.add_note(
            get_viewer(info),
            conversation_id,
            body=input.body,
            mention_ids=mention_ids,
            idempotency_key=input.idempotency_key,
        )
        return NotePayload(note=Note.from_document(document))

    @mutation_field(
        IsAgent,
        description="Changes a note. Only its author or an ADMIN may change it. Requires role"
        " AGENT.",
    )
    async def edit_note(self, info: Info, input: EditNoteInput) -> NotePayload:
        names = ("body", "mentioned_agent_ids")
        changes = list_changes(input, *names, required=names)
        if "mentioned_agent_ids" in changes:
            changes["mention_ids"] = _read_mentions(changes.pop("mentioned_agent_ids"))
        note = await _load_own_note(info, input.note_id)
        document = await notes.edit_note(get_viewer(info), note, changes=changes)
        return NotePayload(note=Note.from_document(document))

    @mutation_field(
        IsAgent,
        description="Deletes a note. Only its author or an ADMIN may delete it. Requires role"
        " AGENT.",
    )
    async def delete_note(self, info: Info, input: NoteIdInput) -> DeleteNotePayload:
        await notes.delete_note(await _load_own_note(info, input.note_id))
        return DeleteNotePayload(deleted_note_id=input.note_id)


async def _load_own_note(info: Info, global_id: str) -> models.Note:
    """Returns a note that the caller may change.

    Raises:
        NotFound: the note.
        RequestError: FORBIDDEN, it is another agent's.
    """
    viewer = get_viewer(info)
    note = await notes.get_note(viewer, require_id(global_id, "Note", "noteId"))
    if not notes.may_change(viewer, note):
        raise forbidden("Only the author of a note or an ADMIN may change it.")
    return note


def _read_mentions(global_ids: list[ID]) -> list[PydanticObjectId]:
    return [require_id(global_id, "Agent", "mentionedAgentIds") for global_id in global_ids]

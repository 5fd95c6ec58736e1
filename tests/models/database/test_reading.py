"""Reading documents; a partial document has no values for unread fields."""

from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import DOCUMENTS, Message, MessageDirection
from models.database.base import DEFAULT_WORKSPACE_ID, new_id, to_bson, utc_now
from models.database.conversion import from_bson


def create_message() -> Message:
    return Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=new_id(),
        conversation_id=new_id(),
        contact_id=new_id(),
        direction=MessageDirection.INBOUND,
        type="text",
        text="hi",
        timestamp=utc_now(),
        status_rank=0,
    )


@pytest.mark.usefixtures("database")
def test_whole_document_equals_stored_document() -> None:
    message = create_message()

    read = from_bson(Message, to_bson(message))

    assert read.model_dump() == message.model_dump()
    assert isinstance(read.direction, MessageDirection)


@pytest.mark.usefixtures("database")
def test_what_was_not_read_is_error() -> None:
    message = create_message()

    read = from_bson(Message, {"_id": message.id, "text": "hi"}, fields=["text", "edited_at"])

    assert (read.id, read.text, read.edited_at) == (message.id, "hi", None)
    assert isinstance(read, Message)
    with pytest.raises(AttributeError, match="`deleted_at` was not read"):
        _ = read.deleted_at


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_partial_documents_of_every_class_can_be_made(
    kind: Any, database: AsyncDatabase[dict[str, Any]]
) -> None:
    read = from_bson(kind, {"_id": new_id()}, fields=[])

    for name in kind.model_fields.keys() - {"id"}:
        with pytest.raises(AttributeError):
            getattr(read, name)

"""Documents are written exactly as Beanie writes them."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
from beanie import Document, PydanticObjectId
from beanie.odm.utils.dump import get_dict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pymongo.asynchronous.database import AsyncDatabase

from models import DOCUMENTS, AccountRestrictions, Message, MessageDirection, MessageError
from models.database.base import DEFAULT_WORKSPACE_ID, new_id, to_bson

TIME = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Kind(Enum):
    NUMBER = 7


class Part(BaseModel):
    at: datetime
    kind: Kind


# Values of a field of type Any, nested.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.just(TIME)
    | st.builds(new_id)
    | st.sampled_from(list(MessageDirection))
    | st.just(Part(at=TIME, kind=Kind.NUMBER)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


st.register_type_strategy(PydanticObjectId, st.builds(new_id))
st.register_type_strategy(AccountRestrictions, st.builds(AccountRestrictions, blocks=st.just({})))


@pytest.mark.parametrize("document_class", DOCUMENTS, ids=lambda one: one.__name__)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_documents_are_written_as_beanie_writes_them(
    document_class: type[Document], data: st.DataObject, database: AsyncDatabase[dict[str, Any]]
) -> None:
    fields: dict[str, Any] = {}
    for name, field in document_class.model_fields.items():
        if not field.exclude:
            fields[name] = data.draw(_draw(field.annotation), label=name)
    document = document_class.model_construct(**fields)

    written = to_bson(document)

    omitted = getattr(document_class.Settings, "omitted_if_none", ())
    expected = {
        name: value
        for name, value in get_dict(document, to_db=True).items()
        if name not in omitted or value is not None
    }
    assert written == expected
    assert _list_kinds(written) == _list_kinds(expected)


def test_what_is_written_shares_nothing_with_document() -> None:
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=new_id(),
        conversation_id=new_id(),
        contact_id=new_id(),
        direction=MessageDirection.INBOUND,
        type="text",
        content={"body": "Hi", "list": [{}]},
        errors=[MessageError(code=1)],
        timestamp=TIME,
        status_rank=0,
    )

    written = to_bson(message)
    written["content"]["list"][0]["new"] = 1
    written["errors"].clear()

    assert message.content == {"body": "Hi", "list": [{}]}
    assert message.errors == [MessageError(code=1)]
    assert "revision_id" not in written


def _draw(annotation: Any) -> st.SearchStrategy[Any]:
    text = str(annotation)
    if "Any" in text:
        return anything if annotation is Any else _draw_container(text)
    return st.from_type(annotation)


def _draw_container(text: str) -> st.SearchStrategy[Any]:
    objects = st.dictionaries(st.text(max_size=3), anything, max_size=3)
    if text.startswith("list["):
        return st.lists(objects, max_size=2)
    return st.none() | objects if "None" in text else objects


def _list_kinds(value: Any) -> Any:
    """Returns the types of all values: equal values may be stored as different types."""
    if isinstance(value, dict):
        return {key: _list_kinds(one) for key, one in value.items()}
    return [_list_kinds(one) for one in value] if isinstance(value, list) else type(value)

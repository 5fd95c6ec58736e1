"""Converts documents to BSON: the counterpart of `models.database.reading`.

Beanie checks the type of each value. Here the annotations of a class decide once which fields need
a conversion; other values are stored unchanged. Unusual types are left to Beanie.
"""

from datetime import datetime
from enum import Enum
from typing import Any

from beanie import Document, PydanticObjectId
from beanie.odm.utils.dump import get_dict
from beanie.odm.utils.encoder import Encoder
from bson import ObjectId
from pydantic.fields import FieldInfo

from models.database.reading import list_classes

_WRITERS: dict[type[Document], "DocumentWriter"] = {}

_PLAIN = frozenset({str, int, float, bool, datetime, ObjectId, PydanticObjectId, type(None)})


class DocumentWriter:
    """Converts the documents of a class."""

    def __init__(self, document_class: type[Document]) -> None:
        fields = document_class.model_fields
        self._left_out = [name for name, field in fields.items() if field.exclude]
        self._looked_at = [
            name
            for name, field in fields.items()
            if name not in self._left_out and not _is_plain(field)
        ]
        # Beanie itself writes classes with links, unions and the like.
        settings = document_class.get_settings()
        aliases = {name: field.alias or name for name, field in fields.items() if name != "id"}
        self._is_usual = (
            document_class.get_link_fields() in (None, {})
            and not document_class._class_id
            and settings.union_doc is None
            and not settings.bson_encoders
            and not settings.use_revision
            and all(name == alias for name, alias in aliases.items())
        )

    def write(self, document: Document) -> dict[str, Any]:
        """Returns the fields to store, without objects that are shared with the document."""
        values = dict(document.__dict__)
        if not self._is_usual or values.get("id") is None or document.model_extra:
            written: dict[str, Any] = get_dict(document, to_db=True)
            return written
        for name in self._left_out:
            values.pop(name, None)
        for name in self._looked_at:
            if name in values:
                values[name] = _write(values[name])
        return {"_id": values.pop("id"), **values}


def to_bson(document: Document) -> dict[str, Any]:
    """Returns the document as MongoDB stores it."""
    document_class = type(document)
    writer = _WRITERS.get(document_class)
    if writer is None:
        writer = _WRITERS[document_class] = DocumentWriter(document_class)
    return writer.write(document)


def _is_plain(field: FieldInfo) -> bool:
    """Returns True if every value of the field is an immutable BSON value."""
    return all(
        kind in _PLAIN or (issubclass(kind, Enum) and issubclass(kind, str | int))
        for kind in list_classes(field.annotation) or [object]
    )


def _write(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {_write_key(key): _write(item) for key, item in value.items()}
    if kind is list:
        return [_write(item) for item in value]
    return Encoder(to_db=True).encode(value)


def _write_key(key: Any) -> Any:
    return key if isinstance(key, str | Enum) else str(key)

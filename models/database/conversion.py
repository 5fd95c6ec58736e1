"""Converts documents from and to BSON, without validating stored documents again.

Documents were validated when they were written, and validating a page of the inbox would cost more
than the rest of the query. So only enums and nested models are converted; documents that do not
fit are validated by pydantic, which raises the errors. Beanie's own queries always validate.

Beanie's writer checks the type of each value. Here the annotations of a class decide once which
fields need a conversion; other values are stored unchanged. Unusual types are left to Beanie.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from beanie import Document, PydanticObjectId
from beanie.odm.utils.dump import get_dict
from beanie.odm.utils.encoder import Encoder
from bson import ObjectId
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

# The workspace of an instance that serves one business, and of all documents of version 0.1.
DEFAULT_WORKSPACE_ID = PydanticObjectId(b"default".ljust(12, b"\0"))
# Of operators, and of webhook items that belong to no workspace.
NO_WORKSPACE_ID = PydanticObjectId(bytes(12))
WORKSPACE_FIELD = "workspace_id"

DocumentType = TypeVar("DocumentType", bound=Document)
Convert = Callable[[Any], Any]

_READERS: dict[type[Document], "DocumentReader"] = {}

_set = object.__setattr__


class UnloadedField:
    """Raises AttributeError for a field that was not loaded or can't be read.

    Loaded fields take precedence. Without this descriptor, the attribute would be Beanie's
    expression for queries.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, document: object, _kind: type | None = None) -> Any:
        if document is None:
            return self
        raise AttributeError(f"`{self._name}` was not read from this document")


class DocumentReader:
    """Reads the documents of a class."""

    def __init__(self, document_class: type[Document]) -> None:
        fields = document_class.model_fields
        self._document_class = document_class
        self._partial_class = _make_partial_class(document_class)
        self._names = set(fields)
        self._converters = [
            (name, convert) for name, field in fields.items() if (convert := _find_converter(field))
        ]
        self._defaults = {
            name: field
            for name, field in fields.items()
            if name != "id" and not field.is_required()
        }
        if WORKSPACE_FIELD in fields and fields[WORKSPACE_FIELD].is_required():
            # Only for reads: a writer must name the workspace.
            self._defaults[WORKSPACE_FIELD] = FieldInfo(default=DEFAULT_WORKSPACE_ID)
        self._absent = {
            name
            for name, field in self._defaults.items()
            if field.default is None and field.default_factory is None
        }

    def read(
        self, stored: Mapping[str, Any], fields: Collection[str] | None, *, tolerant: bool
    ) -> Document:
        """Returns the document; with `fields`, it has only these."""
        values = dict(stored)
        try:
            values["id"] = values.pop("_id")
            for name, convert in self._converters:
                if name in values:
                    values[name] = convert(values[name])
            for name in self._defaults if fields is None else fields:
                if name not in values:
                    values[name] = self._get_default(name, values["id"])
            if fields is None and values.keys() != self._names:
                values = {name: values[name] for name in self._names}
        except (KeyError, ValueError, TypeError):
            if fields is not None:
                raise
            return self._read_slowly(stored, tolerant=tolerant)
        return self._make(self._document_class if fields is None else self._partial_class, values)

    def _read_slowly(self, stored: Mapping[str, Any], *, tolerant: bool) -> Document:
        missing = [name for name in self._defaults if name not in stored]
        if "_id" in stored:
            missing_values = {name: self._get_default(name, stored["_id"]) for name in missing}
            stored = {**stored, **missing_values}
        try:
            document: Document = self._document_class.model_validate(stored)
        except ValidationError:
            if not tolerant or "_id" not in stored:
                raise
            return self._make(self._partial_class, self._read_readable(stored))
        return document

    def _read_readable(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the fields that can be read."""
        values = {name: stored[name] for name in self._names if name in stored}
        values["id"] = stored["_id"]
        for name, convert in self._converters:
            try:
                if name in values:
                    values[name] = convert(values[name])
            except (KeyError, ValueError, TypeError):
                del values[name]
        for name in self._defaults:
            if name not in stored:
                values[name] = self._get_default(name, values["id"])
        return values

    def _get_default(self, name: str, document_id: Any) -> Any:
        if name in self._absent:
            return None
        value = self._defaults[name].get_default(call_default_factory=True)
        # The current time would differ at each read, so use the document's creation.
        if isinstance(value, datetime) and isinstance(document_id, ObjectId):
            return document_id.generation_time
        return value

    def _make(self, document_class: type[Document], values: dict[str, Any]) -> Document:
        # Like pydantic's model_construct, but without a loop over the fields.
        document = document_class.__new__(document_class)
        _set(document, "__dict__", values)
        _set(document, "__pydantic_fields_set__", self._names)
        _set(document, "__pydantic_extra__", None)
        private = {
            "_store": {},
            "_lazily_parsed": False,
            "_saved_state": None,
            "_previous_saved_state": None,
        }
        _set(document, "__pydantic_private__", private)
        return document


def from_bson(
    document_class: type[DocumentType],
    stored: Mapping[str, Any],
    *,
    fields: Collection[str] | None = None,
    tolerant: bool = False,
) -> DocumentType:
    """Returns the document that pymongo read.

    With `fields`, only these were loaded, and access to other fields raises AttributeError.
    With `tolerant`, so does access to invalid fields; never save such a document.

    Raises:
        ValidationError: a field is invalid, unless `tolerant`.
        KeyError, ValueError, TypeError: a field is invalid, with `fields`.
    """
    reader = _READERS.get(document_class)
    if reader is None:
        reader = _READERS[document_class] = DocumentReader(document_class)
    document: Any = reader.read(stored, fields, tolerant=tolerant)
    return document  # type: ignore[no-any-return]  # the reader is of this class


def project(fields: Collection[str] | None) -> dict[str, int] | None:
    """Returns the projection for a find that is read with the same `fields`."""
    if fields is None:
        return None
    # `_id` is the document's `id`.
    return {"_id": 1, **{name: 1 for name in fields if name != "id"}}


def find_whole_class(document: Document) -> type[Document]:
    """Returns the class of a document, also of a partial document."""
    kind = type(document)
    whole_class: type[Document] = vars(kind).get("_whole_class", kind)
    return whole_class


def _make_partial_class(document_class: type[Document]) -> type[Document]:
    # Bypasses pydantic's metaclass: it is the same model with other class attributes.
    partial: type[Document] = type.__new__(
        type(document_class),
        document_class.__name__,
        (document_class,),
        {"__module__": document_class.__module__, "_whole_class": document_class},
    )
    for name in document_class.model_fields:
        type.__setattr__(partial, name, UnloadedField(name))
    return partial


def _find_converter(field: FieldInfo) -> Convert | None:
    """Returns the function that converts a stored value, or None if it needs no conversion."""
    kinds = set(list_classes(field.annotation))
    enums = [kind for kind in kinds if issubclass(kind, Enum)]
    if enums and len(kinds - {NoneType}) == 1 and get_origin(field.annotation) is not list:
        members: dict[Any, Any] = {member.value: member for member in enums[0]}
        if NoneType in kinds:
            members[None] = None
        return members.__getitem__
    if enums or any(issubclass(kind, BaseModel) for kind in kinds):
        annotation: Any = field.annotation
        validate = TypeAdapter(annotation).validate_python
        # Most lists of models are empty, and most optional models are None.
        return lambda value: value if value is None or value == [] else validate(value)
    return None


def list_classes(annotation: Any) -> list[type]:
    """Returns all classes in an annotation, at any depth."""
    origin = get_origin(annotation)
    if origin is None:
        return [annotation] if isinstance(annotation, type) else []
    outer = [origin] if isinstance(origin, type) and origin not in (Union, UnionType) else []
    return outer + [kind for argument in get_args(annotation) for kind in list_classes(argument)]


_WRITERS: dict[type[Document], "DocumentWriter"] = {}

_PLAIN = frozenset({str, int, float, bool, datetime, ObjectId, PydanticObjectId, type(None)})


class DocumentWriter:
    """Converts the documents of a class.

    Fields that its `Settings.omitted_if_none` names are not stored while they are None.
    """

    def __init__(self, document_class: type[Document]) -> None:
        fields = document_class.model_fields
        self._left_out = [name for name, field in fields.items() if field.exclude]
        self._looked_at = [
            name
            for name, field in fields.items()
            if name not in self._left_out and not _is_plain(field)
        ]
        self._optional: Sequence[str] = getattr(document_class.Settings, "omitted_if_none", ())
        # Beanie itself writes classes with links, unions and similar types.
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
        for name in self._optional:
            if values.get(name) is None:
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

"""Typed objects and single values in Meta's webhooks; tolerates missing and unknown keys.

Sources: Meta, "Cloud API webhooks: messages" and facebook/openapi business-messaging-api_v23.0.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PrivateAttr,
    ValidationError,
)

from models import ParkedReason
from webhooks.payload.items import Item, ItemRejected

_UNIX_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
MAX_TEXT = 1024
# Times above this are in milliseconds: as seconds they would lie in the year 5138.
_MILLISECONDS = 100_000_000_000
_YEAR_2100 = 4_102_444_800


def read_time(value: object) -> datetime:
    """Parses Meta's time: Unix seconds as text or as a number, from 1970 to 2100."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _UNIX_SECONDS.fullmatch(text):
        raise ValueError("not Unix seconds")
    seconds = int(text)
    if seconds >= _YEAR_2100:
        raise ValueError("after the year 2100")
    return datetime.fromtimestamp(seconds, UTC)


def _read_id(value: object) -> object:
    # Meta writes ids as numbers in places.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("not a number")
    return value


MetaTime = Annotated[datetime, BeforeValidator(read_time)]
MetaId = Annotated[str, BeforeValidator(_read_id), Field(min_length=1, max_length=512)]
OptionalId = Annotated[MetaId | None, BeforeValidator(lambda value: None if value == "" else value)]


class MetaObject(BaseModel):
    """Base class that keeps unknown keys in `model_extra`, so that they are noticed."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    _is_cut: bool = PrivateAttr(default=False)

    @property
    def is_cut(self) -> bool:
        """True if `parse_leniently` left parts out."""
        return self._is_cut


class Context(MetaObject):
    sender: OptionalId = Field(default=None, alias="from")
    id: OptionalId = None
    forwarded: bool | None = None
    frequently_forwarded: bool | None = None
    referred_product: dict[str, Any] | None = None


class MetaError(MetaObject):
    code: Annotated[int, Field(ge=-(2**31), lt=2**31)] = 0
    title: str | None = None
    message: str | None = None
    error_data: Any = None
    href: str | None = None

    @property
    def details(self) -> str | None:
        """The details in `error_data`, which is an object or a plain string."""
        part = self.error_data
        if isinstance(part, dict):
            part = part.get("details")
        return part if isinstance(part, str) else self.message


class InboundMessage(MetaObject):
    """An element of `messages[]`; the object of its type is in `model_extra`."""

    id: MetaId
    timestamp: MetaTime
    type: Annotated[str, Field(min_length=1, max_length=64)] = "unknown"
    sender: OptionalId = Field(default=None, alias="from")
    sender_user_id: OptionalId = Field(default=None, alias="from_user_id")
    sender_parent_user_id: OptionalId = Field(default=None, alias="from_parent_user_id")
    group_id: OptionalId = None
    context: Context | None = None
    referral: dict[str, Any] | None = None
    errors: list[MetaError] | None = None


class SenderProfile(MetaObject):
    name: str | None = None
    username: str | None = None


class Sender(MetaObject):
    """An element of `contacts[]`."""

    profile: SenderProfile | None = None
    wa_id: OptionalId = None
    user_id: OptionalId = None
    parent_user_id: OptionalId = None


class StatusReport(MetaObject):
    """An element of `statuses[]`."""

    id: MetaId
    status: Annotated[str, Field(min_length=1, max_length=64)]
    timestamp: MetaTime
    biz_opaque_callback_data: Any = None
    errors: list[MetaError] | None = None
    pricing: dict[str, Any] | None = None
    conversation: Any = None
    type: Any = None
    payment: Any = None


class Text(MetaObject):
    body: str


class MediaReference(MetaObject):
    id: MetaId
    mime_type: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool | None = None
    animated: bool | None = None
    url: str | None = None


class Location(MetaObject):
    latitude: Annotated[FiniteFloat, BeforeValidator(_refuse_bool), Field(ge=-90, le=90)]
    longitude: Annotated[FiniteFloat, BeforeValidator(_refuse_bool), Field(ge=-180, le=180)]
    name: str | None = None
    address: str | None = None
    url: str | None = None


class ReactionReference(MetaObject):
    """A reaction, or the removal of a reaction if there is no emoji."""

    message_id: MetaId
    emoji: Annotated[str, Field(max_length=64)] | None = None


class EditReference(MetaObject):
    original_message_id: MetaId
    message: dict[str, Any]


class RevokeReference(MetaObject):
    original_message_id: MetaId


CONTENT_CLASSES: dict[str, type[MetaObject]] = {
    "text": Text,
    "image": MediaReference,
    "video": MediaReference,
    "audio": MediaReference,
    "document": MediaReference,
    "sticker": MediaReference,
    "location": Location,
}

ObjectType = TypeVar("ObjectType", bound=MetaObject)
Path = tuple[int | str, ...]
# Removing a part may make the part around it invalid; objects have at most this many levels.
MAX_CUTS = 5


def parse_object(object_class: type[ObjectType], value: Any, *, place: str = "item") -> ObjectType:
    """Parses a value.

    Raises:
        ItemRejected: names the invalid keys, but not their values.
    """
    try:
        return object_class.model_validate(value)
    except ValidationError as error:
        raise _explain(error, place) from None


def parse_leniently(
    object_class: type[ObjectType], value: Any, *, place: str = "item"
) -> ObjectType:
    """Parses a value without its invalid optional parts; see `MetaObject.is_cut`.

    Raises:
        ItemRejected: as in `parse_object`, for required parts.
    """
    try:
        return object_class.model_validate(value)
    except ValidationError as error:
        problem, invalid = _explain(error, place), _list_invalid(error)
    for _ in range(MAX_CUTS):
        if () in invalid:
            break
        value = _leave_out(value, invalid)
        try:
            parsed = object_class.model_validate(value)
        except ValidationError as error:
            invalid = _list_invalid(error)
            continue
        parsed._is_cut = True
        return parsed
    raise problem


def _explain(error: ValidationError, place: str) -> ItemRejected:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    details = [
        f"{'.'.join([place, *map(str, problem['loc'])])}: {problem['type']}" for problem in problems
    ]
    return ItemRejected(ParkedReason.INVALID_ITEM, "; ".join(details)[:500])


def _list_invalid(error: ValidationError) -> set[Path]:
    """Returns the paths of invalid parts; if a part lacks a key, the path of the part."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return {
        problem["loc"][:-1] if problem["type"] == "missing" else problem["loc"]
        for problem in problems
    }


def _leave_out(value: Any, paths: set[Path]) -> Any:
    """Returns a copy without the parts at these paths."""
    below: dict[int | str, set[Path]] = {}
    for path in paths:
        below.setdefault(path[0], set()).add(path[1:])
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    kept = {
        key: _leave_out(part, below[key]) if key in below else part
        for key, part in parts
        if () not in below.get(key, ())
    }
    return kept if isinstance(value, dict) else list(kept.values())


def get_value(item: Item) -> Mapping[str, Any]:
    """Returns the change's value, or an empty object if it is not an object."""
    return item.value if isinstance(item.value, dict) else {}


def get_object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def get_text(value: Mapping[str, Any], *names: str) -> str | None:
    """Returns the first value that is a text or a number, cut to MAX_TEXT."""
    for name in names:
        part = value.get(name)
        if isinstance(part, int | float) and not isinstance(part, bool):
            part = json.dumps(part)
        if isinstance(part, str) and part.strip():
            return part.strip()[:MAX_TEXT]
    return None


def get_time(value: Mapping[str, Any], name: str) -> datetime | None:
    part = value.get(name)
    if isinstance(part, int) and not isinstance(part, bool) and part >= _MILLISECONDS:
        part //= 1000
    try:
        return read_time(part)
    except ValueError:
        return None


def get_entry_time(item: Item) -> datetime | None:
    """Returns Meta's time of the change."""
    return get_time(item.envelope, "time")

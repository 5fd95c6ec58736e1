"""Scalars whose input is checked here: DateTime, JSON and Upload."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from graph.core.errors import bad_input
from whatsapp.media.received_file import ReceivedFile

# RFC 3339, section 5.6: `date-time`.
_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)
_LEAP_SECOND = 60


def parse_date_time(value: object) -> datetime:
    """The moment that an RFC 3339 text names, in UTC. Fractions beyond microseconds are cut off.

    Raises:
        RequestError: any other value, or a moment outside the years 1 to 9999.
    """
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise bad_input(
            "A DateTime is a text as RFC 3339 writes it, with seconds and a time zone:"
            " 2026-03-01T09:30:00Z."
        )
    try:
        return _read_moment(match)
    except (ValueError, OverflowError):
        raise bad_input("The DateTime names no moment in the years 1 to 9999.") from None


def _read_moment(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    hours, minutes = int(offset_hours or 0), int(offset_minutes or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("no time zone")
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    # Python has no leap seconds: the 60th is the first of the next minute.
    leap = timedelta(seconds=1 if second == _LEAP_SECOND else 0)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    second = min(second, 59) if leap else second
    zone = timezone(offset)
    local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
    return local.astimezone(UTC) + leap


def parse_json_value(value: Any) -> Any:
    """Any JSON value.

    Raises:
        RequestError: a file of the request was put into it.
    """
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, ReceivedFile):
            raise bad_input("A file can't be part of a JSON value: give it by an Upload variable.")
        if isinstance(one, dict | list):
            pending.extend(one.values() if isinstance(one, dict) else one)
    return value


def _write_date_time(value: datetime) -> str:
    return value.isoformat()


DATE_TIME_SCALAR: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A moment as RFC 3339 writes it, such as `2026-03-01T09:30:00Z`. Values in answers"
    " are in UTC; values in requests must have seconds and a time zone, and lie in the years 1 to"
    " 9999.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    serialize=_write_date_time,
    parse_value=parse_date_time,
)
JSON_SCALAR: ScalarDefinition = strawberry.scalar(
    name="JSON",
    description="Any JSON value.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
    serialize=lambda value: value,
    parse_value=parse_json_value,
)
SCALARS: dict[object, ScalarDefinition] = {datetime: DATE_TIME_SCALAR, JSON: JSON_SCALAR}
Upload = NewType("Upload", ReceivedFile)


class FileVariables(dict[str, Any]):
    """The variables of an operation that came with files: storing them may take `seconds`."""

    seconds = 0.0


def _read_value(value: object) -> ReceivedFile:
    if isinstance(value, ReceivedFile):
        return value
    raise bad_input("A file comes as a part of a multipart request over HTTP, by a variable.")


def _read_literal(_node: ValueNode, _variables: object = None) -> ReceivedFile:
    raise bad_input("A file can't stand in the document: give it by a variable.")


def _refuse_output(_value: object) -> None:
    raise GraphQLError("An Upload is only an input.")


UPLOAD_SCALAR: ScalarDefinition = strawberry.scalar(
    name="Upload",
    description="A file: a variable that is null in `operations` of a multipart request, and that"
    " its `map` names.",
    serialize=_refuse_output,
    parse_value=_read_value,
    parse_literal=_read_literal,
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
)

"""Scalars with checked input: DateTime, JSON and Upload."""

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
    """Parses RFC 3339 and returns a time in UTC, truncated to microseconds.

    Raises:
        RequestError: the value is invalid or outside the years 1 to 9999.
    """
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise bad_input(
            "Invalid DateTime; use RFC 3339 with seconds and a time zone, such as"
            " 2026-03-01T09:30:00Z."
        )
    try:
        return _read_moment(match)
    except (ValueError, OverflowError):
        raise bad_input("Invalid DateTime; use a time in the years 1 to 9999.") from None


def _read_moment(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    hours, minutes = int(offset_hours or 0), int(offset_minutes or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("invalid time zone")
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    # Python has no leap seconds: second 60 becomes the first of the next minute.
    leap = timedelta(seconds=1 if second == _LEAP_SECOND else 0)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    second = min(second, 59) if leap else second
    zone = timezone(offset)
    local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
    return local.astimezone(UTC) + leap


def parse_json_value(value: Any) -> Any:
    """Returns the value.

    Raises:
        RequestError: the value contains an uploaded file.
    """
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, ReceivedFile):
            raise bad_input("A JSON value can't contain a file; use an Upload variable.")
        if isinstance(part, dict | list):
            pending.extend(part.values() if isinstance(part, dict) else part)
    return value


def _write_date_time(value: datetime) -> str:
    return value.isoformat()


DATE_TIME_SCALAR: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="A time in RFC 3339 format, such as `2026-03-01T09:30:00Z`. Responses use UTC;"
    " requests must give seconds and a time zone, in the years 1 to 9999.",
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
    """Variables of an operation with files, which may take `seconds` longer."""

    seconds = 0.0


def _read_value(value: object) -> ReceivedFile:
    if isinstance(value, ReceivedFile):
        return value
    raise bad_input("Send the file as a part of a multipart HTTP request, in a variable.")


def _read_literal(_node: ValueNode, _variables: object = None) -> ReceivedFile:
    raise bad_input("A file can't be written in the document; use a variable.")


def _refuse_output(_value: object) -> None:
    raise GraphQLError("Upload is an input type.")


UPLOAD_SCALAR: ScalarDefinition = strawberry.scalar(
    name="Upload",
    description="A file of a multipart request: a variable that is null in `operations` and named"
    " in `map`.",
    serialize=_refuse_output,
    parse_value=_read_value,
    parse_literal=_read_literal,
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
)

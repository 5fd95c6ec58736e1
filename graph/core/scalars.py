"""Scalars with checked input: DateTime, Decimal, JSON, PhoneNumber, Upload and URL."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
)
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from graph.core.errors import bad_input
from whatsapp.common.values import is_web_url
from whatsapp.contacts.identities import PHONE_ADVICE, parse_phone
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


# Lexical form of xsd:decimal, limited to 30 digits on either side of the point.
_DECIMAL = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})", re.ASCII)


def parse_decimal(value: object) -> Decimal:
    """Parses a decimal number without exponent, given as text or as a JSON number.

    Raises:
        RequestError: the value is invalid or has too many digits.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value) if is_number else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise bad_input(
            "Invalid Decimal; use a decimal number of up to 30 digits on either side of the point,"
            ' such as "12.50".'
        )
    return Decimal(text)


def _parse_decimal_literal(node: ValueNode, _variables: object = None) -> Decimal:
    # The literal's own text: a float would lose digits.
    if isinstance(node, IntValueNode | FloatValueNode | StringValueNode):
        return parse_decimal(node.value)
    return parse_decimal(None)


def _write_decimal(value: Decimal) -> str:
    return format(value, "f")


def parse_phone_number(value: object) -> str:
    """Parses a typed phone number and returns it in E.164 format.

    Raises:
        RequestError: the value is not a phone number with country code.
    """
    digits = parse_phone(value) if isinstance(value, str) else None
    if digits is None:
        raise bad_input(PHONE_ADVICE)
    return f"+{digits}"


def parse_url(value: object) -> str:
    """Returns the URL.

    Raises:
        RequestError: the value is not an absolute http(s) URL.
    """
    if not isinstance(value, str) or not is_web_url(value):
        raise bad_input(
            "Invalid URL; use an absolute URL without spaces that begins with https:// or http://."
        )
    return value


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
DECIMAL_SCALAR: ScalarDefinition = strawberry.scalar(
    name="Decimal",
    description="An exact decimal number as text, such as `12.50`. Requests may also give a number;"
    " up to 30 digits are allowed on either side of the point, and no exponent.",
    specified_by_url="https://www.w3.org/TR/xmlschema11-2/#decimal",
    serialize=_write_decimal,
    parse_value=parse_decimal,
    parse_literal=_parse_decimal_literal,
)
PhoneNumber = NewType("PhoneNumber", str)
PHONE_NUMBER_SCALAR: ScalarDefinition = strawberry.scalar(
    name="PhoneNumber",
    description="A phone number in E.164 format, such as `+4915112345678`. In requests, spaces and"
    " punctuation are ignored and the `+` is optional; the country code is required.",
    specified_by_url="https://www.itu.int/rec/T-REC-E.164",
    serialize=GraphQLString.coerce_output_value,
    parse_value=parse_phone_number,
)
Url = NewType("Url", str)
URL_SCALAR: ScalarDefinition = strawberry.scalar(
    name="URL",
    description="An absolute http or https URL, such as `https://example.com/a.png`. In"
    " responses, texts of WhatsApp or customers that are not such URLs are null.",
    specified_by_url="https://url.spec.whatwg.org/",
    serialize=GraphQLString.coerce_output_value,
    parse_value=parse_url,
)
SCALARS: dict[object, ScalarDefinition] = {
    datetime: DATE_TIME_SCALAR,
    Decimal: DECIMAL_SCALAR,
    JSON: JSON_SCALAR,
    PhoneNumber: PHONE_NUMBER_SCALAR,
    Url: URL_SCALAR,
}
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
    raise GraphQLError("The scalar Upload is for inputs only.")


UPLOAD_SCALAR: ScalarDefinition = strawberry.scalar(
    name="Upload",
    description="A file of a multipart request: a variable that is null in `operations` and named"
    " in `map`.",
    serialize=_refuse_output,
    parse_value=_read_value,
    parse_literal=_read_literal,
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
)

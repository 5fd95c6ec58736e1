"""Values for the parameters of a template, with checks that do not need the template."""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from beanie import PydanticObjectId

from whatsapp.common.values import check_attributes, is_unicode
from whatsapp.errors import InvalidInput, RefusalCollector, TemplateInvalid

# Meta, "Template components": body, copy code buttons, URL buttons.
TEXT_LIMIT = 32768
COUPON_LIMIT = 15
SUFFIX_LIMIT = 2000
# That of reply button ids: Meta states none.
PAYLOAD_LIMIT = 256
# Meta, "Document messages".
NAME_LIMIT = 240
# Ours: Meta states none.
LINK_LIMIT = 2048
TOKEN_LIMIT = 1000
PLACE_LIMIT = 1000
# Meta refuses more consecutive spaces, and all line breaks and tabs.
MOST_SPACES = 4
_INT64 = 2**63


@dataclass(frozen=True)
class TextValue:
    text: str

    @property
    def shown(self) -> str:
        return self.text

    def build(self) -> dict[str, Any]:
        return {"type": "text", "text": self.text}

    def check(self, field: list[str]) -> None:
        _check_line(self.text, limit=TEXT_LIMIT, field=[*field, "text"])


@dataclass(frozen=True)
class CurrencyValue:
    """An amount, shown as `fallback_value` if WhatsApp can't localise it."""

    code: str
    amount: Decimal
    fallback_value: str

    @property
    def shown(self) -> str:
        return self.fallback_value

    def build(self) -> dict[str, Any]:
        currency = {
            "fallback_value": self.fallback_value,
            "code": self.code,
            "amount_1000": int(self.amount * 1000),
        }
        return {"type": "currency", "currency": currency}

    def check(self, field: list[str]) -> None:
        place = [*field, "currency"]
        with RefusalCollector() as collect:
            text_field = [*place, "fallbackValue"]
            collect(_check_line, self.fallback_value, limit=TEXT_LIMIT, field=text_field)
            collect(self._check_code, [*place, "code"])
            collect(self._check_amount, [*place, "amount"])

    def _check_code(self, field: list[str]) -> None:
        if not (len(self.code) == 3 and self.code.isascii() and self.code.isupper()):
            raise TemplateInvalid("Use a currency code of three letters, such as EUR.", field=field)

    def _check_amount(self, field: list[str]) -> None:
        if abs(self.amount) >= _INT64 // 1000:
            raise TemplateInvalid("The amount is out of range.", field=field)
        if self.amount * 1000 % 1:
            raise TemplateInvalid("Use at most three decimals.", field=field)


@dataclass(frozen=True)
class DateTimeValue:
    """A time, shown as `fallback_value`; its parts are optional, as in Meta's API."""

    fallback_value: str
    calendar: str | None = None
    year: int | None = None
    month: int | None = None
    day_of_month: int | None = None
    day_of_week: int | None = None
    hour: int | None = None
    minute: int | None = None

    @property
    def shown(self) -> str:
        return self.fallback_value

    def build(self) -> dict[str, Any]:
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        parts = {name: value for name, value in values.items() if value is not None}
        return {"type": "date_time", "date_time": parts}

    def check(self, field: list[str]) -> None:
        place = [*field, "dateTime"]
        ranges = {
            "year": (self.year, 1, 9999),
            "month": (self.month, 1, 12),
            "dayOfMonth": (self.day_of_month, 1, 31),
            "dayOfWeek": (self.day_of_week, 1, 7),
            "hour": (self.hour, 0, 23),
            "minute": (self.minute, 0, 59),
        }
        with RefusalCollector() as collect:
            text_field = [*place, "fallbackValue"]
            collect(_check_line, self.fallback_value, limit=TEXT_LIMIT, field=text_field)
            for name, (value, low, high) in ranges.items():
                if value is not None:
                    collect(_check_range, value, low, high, field=[*place, name])


@dataclass(frozen=True)
class BodyValue:
    """A value for the variable `name`, or for the next one if variables are numbered."""

    value: TextValue | CurrencyValue | DateTimeValue
    name: str | None = None


@dataclass(frozen=True)
class MediaValue:
    """An image, video or document in the header, by either link or upload.

    Only a document has a `filename`. `media_id` is Meta's id of the upload, set on resolution.
    """

    kind: str
    link: str | None = None
    filename: str | None = None
    upload_id: PydanticObjectId | None = None
    media_id: str | None = None

    def build(self) -> dict[str, Any]:
        optional_fields = {"filename": self.filename} if self.filename else {}
        reference = {"id": self.media_id} if self.link is None else {"link": self.link}
        return {"type": self.kind, self.kind: reference | optional_fields}

    def check(self, field: list[str]) -> None:
        place = [*field, self.kind]
        with RefusalCollector() as collect:
            if self.link is not None:
                link_field = [*place, "source", "link"]
                collect(_check_line, self.link, limit=LINK_LIMIT, field=link_field)
            if self.filename is not None:
                collect(_check_line, self.filename, limit=NAME_LIMIT, field=[*place, "filename"])


@dataclass(frozen=True)
class LocationValue:
    latitude: float
    longitude: float
    name: str
    address: str
    kind: str = "location"

    def build(self) -> dict[str, Any]:
        place = {
            "latitude": self.latitude,
            "longitude": self.longitude,
            "name": self.name,
            "address": self.address,
        }
        return {"type": "location", "location": place}

    def check(self, field: list[str]) -> None:
        place = [*field, "location"]
        with RefusalCollector() as collect:
            collect(_check_range, self.latitude, -90, 90, field=[*place, "latitude"])
            collect(_check_range, self.longitude, -180, 180, field=[*place, "longitude"])
            collect(_check_line, self.name, limit=PLACE_LIMIT, field=[*place, "name"])
            collect(_check_line, self.address, limit=PLACE_LIMIT, field=[*place, "address"])


HeaderValue = TextValue | MediaValue | LocationValue


@dataclass(frozen=True)
class FlowValue:
    """Values for a Flow: `token` is returned with the answer, `data` fills the first screen."""

    token: str | None = None
    data: Any = None


@dataclass(frozen=True)
class ButtonValue:
    """A value for a button; `kind` is the name of the input field that has it."""

    index: int
    kind: str
    value: str | FlowValue

    def check(self, field: list[str]) -> None:
        place = [*field, "value", self.kind]
        if isinstance(self.value, FlowValue):
            _check_flow(self.value, place)
        else:
            _check_line(self.value, limit=_BUTTON_LIMITS[self.kind], field=place)
            if self.kind == "urlSuffix" and " " in self.value:
                raise TemplateInvalid("Remove the spaces from the URL suffix.", field=place)


_BUTTON_LIMITS = {
    "urlSuffix": SUFFIX_LIMIT,
    "payload": PAYLOAD_LIMIT,
    "couponCode": COUPON_LIMIT,
    "thumbnailProductRetailerId": NAME_LIMIT,
}


@dataclass(frozen=True)
class PartValues:
    """Values for a template, or for a card of a carousel."""

    header: HeaderValue | None = None
    body: tuple[BodyValue, ...] = ()
    buttons: tuple[ButtonValue, ...] = ()

    def check(self, field: list[str]) -> None:
        with RefusalCollector() as collect:
            if self.header is not None:
                collect(self.header.check, [*field, "header"])
            for number, text in enumerate(self.body):
                collect(text.value.check, [*field, "body", str(number), "value"])
            for number, button in enumerate(self.buttons):
                collect(button.check, [*field, "buttons", str(number)])


@dataclass(frozen=True)
class TemplateValues:
    part: PartValues = PartValues()
    cards: tuple[PartValues, ...] = ()
    offer_expires_at: datetime | None = None

    def describe(self) -> Any:
        """Returns the values as JSON, for comparison of repeated requests."""
        return json.loads(json.dumps(asdict(self), default=str))

    def check(self) -> None:
        """Raises TemplateInvalid, with the field relative to `parameters`."""
        with RefusalCollector() as collect:
            collect(self.part.check, [])
            for number, card in enumerate(self.cards):
                place = ["cards", str(number)]
                collect(card.check, place)
                collect(_check_card_header, card.header, [*place, "header"])


def _check_card_header(header: HeaderValue | None, field: list[str]) -> None:
    if isinstance(header, MediaValue) and header.link is None:
        # A message has at most one uploaded file.
        raise TemplateInvalid("Give files of cards by link.", field=[*field, header.kind, "source"])


def _check_range(value: float, low: int, high: int, *, field: list[str]) -> None:
    if not low <= value <= high:
        raise TemplateInvalid(f"The value must be between {low} and {high}.", field=field)


def _check_flow(flow: FlowValue, place: list[str]) -> None:
    with RefusalCollector() as collect:
        if flow.token is not None:
            collect(_check_line, flow.token, limit=TOKEN_LIMIT, field=[*place, "token"])
        if flow.data is not None:
            collect(_check_flow_data, flow.data, [*place, "data"])


def _check_flow_data(data: Any, field: list[str]) -> None:
    try:
        check_attributes(data)
    except InvalidInput as refusal:
        raise TemplateInvalid(refusal.message, field=field) from None


def _check_line(text: str, *, limit: int, field: list[str]) -> None:
    if not text.strip():
        raise TemplateInvalid("The text is blank.", field=field)
    if len(text) > limit:
        raise TemplateInvalid(
            f"The text has {len(text)} characters; at most {limit} are allowed.", field=field
        )
    if any(character in text for character in "\n\r\t") or " " * (MOST_SPACES + 1) in text:
        raise TemplateInvalid(
            f"Remove line breaks, tabs and runs of more than {MOST_SPACES} spaces.", field=field
        )
    if "\0" in text or not is_unicode(text):
        raise TemplateInvalid("The text contains an invalid character.", field=field)

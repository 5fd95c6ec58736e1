"""What somebody filled in of a template: checked here as far as that needs no look at it."""

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from beanie import PydanticObjectId

from whatsapp.common.values import check_attributes, is_unicode
from whatsapp.errors import InvalidInput, TemplateInvalid

# Meta, "Template components": body, copy code buttons, URL buttons.
TEXT_LIMIT = 32768
COUPON_LIMIT = 15
SUFFIX_LIMIT = 2000
# As of the ids of reply buttons: Meta states none.
PAYLOAD_LIMIT = 256
# Meta, "Document messages".
NAME_LIMIT = 240
# Ours: Meta states none.
LINK_LIMIT = 2048
TOKEN_LIMIT = 1000
PLACE_LIMIT = 1000
# Meta refuses more blanks than these in a row, and every line break and tab.
MOST_BLANKS = 4
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
    """Shown as `fallback_value` where WhatsApp can't write the amount in the customer's way."""

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
        _check_line(self.fallback_value, limit=TEXT_LIMIT, field=[*place, "fallbackValue"])
        if not (len(self.code) == 3 and self.code.isascii() and self.code.isupper()):
            raise TemplateInvalid(
                "A currency has three letters, such as EUR.", field=[*place, "code"]
            )
        if not self.amount.is_finite() or abs(self.amount) >= _INT64 // 1000:
            raise TemplateInvalid("The amount is out of range.", field=[*place, "amount"])
        if self.amount * 1000 % 1:
            raise TemplateInvalid("An amount has three decimals at most.", field=[*place, "amount"])


@dataclass(frozen=True)
class DateTimeValue:
    """Shown as `fallback_value`; the parts are optional, as in Meta's API."""

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
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        parts = {name: value for name, value in given.items() if value is not None}
        return {"type": "date_time", "date_time": parts}

    def check(self, field: list[str]) -> None:
        place = [*field, "dateTime"]
        _check_line(self.fallback_value, limit=TEXT_LIMIT, field=[*place, "fallbackValue"])
        ranges = {
            "year": (self.year, 1, 9999),
            "month": (self.month, 1, 12),
            "dayOfMonth": (self.day_of_month, 1, 31),
            "dayOfWeek": (self.day_of_week, 1, 7),
            "hour": (self.hour, 0, 23),
            "minute": (self.minute, 0, 59),
        }
        for name, (value, low, high) in ranges.items():
            if value is not None and not low <= value <= high:
                raise TemplateInvalid(f"It is between {low} and {high}.", field=[*place, name])


@dataclass(frozen=True)
class BodyValue:
    """`name` is that of the variable, where variables have names."""

    value: TextValue | CurrencyValue | DateTimeValue
    name: str | None = None


@dataclass(frozen=True)
class MediaValue:
    """A picture, video or document above the body, by link or by upload; only a document has a
    `filename`. `media_id` is Meta's id of the upload, once that was found."""

    kind: str
    link: str | None = None
    filename: str | None = None
    upload_id: PydanticObjectId | None = None
    media_id: str | None = None

    def build(self) -> dict[str, Any]:
        named = {"filename": self.filename} if self.filename else {}
        reference = {"id": self.media_id} if self.link is None else {"link": self.link}
        return {"type": self.kind, self.kind: reference | named}

    def check(self, field: list[str]) -> None:
        place = [*field, self.kind]
        if (self.link is None) == (self.upload_id is None):
            raise TemplateInvalid("Exactly one of link and uploadId is needed.", field=place)
        if self.link is not None:
            _check_link(self.link, [*place, "link"])
        if self.filename is not None:
            _check_line(self.filename, limit=NAME_LIMIT, field=[*place, "filename"])


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
        for name, value, limit in (
            ("latitude", self.latitude, 90),
            ("longitude", self.longitude, 180),
        ):
            if not -limit <= value <= limit:
                raise TemplateInvalid(f"It is between -{limit} and {limit}.", field=[*place, name])
        _check_line(self.name, limit=PLACE_LIMIT, field=[*place, "name"])
        _check_line(self.address, limit=PLACE_LIMIT, field=[*place, "address"])


HeaderValue = TextValue | MediaValue | LocationValue


@dataclass(frozen=True)
class FlowValue:
    """`token` comes back with the answer, `data` fills the first screen."""

    token: str | None = None
    data: Any = None


@dataclass(frozen=True)
class ButtonValue:
    """`kind` is the name of the input's field that brings `value`."""

    index: int
    kind: str
    value: str | FlowValue

    def check(self, field: list[str]) -> None:
        place = [*field, self.kind]
        if isinstance(self.value, FlowValue):
            _check_flow(self.value, place)
        else:
            _check_line(self.value, limit=_BUTTON_LIMITS[self.kind], field=place)
            if self.kind == "urlSuffix" and " " in self.value:
                raise TemplateInvalid("The end of an address has no blanks.", field=place)


_BUTTON_LIMITS = {
    "urlSuffix": SUFFIX_LIMIT,
    "payload": PAYLOAD_LIMIT,
    "couponCode": COUPON_LIMIT,
    "thumbnailProductRetailerId": NAME_LIMIT,
}


@dataclass(frozen=True)
class PartValues:
    """For a whole template, or for one card of a carousel."""

    header: HeaderValue | None = None
    body: tuple[BodyValue, ...] = ()
    buttons: tuple[ButtonValue, ...] = ()

    def check(self, field: list[str]) -> None:
        if self.header is not None:
            self.header.check([*field, "header"])
        for number, given in enumerate(self.body):
            given.value.check([*field, "body", str(number)])
        for number, button in enumerate(self.buttons):
            button.check([*field, "buttons", str(number)])


@dataclass(frozen=True)
class TemplateValues:
    part: PartValues = PartValues()
    cards: tuple[PartValues, ...] = ()
    offer_expires_at: datetime | None = None

    def describe(self) -> Any:
        """As JSON: the same for the same values."""
        return json.loads(json.dumps(asdict(self), default=str))

    def check(self) -> None:
        """Raises TemplateInvalid, with the field below `parameters`."""
        self.part.check([])
        for number, card in enumerate(self.cards):
            place = ["cards", str(number)]
            card.check(place)
            if isinstance(card.header, MediaValue) and card.header.link is None:
                # A message has one uploaded file at most.
                raise TemplateInvalid(
                    "Files of cards are given by link.", field=[*place, "header", card.header.kind]
                )


def _check_link(link: str, place: list[str]) -> None:
    _check_line(link, limit=LINK_LIMIT, field=place)
    is_address = link.startswith(("https://", "http://")) and link.isprintable()
    if not is_address or " " in link:
        raise TemplateInvalid(
            "An address begins with https:// or http:// and has no blanks.", field=place
        )


def _check_flow(flow: FlowValue, place: list[str]) -> None:
    if flow.token is not None:
        _check_line(flow.token, limit=TOKEN_LIMIT, field=[*place, "token"])
    if flow.data is None:
        return
    try:
        check_attributes(flow.data)
    except InvalidInput as refusal:
        raise TemplateInvalid(refusal.message, field=[*place, "data"]) from None


def _check_line(text: str, *, limit: int, field: list[str]) -> None:
    if not text.strip():
        raise TemplateInvalid("The text is blank.", field=field)
    if len(text) > limit:
        raise TemplateInvalid(
            f"The text has {len(text)} characters, {limit} are allowed.", field=field
        )
    if any(one in text for one in "\n\r\t") or " " * (MOST_BLANKS + 1) in text:
        raise TemplateInvalid(
            f"WhatsApp takes no line breaks, tabs or more than {MOST_BLANKS} blanks in a row here.",
            field=field,
        )
    if "\0" in text or not is_unicode(text):
        raise TemplateInvalid("The text has a character that can't be sent.", field=field)

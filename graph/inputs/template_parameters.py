"""The single values that a template is filled in with."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from graph.core.enums import describe_enum
from graph.core.ids import parse_given_id
from graph.inputs.media import link_field, upload_id_field
from whatsapp.errors import TemplateInvalid
from whatsapp.templates.filling import fields_below
from whatsapp.templates.values import (
    BodyValue,
    ButtonValue,
    CurrencyValue,
    DateTimeValue,
    FlowValue,
    HeaderValue,
    LocationValue,
    MediaValue,
    PartValues,
    TextValue,
)


class TemplateCalendar(StrEnum):
    GREGORIAN = "GREGORIAN"
    SOLAR_HIJRI = "SOLAR_HIJRI"


describe_enum(
    TemplateCalendar,
    name="TemplateCalendar",
    description="A calendar that WhatsApp knows.",
    values={"GREGORIAN": "The Gregorian one.", "SOLAR_HIJRI": "The Iranian one."},
)


@strawberry.input(description="An amount of money, written as the customer's phone writes it.")
class TemplateCurrencyInput:
    code: str = strawberry.field(description="ISO 4217 code, such as EUR.")
    amount: Decimal = strawberry.field(
        description='The amount, such as "12.50"; at most three decimals.'
    )
    fallback_value: str = strawberry.field(
        description="The text where it can't be written so; previews and histories show it."
    )


@strawberry.input(description="A date and time, written as the customer's phone writes it.")
class TemplateDateTimeInput:
    fallback_value: str = strawberry.field(
        description="The text where it can't be written so; previews and histories show it."
    )
    calendar: TemplateCalendar | None = strawberry.field(
        default=None, description="The calendar of the year, month and day."
    )
    year: int | None = strawberry.field(default=None, description="The year.")
    month: int | None = strawberry.field(default=None, description="The month, 1 to 12.")
    day_of_month: int | None = strawberry.field(default=None, description="The day, 1 to 31.")
    day_of_week: int | None = strawberry.field(
        default=None, description="The day of the week, 1 for Monday to 7."
    )
    hour: int | None = strawberry.field(default=None, description="The hour, 0 to 23.")
    minute: int | None = strawberry.field(default=None, description="The minute, 0 to 59.")

    def to_value(self) -> DateTimeValue:
        return DateTimeValue(
            fallback_value=self.fallback_value,
            calendar=None if self.calendar is None else self.calendar.value,
            year=self.year,
            month=self.month,
            day_of_month=self.day_of_month,
            day_of_week=self.day_of_week,
            hour=self.hour,
            minute=self.minute,
        )


@strawberry.input(
    description="The value of one variable: exactly one of `text`, `currency` and `dateTime`."
)
class TemplateBodyParameterInput:
    name: str | None = strawberry.field(
        default=None, description="Name of the variable, where variables have names."
    )
    text: str | None = strawberry.field(
        default=None, description="A text of one line, without tabs or more than 4 blanks in a row."
    )
    currency: TemplateCurrencyInput | None = strawberry.field(
        default=None, description="An amount of money."
    )
    date_time: TemplateDateTimeInput | None = strawberry.field(
        default=None, description="A date and time."
    )

    def to_value(self) -> BodyValue:
        values: list[TextValue | CurrencyValue | DateTimeValue] = []
        if self.text is not None:
            values.append(TextValue(self.text))
        if self.currency is not None:
            money = self.currency
            values.append(CurrencyValue(money.code, money.amount, money.fallback_value))
        if self.date_time is not None:
            values.append(self.date_time.to_value())
        if len(values) != 1:
            raise TemplateInvalid("Exactly one of text, currency and dateTime is needed.")
        return BodyValue(values[0], self.name)


@strawberry.input(description="The file of a header: a link or an upload; in a card, a link.")
class TemplateMediaInput:
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()


@strawberry.input(description="The document of a header: a link or an upload.")
class TemplateDocumentInput:
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    filename: str | None = strawberry.field(
        default=None, description="The name that the customer sees."
    )


@strawberry.input(description="The place of a header.")
class TemplateLocationInput:
    latitude: float = strawberry.field(description="Degrees north.")
    longitude: float = strawberry.field(description="Degrees east.")
    name: str = strawberry.field(description="Name of the place.")
    address: str = strawberry.field(description="Address of the place.")


@strawberry.input(one_of=True, description="The header of a template; exactly one.")
class TemplateHeaderInput:
    text: Maybe[str] = strawberry.field(description="The value of its variable.")
    image: Maybe[TemplateMediaInput] = strawberry.field(description="A picture: JPEG or PNG.")
    video: Maybe[TemplateMediaInput] = strawberry.field(description="A video: MP4 or 3GPP.")
    document: Maybe[TemplateDocumentInput] = strawberry.field(description="A document.")
    location: Maybe[TemplateLocationInput] = strawberry.field(description="A place.")

    def to_value(self) -> HeaderValue:
        if self.text is not None:
            return TextValue(self.text.value)
        if self.image is not None:
            return read_media("image", self.image.value)
        if self.video is not None:
            return read_media("video", self.video.value)
        if self.document is not None:
            return read_media("document", self.document.value)
        if self.location is not None:
            place = self.location.value
            return LocationValue(place.latitude, place.longitude, place.name, place.address)
        raise TemplateInvalid("Exactly one kind of header is needed.")


def read_media(kind: str, given: TemplateMediaInput | TemplateDocumentInput) -> MediaValue:
    """Raises NotFound: the id is none of an upload."""
    upload_id = parse_given_id(given.upload_id, "UploadedMedia", "header", kind, "uploadId")
    return MediaValue(kind, given.link, getattr(given, "filename", None), upload_id)


@strawberry.input(description="What a flow begins with.")
class TemplateFlowInput:
    token: str | None = strawberry.field(
        default=None, description="Your own text, which comes back with the answer."
    )
    data: JSON | None = strawberry.field(
        default=None, description="What the first screen starts with: a JSON object."
    )


@strawberry.input(
    description="What one button needs: exactly one of the fields besides `index`, the one that"
    " belongs to the button's type."
)
class TemplateButtonParameterInput:
    index: int = strawberry.field(description="Which button of the template, counted from 0.")
    url_suffix: str | None = strawberry.field(
        default=None, description="URL: what stands in place of the variable at its end."
    )
    payload: str | None = strawberry.field(
        default=None,
        description="QUICK_REPLY: your own text, which comes back as `replyId`; 256 characters.",
    )
    coupon_code: str | None = strawberry.field(
        default=None, description="COPY_CODE: the code to copy; 15 characters."
    )
    flow: TemplateFlowInput | None = strawberry.field(
        default=None, description="FLOW: what it begins with."
    )
    thumbnail_product_retailer_id: str | None = strawberry.field(
        default=None, description="CATALOG: the product whose picture is shown."
    )

    def to_value(self) -> ButtonValue:
        flow = None if self.flow is None else FlowValue(self.flow.token, self.flow.data)
        values: dict[str, str | FlowValue | None] = {
            "urlSuffix": self.url_suffix,
            "payload": self.payload,
            "couponCode": self.coupon_code,
            "flow": flow,
            "thumbnailProductRetailerId": self.thumbnail_product_retailer_id,
        }
        given = [(kind, value) for kind, value in values.items() if value is not None]
        if len(given) != 1:
            raise TemplateInvalid(f"Exactly one of {', '.join(values)} is needed.")
        kind, value = given[0]
        return ButtonValue(self.index, kind, value)


def read_part(
    header: TemplateHeaderInput | None,
    body: Sequence[TemplateBodyParameterInput] | None,
    buttons: Sequence[TemplateButtonParameterInput] | None,
) -> PartValues:
    """Raises TemplateInvalid: a value is not exactly one."""
    values, pressed = [], []
    for number, variable in enumerate(body or ()):
        with fields_below("body", str(number)):
            values.append(variable.to_value())
    for number, button in enumerate(buttons or ()):
        with fields_below("buttons", str(number)):
            pressed.append(button.to_value())
    return PartValues(
        header=None if header is None else header.to_value(),
        body=tuple(values),
        buttons=tuple(pressed),
    )

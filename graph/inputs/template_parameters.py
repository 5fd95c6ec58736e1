"""Parameters of templates: variables, headers and buttons."""

from collections.abc import Sequence
from decimal import Decimal

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON

from graph.core.enums import DescribedEnum, describe_enum
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


class TemplateCalendar(DescribedEnum):
    GREGORIAN = "GREGORIAN", "Gregorian calendar."
    SOLAR_HIJRI = "SOLAR_HIJRI", "Solar Hijri (Iranian) calendar."


describe_enum(TemplateCalendar, description="Calendar supported by WhatsApp.")


@strawberry.input(description="Amount of money, formatted by the customer's phone.")
class TemplateCurrencyInput:
    code: str = strawberry.field(description="ISO 4217 currency code, such as EUR.")
    amount: Decimal = strawberry.field(description='Amount, such as "12.50"; up to three decimals.')
    fallback_value: str = strawberry.field(
        description="Text shown if the phone can't format the amount, and in previews and"
        " histories."
    )


@strawberry.input(description="Date and time, formatted by the customer's phone.")
class TemplateDateTimeInput:
    fallback_value: str = strawberry.field(
        description="Text shown if the phone can't format the date, and in previews and histories."
    )
    calendar: TemplateCalendar | None = strawberry.field(
        default=None, description="Calendar of the year, month and day."
    )
    year: int | None = strawberry.field(default=None, description="Year.")
    month: int | None = strawberry.field(default=None, description="Month, 1 to 12.")
    day_of_month: int | None = strawberry.field(
        default=None, description="Day of the month, 1 to 31."
    )
    day_of_week: int | None = strawberry.field(
        default=None, description="Day of the week, 1 (Monday) to 7 (Sunday)."
    )
    hour: int | None = strawberry.field(default=None, description="Hour, 0 to 23.")
    minute: int | None = strawberry.field(default=None, description="Minute, 0 to 59.")

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
    description="Value of one variable: exactly one of `text`, `currency` and `dateTime`."
)
class TemplateBodyParameterInput:
    name: str | None = strawberry.field(
        default=None, description="Name of the variable, for templates with named variables."
    )
    text: str | None = strawberry.field(
        default=None,
        description="Single-line text without tabs and with at most 4 consecutive spaces.",
    )
    currency: TemplateCurrencyInput | None = strawberry.field(
        default=None, description="Amount of money."
    )
    date_time: TemplateDateTimeInput | None = strawberry.field(
        default=None, description="Date and time."
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
            raise TemplateInvalid("Give exactly one of text, currency and dateTime.")
        return BodyValue(values[0], self.name)


@strawberry.input(
    description="Header file as a link or an upload; carousel cards allow links only."
)
class TemplateMediaInput:
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()


@strawberry.input(description="Header document as a link or an upload.")
class TemplateDocumentInput:
    link: str | None = link_field()
    upload_id: strawberry.ID | None = upload_id_field()
    filename: str | None = strawberry.field(
        default=None, description="File name shown to the customer."
    )


@strawberry.input(description="Header location.")
class TemplateLocationInput:
    latitude: float = strawberry.field(description="Latitude in degrees.")
    longitude: float = strawberry.field(description="Longitude in degrees.")
    name: str = strawberry.field(description="Name of the place.")
    address: str = strawberry.field(description="Address of the place.")


@strawberry.input(one_of=True, description="Template header; exactly one kind must be given.")
class TemplateHeaderInput:
    text: Maybe[str] = strawberry.field(description="Value of the header's variable.")
    image: Maybe[TemplateMediaInput] = strawberry.field(description="JPEG or PNG image.")
    video: Maybe[TemplateMediaInput] = strawberry.field(description="MP4 or 3GPP video.")
    document: Maybe[TemplateDocumentInput] = strawberry.field(description="Document.")
    location: Maybe[TemplateLocationInput] = strawberry.field(description="Location.")

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
        raise TemplateInvalid("Give exactly one kind of header.")


def read_media(kind: str, media: TemplateMediaInput | TemplateDocumentInput) -> MediaValue:
    """Raises NotFound if `upload_id` is not the id of an upload."""
    upload_id = parse_given_id(media.upload_id, "UploadedMedia", "header", kind, "uploadId")
    return MediaValue(kind, media.link, getattr(media, "filename", None), upload_id)


@strawberry.input(description="Initial state of a flow.")
class TemplateFlowInput:
    token: str | None = strawberry.field(
        default=None, description="Token returned with the customer's response."
    )
    data: JSON | None = strawberry.field(
        default=None, description="Initial data of the first screen: a JSON object."
    )


@strawberry.input(
    description="Parameter of one button: `index` and exactly one other field, matching the"
    " button's type."
)
class TemplateButtonParameterInput:
    index: int = strawberry.field(description="Index of the button in the template, from 0.")
    url_suffix: str | None = strawberry.field(
        default=None, description="URL button: replaces the variable at the end of the URL."
    )
    payload: str | None = strawberry.field(
        default=None,
        description="QUICK_REPLY button: payload of up to 256 characters, returned as `replyId`.",
    )
    coupon_code: str | None = strawberry.field(
        default=None, description="COPY_CODE button: code of up to 15 characters to copy."
    )
    flow: TemplateFlowInput | None = strawberry.field(
        default=None, description="FLOW button: initial state of the flow."
    )
    thumbnail_product_retailer_id: str | None = strawberry.field(
        default=None, description="CATALOG button: product whose image is shown."
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
        given_values = [(kind, value) for kind, value in values.items() if value is not None]
        if len(given_values) != 1:
            raise TemplateInvalid(f"Give exactly one of {', '.join(values)}.")
        kind, value = given_values[0]
        return ButtonValue(self.index, kind, value)


def read_part(
    header: TemplateHeaderInput | None,
    body: Sequence[TemplateBodyParameterInput] | None,
    buttons: Sequence[TemplateButtonParameterInput] | None,
) -> PartValues:
    """Raises TemplateInvalid unless each parameter has exactly one value."""
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

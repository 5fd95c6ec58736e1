"""Parameters of templates: variables, headers and buttons."""

from collections.abc import Sequence
from decimal import Decimal

import strawberry
from strawberry import Maybe
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from graph.core.enums import DescribedEnum, describe_enum
from graph.core.ids import require_id
from graph.core.scalars import Url
from graph.inputs.media import LINK, UPLOAD_ID, source_field
from graph.inputs.one_of import read_one_of
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


@strawberry.input(one_of=True, description="Value of a variable; exactly one must be given.")
class TemplateVariableInput:
    text: Maybe[str] = strawberry.field(
        description="Single-line text without tabs and with at most 4 consecutive spaces."
    )
    currency: Maybe[TemplateCurrencyInput] = strawberry.field(description="Amount of money.")
    date_time: Maybe[TemplateDateTimeInput] = strawberry.field(description="Date and time.")

    def to_value(self) -> TextValue | CurrencyValue | DateTimeValue:
        _, value = read_one_of(self)
        if isinstance(value, TemplateCurrencyInput):
            return CurrencyValue(value.code, value.amount, value.fallback_value)
        return value.to_value() if isinstance(value, TemplateDateTimeInput) else TextValue(value)


@strawberry.input(description="Parameter of one variable.")
class TemplateBodyParameterInput:
    name: str | None = strawberry.field(
        default=None, description="Name of the variable, for templates with named variables."
    )
    value: TemplateVariableInput = strawberry.field(description="Value of the variable.")

    def to_value(self) -> BodyValue:
        return BodyValue(self.value.to_value(), self.name)


@strawberry.input(
    one_of=True,
    description="Source of a header file; exactly one must be given. Carousel cards allow links"
    " only.",
)
class TemplateMediaSourceInput:
    link: Maybe[Url] = strawberry.field(description=LINK)
    upload_id: Maybe[strawberry.ID] = strawberry.field(description=UPLOAD_ID)


@strawberry.input(description="Header image or video.")
class TemplateMediaInput:
    source: TemplateMediaSourceInput = source_field()


@strawberry.input(description="Header document.")
class TemplateDocumentInput:
    source: TemplateMediaSourceInput = source_field()
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
        kind, value = read_one_of(self)
        if isinstance(value, TemplateLocationInput):
            return LocationValue(value.latitude, value.longitude, value.name, value.address)
        return TextValue(value) if kind == "text" else read_media(kind, value)


def read_media(kind: str, media: TemplateMediaInput | TemplateDocumentInput) -> MediaValue:
    """Raises NotFound if the source is not the id of an upload."""
    name, source = read_one_of(media.source)
    if name == "upload_id":
        source = require_id(source, "UploadedMedia", "header", kind, "source", "uploadId")
    return MediaValue(kind, filename=getattr(media, "filename", None), **{name: source})


@strawberry.input(description="Initial state of a flow.")
class TemplateFlowInput:
    token: str | None = strawberry.field(
        default=None, description="Token returned with the customer's response."
    )
    data: JSON | None = strawberry.field(
        default=None, description="Initial data of the first screen: a JSON object."
    )


@strawberry.input(
    one_of=True,
    description="Value of a button; exactly one must be given, matching the button's type.",
)
class TemplateButtonValueInput:
    url_suffix: Maybe[str] = strawberry.field(
        description="URL button: replaces the variable at the end of the URL."
    )
    payload: Maybe[str] = strawberry.field(
        description="QUICK_REPLY button: payload of up to 256 characters, returned as `replyId`."
    )
    coupon_code: Maybe[str] = strawberry.field(
        description="COPY_CODE button: code of up to 15 characters to copy."
    )
    flow: Maybe[TemplateFlowInput] = strawberry.field(
        description="FLOW button: initial state of the flow."
    )
    thumbnail_product_retailer_id: Maybe[str] = strawberry.field(
        description="CATALOG button: product whose image is shown."
    )


@strawberry.input(description="Parameter of one button.")
class TemplateButtonParameterInput:
    index: int = strawberry.field(description="Index of the button in the template, from 0.")
    value: TemplateButtonValueInput = strawberry.field(description="Value of the button.")

    def to_value(self) -> ButtonValue:
        name, value = read_one_of(self.value)
        if isinstance(value, TemplateFlowInput):
            value = FlowValue(value.token, value.data)
        return ButtonValue(self.index, to_camel_case(name), value)


def read_part(
    header: TemplateHeaderInput | None,
    body: Sequence[TemplateBodyParameterInput] | None,
    buttons: Sequence[TemplateButtonParameterInput] | None,
) -> PartValues:
    """Raises NotFound if the header's source is not the id of an upload."""
    return PartValues(
        header=None if header is None else header.to_value(),
        body=tuple(variable.to_value() for variable in body or ()),
        buttons=tuple(button.to_value() for button in buttons or ()),
    )

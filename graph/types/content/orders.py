"""Catalog orders with their payments, and products that customers ask about."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import strawberry

from graph.types.content.content_interface import Content
from graph.types.content.reading import (
    read_decimal,
    read_float,
    read_int,
    read_object,
    read_objects,
    read_text,
    read_texts,
    read_unix_time,
)


@strawberry.type(description="Catalog product that a message refers to.")
class ReferredProduct:
    catalog_id: str | None = strawberry.field(description="Meta's id of the catalog.")
    product_retailer_id: str | None = strawberry.field(
        description="Id of the product in your catalog."
    )


def read_product(document: Mapping[str, Any]) -> ReferredProduct:
    return ReferredProduct(**read_texts(document, "catalog_id", "product_retailer_id"))


@strawberry.type(description="Line item of an order.")
class OrderItem:
    product_retailer_id: str | None = strawberry.field(
        description="Id of the product in your catalog."
    )
    quantity: int | None = strawberry.field(description="Quantity ordered.")
    price: Decimal | None = strawberry.field(description="Unit price, such as 12.50.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the price's currency.")


@strawberry.type(description="Order from a catalog.")
class OrderContent(Content):
    catalog_id: str | None = strawberry.field(description="Meta's id of the catalog.")
    note: str | None = strawberry.field(description="Note that the customer added.")
    items: list[OrderItem] = strawberry.field(description="First 1,000 line items.")


def read_order(content: Mapping[str, Any]) -> OrderContent | None:
    """Returns None for an unreadable order."""
    items = read_objects(content, "product_items")
    catalog_id = read_text(content, "catalog_id")
    if not items and catalog_id is None:
        return None
    return OrderContent(
        catalog_id=catalog_id,
        note=read_text(content, "text"),
        items=[
            OrderItem(
                **read_texts(item, "product_retailer_id", "currency"),
                quantity=read_int(item, "quantity"),
                price=read_decimal(item, "item_price"),
            )
            for item in items
        ],
    )


MAX_MINOR_UNITS = 10**15
_OFFSETS = (1, 10, 100, 1000, 10_000)


@strawberry.type(description="Payment transaction of an order.")
class PaymentTransaction:
    transaction_id: str | None = strawberry.field(description="Id at the payment gateway.")
    type: str | None = strawberry.field(description="Payment gateway, such as razorpay.")
    status: str | None = strawberry.field(
        description="Transaction status: pending, success or failed."
    )
    method: str | None = strawberry.field(description="Payment method, such as upi.")
    created_at: datetime | None = strawberry.field(
        description="Time at which the transaction started."
    )
    updated_at: datetime | None = strawberry.field(description="Time of the last change.")
    error_code: str | None = strawberry.field(description="Error code of the payment gateway.")
    error_reason: str | None = strawberry.field(description="Reason for the failure.")


@strawberry.type(description="Payment status that WhatsApp reported for an order.")
class MessagePayment:
    status: str = strawberry.field(
        description="WhatsApp's payment status: pending, captured, failed and so on."
    )
    at: datetime = strawberry.field(description="Time of the status according to WhatsApp.")
    reference_id: str | None = strawberry.field(description="Order id defined by your application.")
    amount: Decimal | None = strawberry.field(description="Amount, such as 12.50.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the amount's currency.")
    transaction: PaymentTransaction | None = strawberry.field(
        description="Payment transaction; null if WhatsApp reports none."
    )

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        payment = read_object(document, "payment")
        transaction = read_object(payment, "transaction")
        return cls(
            status=document["status"],
            at=document["at"],
            reference_id=read_text(payment, "reference_id"),
            amount=_read_amount(payment) or _read_amount(transaction),
            currency=read_text(payment, "currency") or read_text(transaction, "currency"),
            transaction=_read_transaction(transaction) if transaction else None,
        )


def _read_amount(payment: Mapping[str, Any]) -> Decimal | None:
    """Converts Meta's minor units, `offset` of which are one unit of the currency."""
    amount = read_object(payment, "amount")
    value, offset = read_float(amount, "value"), read_int(amount, "offset")
    if value is None or not 0 <= value <= MAX_MINOR_UNITS or offset not in _OFFSETS:
        return None
    return Decimal(int(value)).scaleb(-_OFFSETS.index(offset))


def _read_transaction(transaction: Mapping[str, Any]) -> PaymentTransaction:
    error = read_object(transaction, "error")
    return PaymentTransaction(
        **read_texts(transaction, "type", "status"),
        transaction_id=read_text(transaction, "id"),
        method=read_text(read_object(transaction, "method"), "type"),
        created_at=read_unix_time(transaction, "created_timestamp"),
        updated_at=read_unix_time(transaction, "updated_timestamp"),
        error_code=read_text(error, "code"),
        error_reason=read_text(error, "reason"),
    )

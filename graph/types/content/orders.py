"""Catalog orders, and products that customers ask about."""

from collections.abc import Mapping
from typing import Any

import strawberry

from graph.types.content.reading import read_float, read_int, read_objects, read_text


@strawberry.type(description="Catalog product that a message refers to.")
class ReferredProduct:
    catalog_id: str | None = strawberry.field(description="Meta's id of the catalog.")
    product_retailer_id: str | None = strawberry.field(
        description="Id of the product in your catalog."
    )


def read_product(document: Mapping[str, Any]) -> ReferredProduct:
    return ReferredProduct(
        catalog_id=read_text(document, "catalog_id"),
        product_retailer_id=read_text(document, "product_retailer_id"),
    )


@strawberry.type(description="Line item of an order.")
class OrderItem:
    product_retailer_id: str | None = strawberry.field(
        description="Id of the product in your catalog."
    )
    quantity: int | None = strawberry.field(description="Quantity ordered.")
    price: float | None = strawberry.field(description="Unit price.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the price's currency.")


@strawberry.type(description="Order from a catalog.")
class OrderContent:
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
                product_retailer_id=read_text(item, "product_retailer_id"),
                quantity=read_int(item, "quantity"),
                price=read_float(item, "item_price"),
                currency=read_text(item, "currency"),
            )
            for item in items
        ],
    )

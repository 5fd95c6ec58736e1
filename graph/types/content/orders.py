"""Orders from a catalog, and products that customers ask about."""

from collections.abc import Mapping
from typing import Any

import strawberry

from graph.types.content.reading import read_float, read_int, read_objects, read_text


@strawberry.type(description="A product of a catalog.")
class ReferredProduct:
    catalog_id: str | None = strawberry.field(description="Meta's id of the catalog.")
    product_retailer_id: str | None = strawberry.field(description="Your own id of the product.")


def read_product(document: Mapping[str, Any]) -> ReferredProduct:
    return ReferredProduct(
        catalog_id=read_text(document, "catalog_id"),
        product_retailer_id=read_text(document, "product_retailer_id"),
    )


@strawberry.type(description="One line of an order.")
class OrderItem:
    product_retailer_id: str | None = strawberry.field(description="Your own id of the product.")
    quantity: int | None = strawberry.field(description="How many of it.")
    price: float | None = strawberry.field(description="Price of one of it.")
    currency: str | None = strawberry.field(description="ISO 4217 code of the price's currency.")


@strawberry.type(description="An order from a catalog.")
class OrderContent:
    catalog_id: str | None = strawberry.field(description="Meta's id of the catalog.")
    note: str | None = strawberry.field(description="What the customer wrote along with it.")
    items: list[OrderItem] = strawberry.field(description="The first 1,000 ordered lines.")


def read_order(content: Mapping[str, Any]) -> OrderContent | None:
    """None where it is no readable order."""
    items = read_objects(content, "product_items")
    catalog_id = read_text(content, "catalog_id")
    if not items and catalog_id is None:
        return None
    return OrderContent(
        catalog_id=catalog_id,
        note=read_text(content, "text"),
        items=[
            OrderItem(
                product_retailer_id=read_text(one, "product_retailer_id"),
                quantity=read_int(one, "quantity"),
                price=read_float(one, "item_price"),
                currency=read_text(one, "currency"),
            )
            for one in items
        ],
    )

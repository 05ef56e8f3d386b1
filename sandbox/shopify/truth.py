"""What really is in a shop, for a test to compare with. Amounts are minor units; no paging, no scopes, no faults."""

from collections.abc import Callable
from typing import Any

from sandbox.shopify.records import Customer, Order
from sandbox.shopify.resolvers import instant
from sandbox.shopify.store import Shop

ORDER_FIELDS: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "name": lambda order: order.name,
    "customer_id": lambda order: order.customer.id if order.customer else None,
    "created_at": lambda order: instant(order.created_at),
    "processed_at": lambda order: instant(order.processed_at),
    "updated_at": lambda order: instant(order.updated_at),
    "cancelled_at": lambda order: order.cancelled_at and instant(order.cancelled_at),
    "test": lambda order: order.test,
    "financial_status": lambda order: order.financial_status,
    "total": lambda order: order.total,
    "current_total": lambda order: order.current_total,
    "subtotal": lambda order: order.subtotal,
    "current_subtotal": lambda order: order.current_subtotal,
    "tax": lambda order: order.tax,
    "shipping": lambda order: order.shipping,
    "refunded": lambda order: order.refunded,
    "units": lambda order: sum(line.quantity for line in order.lines),
    "lines": lambda order: [
        {
            "id": line.id,
            "sku": line.product.sku,
            "quantity": line.quantity,
            "current_quantity": line.current_quantity,
            "unit_price": line.unit_price,
        }
        for line in order.lines
    ],
    "refunds": lambda order: [
        {
            "id": refund.id,
            "created_at": instant(refund.created_at),
            "total": refund.total,
            "lines": [{"line_id": line.line.id, "quantity": line.quantity} for line in refund.lines],
        }
        for refund in order.refunds
    ],
}
CUSTOMER_FIELDS: dict[str, Callable[[Shop, Customer], Any]] = {
    "id": lambda _shop, customer: customer.id,
    "email": lambda _shop, customer: customer.email,
    "created_at": lambda _shop, customer: instant(customer.created_at),
    "updated_at": lambda _shop, customer: instant(customer.updated_at),
    "orders": lambda _shop, customer: len(customer.order_ids),
    "spent": lambda shop, customer: shop.spent(customer),
}


def orders(shop: Shop, fields: list[str]) -> list[dict[str, Any]]:
    return [{name: ORDER_FIELDS[name](order) for name in fields} for order in shop.orders.records.values()]


def order(one: Order) -> dict[str, Any]:
    return {name: read(one) for name, read in ORDER_FIELDS.items()}


def customers(shop: Shop, fields: list[str]) -> list[dict[str, Any]]:
    records = shop.customers.records.values()
    return [{name: CUSTOMER_FIELDS[name](shop, customer) for name in fields} for customer in records]


def customer(shop: Shop, one: Customer) -> dict[str, Any]:
    return {name: read(shop, one) for name, read in CUSTOMER_FIELDS.items()}

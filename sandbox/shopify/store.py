"""One shop: its settings, its customers and its orders."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shopify.index import Index
from sandbox.shopify.records import Customer, Order, Product

# Real identifiers are large and share one sequence per kind; apart, they tell a reader of a log what they name.
FIRST_ORDER_ID = 5_700_000_000_001
FIRST_LINE_ID = 14_200_000_000_001
FIRST_CUSTOMER_ID = 7_100_000_000_001
FIRST_REFUND_ID = 930_000_000_001
FIRST_PRODUCT_ID = 8_600_000_000_001
VARIANT_OFFSET = 30_000_000_000_000
FIRST_ORDER_NUMBER = 1001

ORDER_KEYS: dict[str, Callable[[Order], Any]] = {
    "ID": lambda order: order.id,
    "CREATED_AT": lambda order: order.created_at,
    "PROCESSED_AT": lambda order: order.processed_at,
    "UPDATED_AT": lambda order: order.updated_at,
}
ORDER_LAZY_KEYS: dict[str, Callable[[Order], Any]] = {
    "CURRENT_TOTAL_PRICE": lambda order: order.current_total,
    "CUSTOMER_NAME": lambda order: order.customer.display_name if order.customer else "",
    "DESTINATION": lambda order: order.id,
    "FINANCIAL_STATUS": lambda order: order.financial_status,
    "FULFILLMENT_STATUS": lambda order: order.fulfillment_status,
    "ORDER_NUMBER": lambda order: order.number,
    "PO_NUMBER": lambda order: order.id,
    "RELEVANCE": lambda order: order.id,
    "TOTAL_ITEMS_QUANTITY": lambda order: sum(line.quantity for line in order.lines),
    "TOTAL_PRICE": lambda order: order.total,
}
CUSTOMER_KEYS: dict[str, Callable[[Customer], Any]] = {
    "ID": lambda customer: customer.id,
    "CREATED_AT": lambda customer: customer.created_at,
    "UPDATED_AT": lambda customer: customer.updated_at,
}
CUSTOMER_LAZY_KEYS: dict[str, Callable[[Customer], Any]] = {
    "LOCATION": lambda customer: customer.id,
    "NAME": lambda customer: customer.display_name,
    "RELEVANCE": lambda customer: customer.id,
}


@dataclass(frozen=True, slots=True)
class ShopSettings:
    domain: str
    name: str = "First Light Music"
    time_zone: str = "America/New_York"
    currency: str = "USD"
    email: str = "owner@example.com"
    taxes_included: bool = False


@dataclass(slots=True)
class Sequences:
    order: Iterator[int] = field(default_factory=lambda: count(FIRST_ORDER_ID))
    number: Iterator[int] = field(default_factory=lambda: count(FIRST_ORDER_NUMBER))
    line: Iterator[int] = field(default_factory=lambda: count(FIRST_LINE_ID))
    customer: Iterator[int] = field(default_factory=lambda: count(FIRST_CUSTOMER_ID))
    refund: Iterator[int] = field(default_factory=lambda: count(FIRST_REFUND_ID))
    product: Iterator[int] = field(default_factory=lambda: count(FIRST_PRODUCT_ID))


class Shop:
    def __init__(self, settings: ShopSettings, *, identity: int, created_at: datetime) -> None:
        self.settings = settings
        self.id = identity
        self.created_at = created_at
        self.zone = ZoneInfo(settings.time_zone)
        self.orders: Index[Order] = Index(ORDER_KEYS, ORDER_LAZY_KEYS)
        self.customers: Index[Customer] = Index(CUSTOMER_KEYS, CUSTOMER_LAZY_KEYS)
        self.products: dict[str, Product] = {}
        self.sequences = Sequences()
        self.requests: Counter[str] = Counter()
        self.index_lag = 0.0

    @property
    def domain(self) -> str:
        return self.settings.domain

    @property
    def currency(self) -> str:
        return self.settings.currency

    def product(self, title: str, sku: str) -> Product:
        """The product with this SKU, made when it is new."""
        if sku not in self.products:
            identity = next(self.sequences.product)
            self.products[sku] = Product(identity, identity + VARIANT_OFFSET, title, sku, self.settings.name)
        return self.products[sku]

    def spent(self, customer: Customer) -> int:
        orders = (self.orders.records[identity] for identity in customer.order_ids)
        return sum(order.current_total for order in orders if not order.test and not order.cancelled_at)


def now() -> datetime:
    """Shopify keeps whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)

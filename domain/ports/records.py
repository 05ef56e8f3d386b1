"""Business records in our own words, as every provider's mapping hands them over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One record as the provider said it.

    `payload` is the provider's JSON for this record, UTF-8. `version` is the provider's own updated-at, aware.
    A deletion has no payload.
    """

    stream: str
    external_id: str
    version: datetime
    payload: bytes | None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ShopRecord:
    """The account itself: its reporting currency and zone."""

    external_id: str
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A buyer. All but the id and `since` is personal and is sealed by whoever stores it."""

    external_id: str
    since: datetime | None
    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class OrderLineRecord:
    external_id: str
    product_external_id: str | None
    sku: str | None
    quantity: int
    gross_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """`amount_minor` is what was given back for goods: without tax and shipping."""

    external_id: str
    occurred_at: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """Money in minor units of `currency`. `gross_minor` is goods before discounts, without tax and shipping.

    `excluded` names why an order is no business (TEST, CANCELLED_UNPAID, …); such an order makes no fact.
    """

    external_id: str
    customer_external_id: str | None
    occurred_at: datetime
    currency: str
    gross_minor: int
    discount_minor: int
    tax_minor: int
    shipping_minor: int
    channel: str
    lines: tuple[OrderLineRecord, ...]
    refunds: tuple[RefundRecord, ...]
    excluded: str | None = None


Record = ShopRecord | CustomerRecord | OrderRecord

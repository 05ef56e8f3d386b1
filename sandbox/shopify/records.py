"""What a shop holds. Amounts are minor units of the shop's currency; instants are aware UTC without microseconds."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.shopify.money import Presentment, share


@dataclass(slots=True, eq=False)
class Product:
    id: int
    variant_id: int
    title: str
    sku: str
    vendor: str


@dataclass(slots=True, eq=False)
class Customer:
    id: int
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "DISABLED"
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    order_ids: list[int] = field(default_factory=list)

    @property
    def display_name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email or ""


@dataclass(slots=True, eq=False)
class LineItem:
    id: int
    product: Product
    quantity: int
    unit_price: int
    discount: int = 0
    tax: int = 0
    removed: int = 0
    refunded: int = 0
    order: "Order | None" = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.product.title

    @property
    def current_quantity(self) -> int:
        return self.quantity - self.removed - self.refunded

    @property
    def ordered_quantity(self) -> int:
        """Units after edits and before refunds."""
        return self.quantity - self.removed

    @property
    def original_total(self) -> int:
        return self.unit_price * self.quantity

    @property
    def net_total(self) -> int:
        return self.original_total - self.discount

    def net(self, units: int) -> int:
        """Worth of the first `units`; a refund takes the difference of two such sums, so cents never get lost."""
        return share(self.net_total, self.quantity, units)

    def tax_of(self, units: int) -> int:
        return share(self.tax, self.quantity, units)

    def discount_of(self, units: int) -> int:
        return share(self.discount, self.quantity, units)


@dataclass(slots=True, eq=False)
class RefundLine:
    id: int
    line: LineItem
    quantity: int
    subtotal: int
    tax: int
    restock_type: str = "RETURN"


@dataclass(slots=True, eq=False)
class Refund:
    """`adjustment` is money given back without goods: a goodwill amount or shipping."""

    id: int
    created_at: datetime
    lines: list[RefundLine]
    order: "Order" = field(repr=False)
    adjustment: int = 0
    note: str | None = None

    @property
    def total(self) -> int:
        taxes = 0 if self.order.taxes_included else sum(line.tax for line in self.lines)
        return self.adjustment + taxes + sum(line.subtotal for line in self.lines)


@dataclass(slots=True, eq=False)
class Order:
    id: int
    number: int
    customer: Customer | None
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    lines: list[LineItem]
    shipping: int = 0
    taxes_included: bool = False
    test: bool = False
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    source_name: str = "web"
    presentment: Presentment | None = None
    refunds: list[Refund] = field(default_factory=list)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    closed_at: datetime | None = None
    edited: bool = False
    original_total: int = 0

    def __post_init__(self) -> None:
        self.original_total = self.total
        for line in self.lines:
            line.order = self

    @property
    def name(self) -> str:
        return f"#{self.number}"

    @property
    def subtotal(self) -> int:
        return sum(line.net(line.ordered_quantity) for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax_of(line.ordered_quantity) for line in self.lines)

    @property
    def discounts(self) -> int:
        return sum(line.discount_of(line.ordered_quantity) for line in self.lines)

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping + (0 if self.taxes_included else self.tax)

    @property
    def adjustments(self) -> int:
        return sum(refund.adjustment for refund in self.refunds)

    @property
    def refunded(self) -> int:
        return sum(refund.total for refund in self.refunds)

    @property
    def current_subtotal(self) -> int:
        return sum(line.net(line.current_quantity) for line in self.lines)

    @property
    def current_tax(self) -> int:
        return sum(line.tax_of(line.current_quantity) for line in self.lines)

    @property
    def current_discounts(self) -> int:
        return sum(line.discount_of(line.current_quantity) for line in self.lines)

    @property
    def received(self) -> int:
        """Every order is paid in full when it is placed, unless it was cancelled unpaid."""
        return 0 if self.cancelled_at and not self.refunded else self.total

    @property
    def current_total(self) -> int:
        taxes = 0 if self.taxes_included else self.current_tax
        return self.current_subtotal + self.shipping + taxes - self.adjustments

    @property
    def financial_status(self) -> str:
        if not self.refunded:
            return "VOIDED" if self.cancelled_at and self.total else "PAID"
        return "REFUNDED" if self.refunded >= self.total else "PARTIALLY_REFUNDED"

    @property
    def fulfillment_status(self) -> str:
        return "UNFULFILLED" if self.cancelled_at else "FULFILLED"

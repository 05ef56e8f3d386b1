"""What a metric's value is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    MONEY = "MONEY"
    COUNT = "COUNT"
    RATIO = "RATIO"


@dataclass(frozen=True)
class Sum:
    """Over a period; money in minor units."""

    n: int = 0
    total: Decimal = Decimal(0)


Figures = Mapping[str, Sum]
"""By component."""


@dataclass(frozen=True)
class Metric:
    unit: Unit
    days: tuple[str, ...]
    formula: Callable[[Figures], Decimal | None]
    n: str
    periods: tuple[str, ...] = ()
    """Components that do not add up by day."""

    @property
    def minor(self) -> int:
        return 100 if self.unit is Unit.MONEY else 1


def _divided(one: Decimal | int, other: Decimal | int) -> Decimal | None:
    return Decimal(one) / Decimal(other) if other else None


def _net(f: Figures) -> Decimal:
    return f["gross_revenue"].total - f["discounts"].total


SOLD = ("orders", "gross_revenue", "discounts", "refunds")
METRICS = {
    "net_revenue": Metric(Unit.MONEY, SOLD, lambda f: _net(f) - f["refunds"].total, "orders"),
    "gross_revenue": Metric(Unit.MONEY, SOLD[:2], lambda f: f["gross_revenue"].total, "orders"),
    "average_order_value": Metric(Unit.MONEY, SOLD[:3], lambda f: _divided(_net(f), f["orders"].n), "orders"),
    "refund_rate": Metric(Unit.RATIO, SOLD, lambda f: _divided(f["refunds"].total, _net(f)), "orders"),
    "orders": Metric(Unit.COUNT, ("orders",), lambda f: Decimal(f["orders"].n), "orders"),
    "new_customers": Metric(Unit.COUNT, ("new_customers",), lambda f: Decimal(f["new_customers"].n), "new_customers"),
    "active_customers": Metric(
        Unit.COUNT, (), lambda f: Decimal(f["active_customers"].n), "active_customers", ("active_customers",)
    ),
    "repeat_purchase_rate": Metric(
        Unit.RATIO,
        (),
        lambda f: _divided(f["repeat_customers"].n, f["active_customers"].n),
        "active_customers",
        ("active_customers", "repeat_customers"),
    ),
    "orders_per_customer": Metric(
        Unit.RATIO,
        ("customer_orders",),
        lambda f: _divided(f["customer_orders"].n, f["active_customers"].n),
        "active_customers",
        ("active_customers",),
    ),
}

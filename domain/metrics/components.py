"""The aggregates that formulas are made of."""

from dataclasses import dataclass
from enum import StrEnum


class Additive(StrEnum):
    """How a component is combined over days."""

    SUM = "SUM"
    DISTINCT = "DISTINCT"


class Measure(StrEnum):
    N = "N"
    TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True)
class Component:
    """`SUM`: daily rows that add up. `DISTINCT`: kept per period, since no sum of days gives it."""

    key: str
    meaning: str
    measure: Measure
    additive: Additive = Additive.SUM
    segments: tuple[str, ...] = ()


ORDERS = Component("orders", "orders placed", Measure.N, segments=("channel",))
PRICED_ORDERS = Component("gross_revenue", "orders in the reporting currency", Measure.N, segments=("channel",))
GROSS_REVENUE = Component(
    "gross_revenue", "goods sold before discounts, without tax and shipping", Measure.TOTAL, segments=("channel",)
)
DISCOUNTS = Component("discounts", "discounts on goods", Measure.TOTAL, segments=("channel",))
REFUNDS = Component("refunds", "money given back for goods, on its own day", Measure.TOTAL, segments=("channel",))
CUSTOMER_ORDERS = Component("customer_orders", "orders whose customer is known", Measure.N)
NEW_CUSTOMERS = Component("new_customers", "customers whose first order ever this is", Measure.N)
ACTIVE_CUSTOMERS = Component("active_customers", "customers with an order", Measure.N, Additive.DISTINCT)
REPEAT_CUSTOMERS = Component("repeat_customers", "customers with two orders or more", Measure.N, Additive.DISTINCT)
RETAINED_CUSTOMERS = Component(
    "retained_customers", "customers with an order here and in the period before", Measure.N, Additive.DISTINCT
)

ALL = (
    ORDERS,
    PRICED_ORDERS,
    GROSS_REVENUE,
    DISCOUNTS,
    REFUNDS,
    CUSTOMER_ORDERS,
    NEW_CUSTOMERS,
    ACTIVE_CUSTOMERS,
    REPEAT_CUSTOMERS,
    RETAINED_CUSTOMERS,
)

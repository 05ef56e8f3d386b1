"""Metrics of orders."""

from decimal import Decimal

from domain.metrics import components as c
from domain.metrics import formulas
from domain.metrics.definition import (
    Category,
    Direction,
    Input,
    Kind,
    Level,
    Metric,
    NullReason,
    Timing,
    Unit,
    WorkedExample,
)

SHOP = ("shopify",)
RATIO_NULLS = (NullReason.NO_DATA, NullReason.SOURCE_NOT_CONNECTED, NullReason.DIVISION_BY_ZERO)

ORDERS = Metric(
    key="orders",
    version=1,
    name="Orders",
    meaning="How many orders were placed. Test orders do not count.",
    formula_text="orders",
    kind=Kind.SIMPLE,
    unit=Unit.COUNT,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.PRODUCTIVITY,
    timing=Timing.LAGGING,
    inputs={"orders": Input(c.ORDERS)},
    formula=formulas.orders,
    n="orders",
    sources=SHOP,
    citation="A count.",
    examples=(WorkedExample({"orders": 7}, Decimal(7)),),
)

AVERAGE_ORDER_VALUE = Metric(
    key="average_order_value",
    version=1,
    name="Average order value",
    meaning="What an order brings in on average after discounts, without tax and shipping.",
    formula_text="(gross_revenue - discounts) / orders",
    kind=Kind.RATIO,
    unit=Unit.MONEY,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.PRODUCTIVITY,
    timing=Timing.LAGGING,
    inputs={
        "gross_revenue": Input(c.GROSS_REVENUE),
        "discounts": Input(c.DISCOUNTS),
        "orders": Input(c.PRICED_ORDERS),
    },
    formula=formulas.average_order_value,
    n="orders",
    sources=SHOP,
    citation="Net order value / orders.",
    examples=(
        WorkedExample({"gross_revenue": 10_000, "discounts": 1_000, "orders": 4}, Decimal(2_250)),
        WorkedExample({"gross_revenue": 0, "discounts": 0, "orders": 0}, NullReason.DIVISION_BY_ZERO),
    ),
    null_reasons=RATIO_NULLS,
)

ORDERS_PER_CUSTOMER = Metric(
    key="orders_per_customer",
    version=1,
    name="Orders per customer",
    meaning="How often a customer who ordered at all ordered on average. Orders without a known customer stay out.",
    formula_text="customer_orders / active_customers",
    kind=Kind.RATIO,
    unit=Unit.RATIO,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={"customer_orders": Input(c.CUSTOMER_ORDERS), "active_customers": Input(c.ACTIVE_CUSTOMERS)},
    formula=formulas.orders_per_customer,
    n="active_customers",
    sources=SHOP,
    citation="Purchase frequency: orders / unique customers.",
    examples=(
        WorkedExample({"customer_orders": 9, "active_customers": 6}, Decimal("1.5")),
        WorkedExample({"customer_orders": 0, "active_customers": 0}, NullReason.DIVISION_BY_ZERO),
    ),
    null_reasons=RATIO_NULLS,
)

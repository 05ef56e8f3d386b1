"""Metrics of money taken."""

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
    Window,
    WorkedExample,
)

GOODS = {
    "gross_revenue": Input(c.GROSS_REVENUE),
    "discounts": Input(c.DISCOUNTS),
    "refunds": Input(c.REFUNDS),
}
SHOP = ("shopify",)
RATIO_NULLS = (NullReason.NO_DATA, NullReason.SOURCE_NOT_CONNECTED, NullReason.DIVISION_BY_ZERO)

NET_REVENUE = Metric(
    key="net_revenue",
    version=1,
    name="Net revenue",
    meaning="What the goods sold brought in: after discounts and refunds, without tax and shipping. Commerce basis.",
    formula_text="gross_revenue - discounts - refunds",
    kind=Kind.SIMPLE,
    unit=Unit.MONEY,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.PRODUCTIVITY,
    timing=Timing.LAGGING,
    inputs={**GOODS, "orders": Input(c.PRICED_ORDERS)},
    formula=formulas.net_revenue,
    n="orders",
    sources=SHOP,
    citation="Net sales as in retail accounting: gross sales less discounts and returns.",
    examples=(
        WorkedExample({"gross_revenue": 10_000, "discounts": 500, "refunds": 1_500, "orders": 4}, Decimal(8_000)),
    ),
)

GROSS_REVENUE = Metric(
    key="gross_revenue",
    version=1,
    name="Gross revenue",
    meaning="What the goods sold would have brought in at list price: before discounts and refunds.",
    formula_text="gross_revenue",
    kind=Kind.SIMPLE,
    unit=Unit.MONEY,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.PRODUCTIVITY,
    timing=Timing.LAGGING,
    inputs={"gross_revenue": Input(c.GROSS_REVENUE), "orders": Input(c.PRICED_ORDERS)},
    formula=formulas.gross_revenue,
    n="orders",
    sources=SHOP,
    citation="Gross sales as in retail accounting.",
    examples=(WorkedExample({"gross_revenue": 10_000, "orders": 4}, Decimal(10_000)),),
)

REVENUE_GROWTH = Metric(
    key="revenue_growth",
    version=1,
    name="Revenue growth",
    meaning="How much net revenue changed against the period before, as a share of it.",
    formula_text="(net_revenue - previous net_revenue) / previous net_revenue",
    kind=Kind.RATIO,
    unit=Unit.RATIO,
    direction=Direction.UP_IS_GOOD,
    category=Category.FINANCE,
    level=Level.PRODUCTIVITY,
    timing=Timing.LAGGING,
    inputs={
        **GOODS,
        "orders": Input(c.PRICED_ORDERS),
        "previous_gross_revenue": Input(c.GROSS_REVENUE, Window.PREVIOUS),
        "previous_discounts": Input(c.DISCOUNTS, Window.PREVIOUS),
        "previous_refunds": Input(c.REFUNDS, Window.PREVIOUS),
    },
    formula=formulas.revenue_growth,
    n="orders",
    sources=SHOP,
    citation="(R_t - R_t-1) / R_t-1.",
    examples=(
        WorkedExample(
            {
                "gross_revenue": 12_000,
                "discounts": 0,
                "refunds": 0,
                "orders": 3,
                "previous_gross_revenue": 10_500,
                "previous_discounts": 0,
                "previous_refunds": 500,
            },
            Decimal("0.2"),
        ),
    ),
    null_reasons=(*RATIO_NULLS, NullReason.INSUFFICIENT_HISTORY),
)

REFUND_RATE = Metric(
    key="refund_rate",
    version=1,
    name="Refund rate",
    meaning="Money given back for goods as a share of goods sold after discounts, each on its own day.",
    formula_text="refunds / (gross_revenue - discounts)",
    kind=Kind.RATIO,
    unit=Unit.RATIO,
    direction=Direction.DOWN_IS_GOOD,
    category=Category.OPERATIONS,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={**GOODS, "orders": Input(c.PRICED_ORDERS)},
    formula=formulas.refund_rate,
    n="orders",
    sources=SHOP,
    citation="Returns to sales by value.",
    examples=(
        WorkedExample({"gross_revenue": 10_500, "discounts": 500, "refunds": 250, "orders": 4}, Decimal("0.025")),
        WorkedExample({"gross_revenue": 0, "discounts": 0, "refunds": 0, "orders": 0}, NullReason.DIVISION_BY_ZERO),
    ),
    null_reasons=RATIO_NULLS,
)

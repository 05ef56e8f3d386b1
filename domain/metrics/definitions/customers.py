"""Metrics of the people who buy."""

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

SHOP = ("shopify",)
RATIO_NULLS = (NullReason.NO_DATA, NullReason.SOURCE_NOT_CONNECTED, NullReason.DIVISION_BY_ZERO)
HISTORY_NULLS = (*RATIO_NULLS, NullReason.INSUFFICIENT_HISTORY)

ACTIVE_CUSTOMERS = Metric(
    key="active_customers",
    version=1,
    name="Active customers",
    meaning="How many different customers placed an order.",
    formula_text="active_customers",
    kind=Kind.SIMPLE,
    unit=Unit.COUNT,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={"active_customers": Input(c.ACTIVE_CUSTOMERS)},
    formula=formulas.active_customers,
    n="active_customers",
    sources=SHOP,
    citation="A distinct count over the period; days of it do not add up.",
    examples=(WorkedExample({"active_customers": 12}, Decimal(12)),),
)

NEW_CUSTOMERS = Metric(
    key="new_customers",
    version=1,
    name="New customers",
    meaning="How many customers placed their first order ever.",
    formula_text="new_customers",
    kind=Kind.SIMPLE,
    unit=Unit.COUNT,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LEADING,
    inputs={"new_customers": Input(c.NEW_CUSTOMERS)},
    formula=formulas.new_customers,
    n="new_customers",
    sources=SHOP,
    citation="A count of first orders.",
    examples=(WorkedExample({"new_customers": 3}, Decimal(3)),),
)

REPEAT_PURCHASE_RATE = Metric(
    key="repeat_purchase_rate",
    version=1,
    name="Repeat purchase rate",
    meaning="Of the customers who ordered in the period, the share who ordered twice or more in it.",
    formula_text="repeat_customers / active_customers",
    kind=Kind.RATIO,
    unit=Unit.RATIO,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={"repeat_customers": Input(c.REPEAT_CUSTOMERS), "active_customers": Input(c.ACTIVE_CUSTOMERS)},
    formula=formulas.repeat_purchase_rate,
    n="active_customers",
    sources=SHOP,
    citation="Customers with 2 or more orders in the window / customers with 1 or more.",
    examples=(
        WorkedExample({"repeat_customers": 3, "active_customers": 12}, Decimal("0.25")),
        WorkedExample({"repeat_customers": 0, "active_customers": 0}, NullReason.DIVISION_BY_ZERO),
    ),
    null_reasons=RATIO_NULLS,
)

RETENTION_RATE = Metric(
    key="retention_rate",
    version=1,
    name="Retention rate",
    meaning="Of the customers who ordered in the period before, the share who ordered again in this one.",
    formula_text="retained_customers / previous active_customers",
    kind=Kind.COHORT,
    unit=Unit.RATIO,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={
        "retained_customers": Input(c.RETAINED_CUSTOMERS),
        "previous_active_customers": Input(c.ACTIVE_CUSTOMERS, Window.PREVIOUS),
    },
    formula=formulas.retention_rate,
    n="previous_active_customers",
    sources=SHOP,
    citation="(Customers at end - new) / customers at start, a customer being whoever ordered in the period.",
    examples=(
        WorkedExample({"retained_customers": 4, "previous_active_customers": 10}, Decimal("0.4")),
        WorkedExample({"retained_customers": 0, "previous_active_customers": 0}, NullReason.DIVISION_BY_ZERO),
    ),
    null_reasons=HISTORY_NULLS,
)

CUSTOMER_LIFETIME_VALUE = Metric(
    key="customer_lifetime_value_revenue",
    version=1,
    name="Customer lifetime value (revenue form)",
    meaning="What a customer brings in before staying away: order value x orders per customer x lifespan. No margin.",
    formula_text="average_order_value x orders_per_customer x 1 / (1 - retention_rate)",
    kind=Kind.COHORT,
    unit=Unit.MONEY,
    direction=Direction.UP_IS_GOOD,
    category=Category.SALES_AND_MARKETING,
    level=Level.CUSTOMER,
    timing=Timing.LAGGING,
    inputs={
        "gross_revenue": Input(c.GROSS_REVENUE),
        "discounts": Input(c.DISCOUNTS),
        "orders": Input(c.PRICED_ORDERS),
        "customer_orders": Input(c.CUSTOMER_ORDERS),
        "active_customers": Input(c.ACTIVE_CUSTOMERS),
        "retained_customers": Input(c.RETAINED_CUSTOMERS),
        "previous_active_customers": Input(c.ACTIVE_CUSTOMERS, Window.PREVIOUS),
    },
    formula=formulas.lifetime_value,
    n="active_customers",
    sources=SHOP,
    citation="Average order value x orders per period x lifespan; lifespan in periods as 1 / churn.",
    examples=(
        WorkedExample(
            {
                "gross_revenue": 33_000,
                "discounts": 3_000,
                "orders": 10,
                "customer_orders": 10,
                "active_customers": 8,
                "retained_customers": 6,
                "previous_active_customers": 10,
            },
            Decimal(9_375),
        ),
        WorkedExample(
            {
                "gross_revenue": 100,
                "discounts": 0,
                "orders": 1,
                "customer_orders": 1,
                "active_customers": 1,
                "retained_customers": 1,
                "previous_active_customers": 1,
            },
            NullReason.DIVISION_BY_ZERO,
        ),
    ),
    null_reasons=HISTORY_NULLS,
)

"""The arithmetic of metrics: pure, exact, dividing once at the end. Money stays in minor units throughout."""

from collections.abc import Mapping
from decimal import Decimal

Inputs = Mapping[str, Decimal]


def net_revenue(x: Inputs) -> Decimal:
    return x["gross_revenue"] - x["discounts"] - x["refunds"]


def gross_revenue(x: Inputs) -> Decimal:
    return x["gross_revenue"]


def orders(x: Inputs) -> Decimal:
    return x["orders"]


def average_order_value(x: Inputs) -> Decimal:
    return (x["gross_revenue"] - x["discounts"]) / x["orders"]


def refund_rate(x: Inputs) -> Decimal:
    return x["refunds"] / (x["gross_revenue"] - x["discounts"])


def active_customers(x: Inputs) -> Decimal:
    return x["active_customers"]


def new_customers(x: Inputs) -> Decimal:
    return x["new_customers"]


def repeat_purchase_rate(x: Inputs) -> Decimal:
    return x["repeat_customers"] / x["active_customers"]


def retention_rate(x: Inputs) -> Decimal:
    return x["retained_customers"] / x["previous_active_customers"]


def revenue_growth(x: Inputs) -> Decimal:
    before = x["previous_gross_revenue"] - x["previous_discounts"] - x["previous_refunds"]
    return (net_revenue(x) - before) / before


def orders_per_customer(x: Inputs) -> Decimal:
    return x["customer_orders"] / x["active_customers"]


def lifetime_value(x: Inputs) -> Decimal:
    """Average order value x orders per customer x lifespan, the lifespan being 1 / (1 - retention) periods.

    Multiplied out, so that it divides once:
    net x customer orders x previous / (orders x active x (previous - retained)).
    """
    net = x["gross_revenue"] - x["discounts"]
    above = net * x["customer_orders"] * x["previous_active_customers"]
    below = x["orders"] * x["active_customers"] * (x["previous_active_customers"] - x["retained_customers"])
    return above / below

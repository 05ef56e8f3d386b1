"""The arithmetic of metrics: pure, exact, dividing once at the end. Money stays in minor units throughout.

A parameter is the input of that name. Nothing is missing and nothing is rounded before the division.
"""

from decimal import Context, Decimal

Number = int | Decimal

PRECISION = 34
"""Significant digits of a division: decimal128."""

PRECISE = Context(prec=PRECISION)
divided = PRECISE.divide


def net_revenue(gross_revenue: Number, discounts: Number, refunds: Number) -> Number:
    return gross_revenue - discounts - refunds


def gross_revenue(gross_revenue: Number) -> Number:
    return gross_revenue


def orders(orders: Number) -> Number:
    return orders


def average_order_value(gross_revenue: Number, discounts: Number, orders: Number) -> Decimal:
    return divided(gross_revenue - discounts, orders)


def refund_rate(refunds: Number, gross_revenue: Number, discounts: Number) -> Decimal:
    return divided(refunds, gross_revenue - discounts)


def active_customers(active_customers: Number) -> Number:
    return active_customers


def new_customers(new_customers: Number) -> Number:
    return new_customers


def repeat_purchase_rate(repeat_customers: Number, active_customers: Number) -> Decimal:
    return divided(repeat_customers, active_customers)


def retention_rate(retained_customers: Number, previous_active_customers: Number) -> Decimal:
    return divided(retained_customers, previous_active_customers)


def revenue_growth(
    gross_revenue: Number,
    discounts: Number,
    refunds: Number,
    previous_gross_revenue: Number,
    previous_discounts: Number,
    previous_refunds: Number,
) -> Decimal:
    before = net_revenue(previous_gross_revenue, previous_discounts, previous_refunds)
    return divided(net_revenue(gross_revenue, discounts, refunds) - before, before)


def orders_per_customer(customer_orders: Number, active_customers: Number) -> Decimal:
    return divided(customer_orders, active_customers)


def lifetime_value(
    gross_revenue: Number,
    discounts: Number,
    orders: Number,
    customer_orders: Number,
    active_customers: Number,
    retained_customers: Number,
    previous_active_customers: Number,
) -> Decimal:
    """Average order value x orders per customer x lifespan, the lifespan being 1 / (1 - retention) periods.

    Multiplied out, so that it divides once:
    net x customer orders x previous / (orders x active x (previous - retained)).
    """
    above = (gross_revenue - discounts) * customer_orders * previous_active_customers
    below = orders * active_customers * (previous_active_customers - retained_customers)
    return divided(above, below)

"""Every metric the product knows, by key."""

from domain.metrics.definition import Metric
from domain.metrics.definitions import customers, orders, revenue

ALL: tuple[Metric, ...] = (
    revenue.NET_REVENUE,
    revenue.GROSS_REVENUE,
    orders.ORDERS,
    orders.AVERAGE_ORDER_VALUE,
    revenue.REFUND_RATE,
    customers.ACTIVE_CUSTOMERS,
    customers.NEW_CUSTOMERS,
    customers.REPEAT_PURCHASE_RATE,
    customers.RETENTION_RATE,
    revenue.REVENUE_GROWTH,
    orders.ORDERS_PER_CUSTOMER,
    customers.CUSTOMER_LIFETIME_VALUE,
)

BY_KEY = {metric.key: metric for metric in ALL}


def find_metric(key: str) -> Metric | None:
    return BY_KEY.get(key)

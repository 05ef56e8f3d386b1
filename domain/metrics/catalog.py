"""Every metric the product knows, by key."""

from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.errors import MetricNotInRelease, UnknownMetric
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


def named_metric(key: str, *, field: tuple[str, ...] = ("metricKey",)) -> Metric:
    """Of what a caller asks for. Raises UnknownMetric."""
    metric = find_metric(key)
    if metric is None:
        raise UnknownMetric(key, field=field)
    return metric


def get_metric(key: str, *, field: tuple[str, ...] = ()) -> Metric:
    """Of what was adopted. Raises MetricNotInRelease."""
    try:
        return BY_KEY[key]
    except KeyError:
        raise MetricNotInRelease(key, field=field) from None


@cache
def edition(metrics: tuple[Metric, ...] = ALL) -> str:
    """Of all definitions together: another one as soon as any of them says something else, or reads something else.

    What its formula does is code: whoever changes that raises the version.
    """
    said = "\n".join(
        f"{each.key} {each.version} {each.formula_text} {each.n} {sorted(each.inputs.items())}" for each in metrics
    )
    return uuid5(NAMESPACE_URL, f"azimuth:metrics:{said}").hex[:12]


def id_of(metric: Metric) -> UUID:
    """Stable over releases, so that a page of the catalogue can be continued after one."""
    return uuid5(NAMESPACE_URL, f"azimuth:metric:{metric.key}")

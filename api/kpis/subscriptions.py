import strawberry

from api.context import Context
from api.ids import Kind, decode_as
from api.kpis.types import Kpi
from api.live import Subject, live
from api.pagination import MOST
from domain.kpis.reads import live_by_metric
from domain.metrics.catalog import named_metric
from tenants.access.actor import ApiScope
from tenants.errors import InvalidInput
from tenants.notices import Topic


@strawberry.type(description="A tenant's KPIs as they stand now, oldest first.")
class MetricChange:
    kpis: list[Kpi]


@strawberry.type
class MetricSubscriptions:
    @live(
        MetricChange,
        description="A tenant's KPIs, or those of some metrics, at once and whenever something that is selected of "
        f"them has changed. Where a tenant has more than {MOST}, `metricKeys` must say which.",
    )
    def metric_changed(tenant_id: strawberry.ID, metric_keys: list[str] | None = None) -> Subject:
        field = ("tenantId",)
        owner = decode_as(Kind.TENANT, tenant_id, field=field).owner
        _check(metric_keys)

        async def read(context: Context) -> MetricChange:
            rows = await context.reader.read(live_by_metric, owner, metric_keys=metric_keys, limit=MOST + 1)
            if len(rows) > MOST:
                raise InvalidInput(
                    f"These are more than {MOST} KPIs: name fewer metrics.", field=("metricKeys",), code="TOO_MANY_KPIS"
                )
            return MetricChange(kpis=[Kpi(row=row) for row in rows])

        return Subject(owner, ApiScope.READ_METRICS, frozenset({Topic.FIGURES}), read, field)


def _check(metric_keys: list[str] | None) -> None:
    """Raises InvalidInput."""
    if metric_keys is not None and not 1 <= len(metric_keys) <= MOST:
        raise InvalidInput(f"1 to {MOST} metrics.", field=("metricKeys",))
    for at, key in enumerate(metric_keys or ()):
        named_metric(key, field=("metricKeys", str(at)))

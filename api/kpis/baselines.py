import datetime as dt
from decimal import Decimal

import strawberry

from api.context import Context
from api.ids import Kind, encode
from api.kpis.values import number_of
from api.node import Node
from api.numbers import variance_shown
from api.own import FIGURE
from domain.kpis import models
from domain.metrics.catalog import get_metric
from domain.metrics.periods import Grain


@strawberry.type(description="The value before. Frozen: a correction is a new version with a reason.")
class Baseline(Node):
    version: int
    value: Decimal = strawberry.field(metadata=FIGURE)
    window_start: dt.date
    window_end: dt.date
    grain: Grain
    n: int = strawberry.field(metadata=FIGURE)
    periods: int
    variance: Decimal | None = strawberry.field(
        description="Between the periods, in the square of the value's unit.", metadata=FIGURE
    )
    method: str
    definition_version: int
    data_version: int
    warnings: list[str]
    reason: str | None
    frozen_at: dt.datetime
    frozen_by: str

    @classmethod
    def of(cls, row: models.Baseline, kpi: models.Kpi, context: Context) -> "Baseline":
        """Raises MetricNotInRelease."""
        profile, metric = context.reader.profile(row.tenant_id), get_metric(kpi.metric_key)
        value = number_of(row.value, metric, profile)
        assert value is not None
        return cls(
            id=encode(Kind.BASELINE, row.tenant_id, row.id),
            version=row.version,
            value=value,
            window_start=row.window_start,
            window_end=row.window_end,
            grain=Grain(row.grain),
            n=row.n,
            periods=row.periods,
            variance=None if row.variance is None else variance_shown(row.variance, metric.unit, profile.currency),
            method=row.method,
            definition_version=row.definition_version,
            data_version=row.data_version,
            warnings=row.warnings,
            reason=row.reason,
            frozen_at=row.created_at,
            frozen_by=row.frozen_by,
        )

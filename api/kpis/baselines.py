import datetime as dt
from decimal import Decimal

import strawberry

from api.context import Context
from api.ids import Kind
from api.metrics import enums  # noqa: F401
from api.numbers import shown_for_good, variance_shown
from api.own import FIGURE
from api.rows import OfRow, column
from domain.kpis import models
from domain.metrics.catalog import get_metric
from domain.metrics.definition import Metric
from domain.metrics.periods import Grain


@strawberry.type(description="The value before. Frozen: a correction is a new version with a reason.")
class Baseline(OfRow):
    KIND = Kind.BASELINE

    row: strawberry.Private[models.Baseline]
    metric: strawberry.Private[Metric]
    currency: strawberry.Private[str]
    version: int = column()
    window_start: dt.date = column()
    window_end: dt.date = column()
    grain: Grain = column()
    n: int = column(metadata=FIGURE)
    periods: int = column()
    method: str = column()
    definition_version: int = column()
    data_version: int = column()
    warnings: list[str] = column()
    reason: str | None = column()
    frozen_by: str = column()

    @classmethod
    def of(cls, row: models.Baseline, kpi: models.Kpi, context: Context) -> "Baseline":
        """Raises MetricNotInRelease."""
        currency = context.reader.profile(row.tenant_id).currency
        return cls(row=row, metric=get_metric(kpi.metric_key), currency=currency)

    @strawberry.field(metadata=FIGURE)
    def value(self) -> Decimal:
        return shown_for_good(self.row.value, self.metric.unit, self.currency)

    @strawberry.field(description="Between the periods, in the square of the value's unit.", metadata=FIGURE)
    def variance(self) -> Decimal | None:
        found = self.row.variance
        return None if found is None else variance_shown(found, self.metric.unit, self.currency)

    @strawberry.field
    def frozen_at(self) -> dt.datetime:
        return self.row.created_at

"""A small strawberry schema by the book: types over entities, loaders in the context, the stock executor."""

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from bench.reference.usual import entities
from bench.reference.usual.loaders import Days, Loaders, Periods
from bench.reference.usual.metrics import METRICS, Metric, Sum, Unit

Info = strawberry.Info[Loaders, None]


@strawberry.enum
class PeriodName(Enum):
    LAST_MONTH = "LAST_MONTH"


@strawberry.enum
class Grain(Enum):
    DAY = "DAY"


strawberry.enum(Unit, name="MetricUnit")


@strawberry.type
class Period:
    start: date
    end: date


@strawberry.type
class MetricValue:
    value: Decimal | None
    currency: str | None
    n: int
    null_reason: str | None
    period: Period


@strawberry.type
class SeriesPoint:
    at: date
    value: Decimal | None
    n: int


@strawberry.type
class Series:
    unit: Unit
    points: list[SeriesPoint]

    @strawberry.field
    def starts(self) -> list[date]:
        return [point.at for point in self.points]

    @strawberry.field
    def values(self) -> list[Decimal | None]:
        return [point.value for point in self.points]


@strawberry.type
class Baseline:
    version: int
    value: Decimal
    window_start: date
    window_end: date
    n: int


@strawberry.type
class Target:
    value: Decimal
    start_value: Decimal
    due_on: date
    trajectory: str


@strawberry.type
class Kpi:
    row: strawberry.Private[entities.Kpi]
    tenant: strawberry.Private[entities.TenantProfile]
    name: str
    metric_key: str
    segment: str | None

    @classmethod
    def of(cls, row: entities.Kpi, tenant: entities.TenantProfile) -> "Kpi":
        return cls(row=row, tenant=tenant, name=row.name, metric_key=row.metric_key, segment=row.segment or None)

    @strawberry.field
    async def value(self, info: Info, period: PeriodName) -> MetricValue:
        end = today_of(self.tenant).replace(day=1) - timedelta(days=1)
        start = end.replace(day=1)
        metric = METRICS[self.metric_key]
        figures = await _figures(info.context, self.row, metric, "MONTH", start, end)
        everything = _added(figures)
        value = _value(metric, everything)
        return MetricValue(
            value=value,
            currency=self.tenant.currency if metric.unit is Unit.MONEY else None,
            n=everything[metric.n].n,
            null_reason="DIVISION_BY_ZERO" if value is None else None,
            period=Period(start=start, end=end),
        )

    @strawberry.field
    async def series(self, info: Info, granularity: Grain, last: int) -> Series:
        today = today_of(self.tenant)
        metric = METRICS[self.metric_key]
        days = await _figures(info.context, self.row, metric, "DAY", today - timedelta(days=last - 1), today)
        points = [SeriesPoint(at=day, value=_value(metric, days[day]), n=days[day][metric.n].n) for day in sorted(days)]
        return Series(unit=metric.unit, points=points)

    @strawberry.field
    async def baseline(self, info: Info) -> Baseline | None:
        found = await info.context.baseline.load(self.row.id)
        if found is None:
            return None
        return Baseline(
            version=found.version,
            value=_said(found.value, METRICS[self.metric_key]),
            window_start=found.window_start,
            window_end=found.window_end,
            n=found.n,
        )

    @strawberry.field
    async def target(self, info: Info) -> Target | None:
        found = await info.context.target.load(self.row.id)
        if found is None:
            return None
        metric = METRICS[self.metric_key]
        return Target(
            value=_said(found.value, metric),
            start_value=_said(found.start_value, metric),
            due_on=found.due_on,
            trajectory=found.trajectory,
        )


@strawberry.type
class KpiConnection:
    nodes: list[Kpi]


@strawberry.type
class Objective:
    row: strawberry.Private[entities.Objective]
    tenant: strawberry.Private[entities.TenantProfile]
    title: str
    starts_on: date
    due_on: date

    @classmethod
    def of(cls, row: entities.Objective, tenant: entities.TenantProfile) -> "Objective":
        return cls(row=row, tenant=tenant, title=row.title, starts_on=row.starts_on, due_on=row.due_on)

    @strawberry.field
    async def kpis(self, info: Info, first: int) -> KpiConnection:
        rows = await info.context.kpis.load(self.row.id)
        return KpiConnection(nodes=[Kpi.of(row, self.tenant) for row in rows[:first]])


@strawberry.type
class ObjectiveConnection:
    nodes: list[Objective]


@strawberry.type
class Tenant:
    row: strawberry.Private[entities.TenantProfile]
    name: str
    currency: str

    @strawberry.field
    def today(self) -> date:
        return today_of(self.row)

    @strawberry.field
    async def objectives(self, info: Info, first: int) -> ObjectiveConnection:
        rows = await info.context.objectives.load(self.row.tenant_id)
        return ObjectiveConnection(nodes=[Objective.of(row, self.row) for row in rows[:first]])


@strawberry.type
class Query:
    @strawberry.field
    async def tenant(self, info: Info, id: strawberry.ID) -> Tenant:
        row = await info.context.tenant.load(UUID(id))
        return Tenant(row=row, name=row.name, currency=row.currency)


def today_of(tenant: entities.TenantProfile) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(tenant.time_zone)).date()


Figures = dict[str, Sum]


async def _figures(
    loaders: Loaders, kpi: entities.Kpi, metric: Metric, grain: str, first: date, last: date
) -> dict[date, Figures]:
    """By day, and what does not add up on the first day of its period."""
    days = [Days(kpi.tenant_id, component, kpi.segment, first, last) for component in metric.days]
    periods = [Periods(kpi.tenant_id, component, grain, first, last) for component in metric.periods]
    of_days, of_periods = await asyncio.gather(loaders.days.load_many(days), loaders.periods.load_many(periods))
    found: dict[date, Figures] = defaultdict(lambda: defaultdict(Sum))
    for day in (day for rows in of_days for day in rows):
        found[day.local_day][day.component] = Sum(day.n, day.total)
    for period in (period for rows in of_periods for period in rows):
        found[period.starts_on][period.component] = Sum(period.n)
    return found


def _added(days: dict[date, Figures]) -> Figures:
    everything: Figures = defaultdict(Sum)
    for figures in days.values():
        for component, one in figures.items():
            before = everything[component]
            everything[component] = Sum(before.n + one.n, before.total + one.total)
    return everything


def _value(metric: Metric, figures: Figures) -> Decimal | None:
    value = metric.formula(figures)
    return None if value is None else _said(value, metric)


def _said(value: Decimal, metric: Metric) -> Decimal:
    """In the unit people say."""
    return round(value / metric.minor, 10)


schema = strawberry.Schema(query=Query)

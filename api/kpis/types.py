import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

import strawberry

from api.context import Context
from api.ids import Kind, tenant_gid
from api.kpis.answers import answers
from api.kpis.baselines import Baseline
from api.kpis.targets import Target
from api.kpis.values import Explanation, MetricValue, Series
from api.metrics.types import Metric
from api.rows import OfRow, column
from api.sets import Each, attempts, set_based
from domain import fields
from domain.kpis import models
from domain.kpis.repository import list_baselines, list_targets
from domain.kpis.valuation import Answer, Question, recent_periods
from domain.metrics import periods as calendar
from domain.metrics.catalog import get_metric
from domain.metrics.periods import Grain, PeriodName
from domain.reading import Key, Read
from tenants.errors import InvalidInput
from tenants.registry.profile import Profile

R = TypeVar("R")
T = TypeVar("T")
MOST_POINTS = 400


@strawberry.type(
    description="A metric this tenant has adopted. What needs its definition is null, with the error "
    "METRIC_NOT_IN_RELEASE, where a newer release adopted it."
)
class Kpi(OfRow):
    KIND = Kind.KPI

    row: strawberry.Private[models.Kpi]
    metric_key: str = column()
    name: str = column()
    archived_at: dt.datetime | None = column()

    @strawberry.field
    def tenant_id(self) -> strawberry.ID:
        return tenant_gid(self.row.tenant_id)

    @strawberry.field
    def segment(self) -> str | None:
        return self.row.segment or None

    @strawberry.field(description="The definition behind this KPI.")
    def metric(self) -> Metric | None:
        return Metric.of(get_metric(self.row.metric_key))

    @set_based(description="The value over a named period, seen from `on` (by default the tenant's today).")
    async def value(
        kpis: Sequence["Kpi"],
        context: Context,
        period: PeriodName = PeriodName.LAST_MONTH,
        on: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> Each[MetricValue | None]:
        as_of = _instant(context, as_of)
        asked = await _answered(kpis, context, period, on, as_of)
        return attempts(lambda found, kpi: MetricValue(answer=found, kpi=kpi.row, instant=as_of), asked, kpis)

    @set_based(description="Values over consecutive periods, the last one holding `until` (by default today).")
    async def series(
        kpis: Sequence["Kpi"],
        context: Context,
        granularity: Grain = Grain.MONTH,
        last: int = 12,
        until: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> Each[Series | None]:
        if not 1 <= last <= MOST_POINTS:
            raise InvalidInput(f"`last` is a number from 1 to {MOST_POINTS}.", field=("last",), code="SERIES_TOO_LONG")
        fields.plausible(until, "until")
        as_of = _instant(context, as_of)

        def periods(profile: Profile) -> calendar.Periods:
            return recent_periods(profile, granularity, last, now=as_of or context.now, until=until)

        return attempts(Series.of, await _over(kpis, context, periods, as_of))

    @set_based(description="The newest baseline.")
    async def baseline(kpis: Sequence["Kpi"], context: Context) -> Each[Baseline | None]:
        return await _newest(kpis, context, list_baselines, Baseline.of)

    @set_based(description="Every version of the baseline, newest first.")
    async def baselines(kpis: Sequence["Kpi"], context: Context) -> Each[list[Baseline] | None]:
        return await _lists(kpis, context, list_baselines, Baseline.of)

    @set_based(description="The newest live target.")
    async def target(kpis: Sequence["Kpi"], context: Context) -> Each[Target | None]:
        return await _newest(kpis, context, list_targets, Target.of)

    @set_based(description="All live targets, newest first.")
    async def targets(kpis: Sequence["Kpi"], context: Context) -> Each[list[Target] | None]:
        return await _lists(kpis, context, list_targets, Target.of)

    @set_based(description="What the value is made of.")
    async def explain(
        kpis: Sequence["Kpi"],
        context: Context,
        period: PeriodName = PeriodName.LAST_MONTH,
        on: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> Each[Explanation | None]:
        return attempts(Explanation.of, await _answered(kpis, context, period, on, _instant(context, as_of)))


async def _lists(
    kpis: Sequence[Kpi], context: Context, read: Read[list[R]], of: Callable[[R, models.Kpi, Context], T]
) -> Each[list[T]]:
    """What each KPI's rows stand for, newest first."""
    lists = await context.load_lists(read, _keys(kpis))
    return attempts(lambda rows, kpi: [of(row, kpi.row, context) for row in rows], lists, kpis)


async def _newest(
    kpis: Sequence[Kpi], context: Context, read: Read[list[R]], of: Callable[[R, models.Kpi, Context], T]
) -> Each[T | None]:
    lists = await context.load_lists(read, _keys(kpis))
    return attempts(lambda rows, kpi: of(rows[0], kpi.row, context) if rows else None, lists, kpis)


async def _answered(
    kpis: Sequence[Kpi], context: Context, period: PeriodName, on: dt.date | None, as_of: dt.datetime | None
) -> Each[Answer]:
    fields.plausible(on, "on")

    def periods(profile: Profile) -> calendar.Periods:
        day = on or profile.today(as_of or context.now)
        return calendar.period_named(period, day, profile.fiscal_year_start_month)

    return await _over(kpis, context, periods, as_of)


async def _over(
    kpis: Sequence[Kpi],
    context: Context,
    periods: Callable[[Profile], calendar.Periods],
    as_of: dt.datetime | None,
) -> Each[Answer]:
    """Over the periods that are meant at each KPI's tenant."""
    meant = {}
    for tenant_id in {kpi.row.tenant_id for kpi in kpis}:
        profile = context.reader.profile(tenant_id)
        meant[tenant_id] = (profile, periods(profile))

    def question(kpi: Kpi) -> Question:
        row = kpi.row
        profile, over = meant[row.tenant_id]
        return Question(profile, get_metric(row.metric_key), row.segment, over)

    return await answers(context, kpis, question, as_of)


def _instant(context: Context, as_of: dt.datetime | None) -> dt.datetime | None:
    """None for the present, and for the future, of which no more is known."""
    fields.plausible(None if as_of is None else as_of.date(), "asOf")
    return None if as_of is None or as_of >= context.now else as_of


def _keys(kpis: Sequence[Kpi]) -> list[Key]:
    return [(each.row.tenant_id, each.row.id) for each in kpis]

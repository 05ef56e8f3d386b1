import asyncio
import datetime as dt
from decimal import Decimal
from uuid import UUID

import strawberry

from api.context import Info
from api.ids import Kind, encode, tenant_gid
from api.kpis.loaders import Asked, answers
from api.kpis.values import Explanation, MetricValue, Series, number_of
from api.loading import load_list
from api.metrics.types import Metric, PeriodName, period_named
from api.node import Node
from api.numbers import shown, variance_shown
from api.own import FIGURE
from domain import fields
from domain.kpis import models
from domain.kpis.progress import judge, measurement
from domain.kpis.repository import list_baselines, list_targets
from domain.kpis.trajectories import TargetStatus, Trajectory
from domain.kpis.valuation import Question, recent_periods
from domain.metrics import definition
from domain.metrics.periods import Grain, previous
from tenants.errors import InvalidInput

MOST_POINTS = 400


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
    def of(cls, row: models.Baseline, kpi: "Kpi", info: Info) -> "Baseline":
        profile = info.context.reader.profile(row.tenant_id)
        value = number_of(row.value, kpi.definition, profile)
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
            variance=None
            if row.variance is None
            else variance_shown(row.variance, kpi.definition.unit, profile.currency),
            method=row.method,
            definition_version=row.definition_version,
            data_version=row.data_version,
            warnings=row.warnings,
            reason=row.reason,
            frozen_at=row.created_at,
            frozen_by=row.frozen_by,
        )


@strawberry.type(description="A step or a bend on the way to a target.")
class TargetPoint:
    on: dt.date
    value: Decimal


@strawberry.type(description="How a target stands on a day.")
class TargetProgress:
    on: dt.date
    status: TargetStatus
    expected: Decimal = strawberry.field(description="What the trajectory asks for on this day.")
    judged_by: Decimal = strawberry.field(
        description="What it asked for when the measured period ended; once it is due, the target."
    )
    actual: MetricValue = strawberry.field(description="The newest period that is over by then.")


@strawberry.type(description="Where a KPI shall go, by when, on which path.")
class Target(Node):
    row: strawberry.Private[models.Target]
    kpi: strawberry.Private["Kpi"]
    value: Decimal
    start_value: Decimal = strawberry.field(metadata=FIGURE)
    stretch_value: Decimal | None
    start_on: dt.date
    due_on: dt.date
    grain: Grain
    trajectory: Trajectory
    points: list[TargetPoint]
    tolerance: Decimal
    rationale: str
    note: str | None
    archived_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.Target, kpi: "Kpi", info: Info) -> "Target":
        profile = info.context.reader.profile(row.tenant_id)

        def number(raw: Decimal) -> Decimal:
            value = number_of(raw, kpi.definition, profile)
            assert value is not None
            return value

        return cls(
            id=encode(Kind.TARGET, row.tenant_id, row.id),
            row=row,
            kpi=kpi,
            value=number(row.value),
            start_value=number(row.start_value),
            stretch_value=None if row.stretch_value is None else number(row.stretch_value),
            start_on=row.start_on,
            due_on=row.due_on,
            grain=Grain(row.grain),
            trajectory=Trajectory(row.trajectory),
            points=[
                TargetPoint(on=dt.date.fromisoformat(each["on"]), value=number(Decimal(each["value"])))
                for each in row.points
            ],
            tolerance=row.tolerance.normalize(),
            rationale=row.rationale,
            note=row.note,
            archived_at=row.archived_at,
        )

    @strawberry.field(description="On track or not, on a day; by default on the tenant's today.")
    async def status(self, info: Info, on: dt.date | None = None) -> TargetStatus:
        return (await self._progress(info, on)).status

    @strawberry.field(description="The status with what it was judged by.")
    async def progress(self, info: Info, on: dt.date | None = None) -> TargetProgress:
        return await self._progress(info, on)

    async def _progress(self, info: Info, on: dt.date | None) -> TargetProgress:
        fields.plausible(on, "on")
        profile = info.context.reader.profile(self.row.tenant_id)
        today = profile.today(info.context.now)
        day = on or today
        metric = self.kpi.definition
        question = measurement(self.row, metric, self.kpi.row.segment, profile, on=day, today=today)
        measured = await answers(info.context).load(Asked(self.row.tenant_id, question, None))
        progress = judge(self.row, metric, measured, profile, on=day, today=today)
        return TargetProgress(
            on=day,
            status=progress.status,
            expected=shown(progress.expected, metric.unit, profile.currency),
            judged_by=shown(progress.judged_by, metric.unit, profile.currency),
            actual=MetricValue.of(measured, profile),
        )


@strawberry.type(
    description="A metric this tenant has adopted. What needs its definition is null, with the error "
    "METRIC_NOT_IN_RELEASE, where a newer release adopted it."
)
class Kpi(Node):
    row: strawberry.Private[models.Kpi]
    tenant_id: strawberry.ID
    metric_key: str
    name: str
    segment: str | None
    archived_at: dt.datetime | None

    @classmethod
    def of(cls, row: models.Kpi) -> "Kpi":
        return cls(
            id=encode(Kind.KPI, row.tenant_id, row.id),
            row=row,
            tenant_id=tenant_gid(row.tenant_id),
            metric_key=row.metric_key,
            name=row.name,
            segment=row.segment or None,
            archived_at=row.archived_at,
        )

    @property
    def key(self) -> tuple[UUID, UUID]:
        return (self.row.tenant_id, self.row.id)

    @property
    def definition(self) -> definition.Metric:
        """Raises MetricNotInRelease."""
        return self.row.definition()

    @strawberry.field(description="The definition behind this KPI.")
    def metric(self) -> Metric | None:
        return Metric.of(self.definition)

    @strawberry.field(description="The value over a named period, seen from `on` (by default the tenant's today).")
    async def value(
        self,
        info: Info,
        period: PeriodName = PeriodName.LAST_MONTH,
        on: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> MetricValue | None:
        profile = info.context.reader.profile(self.row.tenant_id)
        as_of = _instant(info, as_of)
        question = self._question(info, period, on, as_of)
        before = Question(question.metric, question.segment, previous(question.period, profile.fiscal_year_start_month))
        asked = [Asked(self.row.tenant_id, each, as_of) for each in (question, before)]
        (answer, answer_before), history = await asyncio.gather(
            answers(info.context).load_many(asked), load_list(info.context, list_baselines, self.key)
        )
        baseline = _comparable(history, question.period.grain, as_of)
        return MetricValue.of(answer, profile, before=answer_before, baseline=baseline)

    @strawberry.field(description="Values over consecutive periods, the last one holding `until` (by default today).")
    async def series(
        self,
        info: Info,
        granularity: Grain = Grain.MONTH,
        last: int = 12,
        until: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> Series | None:
        if not 1 <= last <= MOST_POINTS:
            raise InvalidInput(f"`last` is a number from 1 to {MOST_POINTS}.", field=("last",), code="SERIES_TOO_LONG")
        fields.plausible(until, "until")
        as_of = _instant(info, as_of)
        profile = info.context.reader.profile(self.row.tenant_id)
        periods = recent_periods(profile, granularity, last, now=as_of or info.context.now, until=until)
        asked = [
            Asked(self.row.tenant_id, Question(self.definition, self.row.segment, each), as_of) for each in periods
        ]
        replies = await answers(info.context).load_many(asked)
        return Series.of(replies, granularity, self.definition, profile)

    @strawberry.field(description="The newest baseline.")
    async def baseline(self, info: Info) -> Baseline | None:
        history = await load_list(info.context, list_baselines, self.key)
        return Baseline.of(history[0], self, info) if history else None

    @strawberry.field(description="Every version of the baseline, newest first.")
    async def baselines(self, info: Info) -> list[Baseline] | None:
        return [Baseline.of(row, self, info) for row in await load_list(info.context, list_baselines, self.key)]

    @strawberry.field(description="The newest live target.")
    async def target(self, info: Info) -> Target | None:
        rows = await load_list(info.context, list_targets, self.key)
        return Target.of(rows[0], self, info) if rows else None

    @strawberry.field(description="All live targets, newest first.")
    async def targets(self, info: Info) -> list[Target] | None:
        return [Target.of(row, self, info) for row in await load_list(info.context, list_targets, self.key)]

    @strawberry.field(description="What the value is made of.")
    async def explain(
        self,
        info: Info,
        period: PeriodName = PeriodName.LAST_MONTH,
        on: dt.date | None = None,
        as_of: dt.datetime | None = None,
    ) -> Explanation | None:
        as_of = _instant(info, as_of)
        question = self._question(info, period, on, as_of)
        answer = await answers(info.context).load(Asked(self.row.tenant_id, question, as_of))
        return Explanation.of(answer, info.context.reader.profile(self.row.tenant_id))

    def _question(self, info: Info, period: PeriodName, on: dt.date | None, as_of: dt.datetime | None) -> Question:
        fields.plausible(on, "on")
        profile = info.context.reader.profile(self.row.tenant_id)
        day = on or profile.today(as_of or info.context.now)
        wanted = period_named(period, day, profile.fiscal_year_start_month)
        return Question(self.definition, self.row.segment, wanted)


def _instant(info: Info, as_of: dt.datetime | None) -> dt.datetime | None:
    """None for the present, and for the future, of which no more is known."""
    fields.plausible(None if as_of is None else as_of.date(), "asOf")
    return None if as_of is None or as_of >= info.context.now else as_of


def _comparable(history: list[models.Baseline], grain: Grain, as_of: dt.datetime | None) -> Decimal | None:
    """The newest baseline there was, if it is about periods of this length: a quarter does not exceed a month."""
    newest = next((each for each in history if as_of is None or each.created_at <= as_of), None)
    return newest.value if newest is not None and newest.grain == grain.value else None

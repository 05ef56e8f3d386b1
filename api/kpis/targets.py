"""Targets, and how they stand on a day."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import cast

import strawberry

from api.context import Context
from api.ids import Kind
from api.kpis.answers import answers
from api.kpis.values import MetricValue
from api.metrics import enums  # noqa: F401
from api.numbers import shown, shown_for_good
from api.own import FIGURE
from api.rows import OfRow, column
from api.sets import Each, attempts, set_based
from domain import fields
from domain.kpis import models
from domain.kpis.current import STATUS
from domain.kpis.progress import Progress, judge, measurement
from domain.kpis.repository import list_targets
from domain.kpis.trajectories import TargetStatus, Trajectory
from domain.kpis.valuation import Answer, Question, read_grounds
from domain.metrics.catalog import get_metric
from domain.metrics.definition import Metric
from domain.metrics.periods import Grain


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

    @classmethod
    def of(cls, progress: Progress, target: "Target", context: Context) -> "TargetProgress":
        profile, metric = context.reader.profile(target.row.tenant_id), get_metric(target.kpi.metric_key)
        return cls(
            on=progress.on,
            status=progress.status,
            expected=shown(progress.expected, metric.unit, profile.currency),
            judged_by=shown(progress.judged_by, metric.unit, profile.currency),
            actual=MetricValue(answer=progress.measured, kpi=target.kpi, instant=None),
        )


@strawberry.type(description="Where a KPI shall go, by when, on which path.")
class Target(OfRow):
    KIND = Kind.TARGET

    row: strawberry.Private[models.Target]
    kpi: strawberry.Private[models.Kpi]
    metric: strawberry.Private[Metric]
    currency: strawberry.Private[str]
    start_on: dt.date = column()
    due_on: dt.date = column()
    grain: Grain = column()
    trajectory: Trajectory = column()
    rationale: str = column()
    note: str | None = column()
    archived_at: dt.datetime | None = column()

    @classmethod
    def of(cls, row: models.Target, kpi: models.Kpi, context: Context) -> "Target":
        """Raises MetricNotInRelease."""
        currency = context.reader.profile(row.tenant_id).currency
        return cls(row=row, kpi=kpi, metric=get_metric(kpi.metric_key), currency=currency)

    @strawberry.field
    def value(self) -> Decimal:
        return self._shown(self.row.value)

    @strawberry.field(metadata=FIGURE)
    def start_value(self) -> Decimal:
        return self._shown(self.row.start_value)

    @strawberry.field
    def stretch_value(self) -> Decimal | None:
        return None if self.row.stretch_value is None else self._shown(self.row.stretch_value)

    @strawberry.field
    def tolerance(self) -> Decimal:
        return self.row.tolerance.normalize()

    @strawberry.field
    def points(self) -> list[TargetPoint]:
        return [
            TargetPoint(on=dt.date.fromisoformat(each["on"]), value=self._shown(Decimal(each["value"])))
            for each in self.row.points
        ]

    def _shown(self, number: Decimal) -> Decimal:
        return shown_for_good(number, self.metric.unit, self.currency)

    @set_based(description="On track or not, on a day; by default on the tenant's today.")
    async def status(targets: Sequence["Target"], context: Context, on: dt.date | None = None) -> Each[TargetStatus]:
        return await statuses_of(targets, context, on)

    @set_based(description="The status with what it was judged by.")
    async def progress(
        targets: Sequence["Target"], context: Context, on: dt.date | None = None
    ) -> Each[TargetProgress]:
        stands = await progress_of(targets, context, on)
        return attempts(lambda each, target: TargetProgress.of(each, target, context), stands, targets)


async def statuses_of(targets: Sequence[Target], context: Context, on: dt.date | None) -> Each[TargetStatus]:
    """Today's as they are kept; what is not kept is judged. Raises InvalidInput."""
    fields.plausible(on, "on")
    known = [None] * len(targets) if on else await _kept(targets, context)
    if None not in known:
        return cast("list[TargetStatus]", known)
    unknown = [target for target, status in zip(targets, known, strict=True) if status is None]
    judged = iter(attempts(attrgetter("status"), await progress_of(unknown, context, on)))
    return [next(judged) if status is None else status for status in known]


async def _kept(targets: Sequence[Target], context: Context) -> list[TargetStatus | None]:
    rows = [target.row for target in targets]
    profiles = {tenant_id: context.reader.profile(tenant_id) for tenant_id in {row.tenant_id for row in rows}}
    grounds = await context.reader.read(read_grounds, profiles, now=context.now)
    current = {tenant_id for tenant_id, ground in grounds.items() if ground.current}
    return [STATUS.get(row.kept_status) if row.tenant_id in current else None for row in rows]


async def progress_of(targets: Sequence[Target], context: Context, on: dt.date | None) -> Each[Progress]:
    """On a day, by default each tenant's today. Raises InvalidInput."""
    fields.plausible(on, "on")
    reader = context.reader

    def question(target: Target) -> Question:
        row, today = target.row, reader.today(target.row.tenant_id)
        profile = reader.profile(row.tenant_id)
        return measurement(row, target.metric, target.kpi.segment, profile, on=on or today, today=today)

    def judged(measured: Answer, target: Target) -> Progress:
        row, today = target.row, reader.today(target.row.tenant_id)
        return judge(row, target.metric, measured, reader.profile(row.tenant_id), on=on or today, today=today)

    return attempts(judged, await answers(context, targets, question, None), targets)


async def newest_targets(kpis: Sequence[models.Kpi], context: Context) -> list[Target | None]:
    """Of metrics this release knows."""
    lists = await context.load_lists(list_targets, [(each.tenant_id, each.id) for each in kpis])
    return [Target.of(rows[0], kpi, context) if rows else None for kpi, rows in zip(kpis, lists, strict=True)]

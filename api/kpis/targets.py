"""Targets, and how they stand on a day."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter

import strawberry

from api.context import Context
from api.ids import Kind, encode
from api.kpis.answers import answers
from api.kpis.values import MetricValue, number_of
from api.node import Node
from api.numbers import shown
from api.own import FIGURE
from api.sets import Each, attempt, set_based
from domain import fields
from domain.kpis import models
from domain.kpis.progress import Progress, judge, measurement
from domain.kpis.repository import list_targets
from domain.kpis.trajectories import TargetStatus, Trajectory
from domain.kpis.valuation import Answer, Question
from domain.metrics.catalog import get_metric
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
    def of(cls, target: "Target", progress: Progress, context: Context) -> "TargetProgress":
        profile, metric = context.reader.profile(target.row.tenant_id), get_metric(target.kpi.metric_key)
        return cls(
            on=progress.on,
            status=progress.status,
            expected=shown(progress.expected, metric.unit, profile.currency),
            judged_by=shown(progress.judged_by, metric.unit, profile.currency),
            actual=MetricValue.of(progress.measured, target.kpi, None),
        )


@strawberry.type(description="Where a KPI shall go, by when, on which path.")
class Target(Node):
    row: strawberry.Private[models.Target]
    kpi: strawberry.Private[models.Kpi]
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
    def of(cls, row: models.Target, kpi: models.Kpi, context: Context) -> "Target":
        """Raises MetricNotInRelease."""
        profile, metric = context.reader.profile(row.tenant_id), get_metric(kpi.metric_key)

        def number(raw: Decimal) -> Decimal:
            value = number_of(raw, metric, profile)
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

    @set_based(description="On track or not, on a day; by default on the tenant's today.")
    async def status(targets: Sequence["Target"], context: Context, on: dt.date | None = None) -> Each[TargetStatus]:
        return [attempt(attrgetter("status"), each) for each in await progress_of(targets, context, on)]

    @set_based(description="The status with what it was judged by.")
    async def progress(
        targets: Sequence["Target"], context: Context, on: dt.date | None = None
    ) -> Each[TargetProgress]:
        stands = await progress_of(targets, context, on)
        return [attempt(TargetProgress.of, target, each, context) for target, each in zip(targets, stands, strict=True)]


async def progress_of(targets: Sequence[Target], context: Context, on: dt.date | None) -> list[Progress | Exception]:
    """On a day, by default each tenant's today. Raises InvalidInput."""
    fields.plausible(on, "on")

    def question(target: Target) -> Question:
        profile = context.reader.profile(target.row.tenant_id)
        today = profile.today(context.now)
        metric = get_metric(target.kpi.metric_key)
        return measurement(target.row, metric, target.kpi.segment, profile, on=on or today, today=today)

    def judged(target: Target, measured: Answer) -> Progress:
        profile = context.reader.profile(target.row.tenant_id)
        today = profile.today(context.now)
        return judge(target.row, measured.question.metric, measured, profile, on=on or today, today=today)

    found = await answers(context, targets, question, None)
    return [attempt(judged, target, each) for target, each in zip(targets, found, strict=True)]


async def newest_targets(kpis: Sequence[models.Kpi], context: Context) -> list[Target | None]:
    """Of metrics this release knows."""
    lists = await context.load_lists(list_targets, [(each.tenant_id, each.id) for each in kpis])
    return [Target.of(rows[0], kpi, context) if rows else None for kpi, rows in zip(kpis, lists, strict=True)]

"""Adopting metrics as KPIs and setting their targets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import fields
from domain.kpis.models import Baseline, Kpi, Target
from domain.kpis.repository import find_latest_baseline, get_kpi, get_target
from domain.kpis.trajectories import Point, Trajectory
from domain.metrics.catalog import get_metric, named_metric
from domain.metrics.definition import Direction, Metric, Unit
from domain.metrics.periods import CALENDAR, Grain
from tenants.access.actor import Actor
from tenants.currencies import to_minor
from tenants.errors import AlreadyArchived, InvalidInput
from tenants.notices import Topic, announce
from tenants.registry.profile import Profile

SHAPED = (Trajectory.STEPPED, Trajectory.CUSTOM)
MOST_POINTS = 60


@dataclass(frozen=True)
class NewTarget:
    """Values in the metric's own unit, money in major units. `start_value` defaults to the baseline's."""

    value: Decimal
    start_on: date
    due_on: date
    trajectory: Trajectory
    grain: Grain = Grain.MONTH
    start_value: Decimal | None = None
    points: Sequence[Point] = ()
    tolerance: Decimal = Decimal("0.1")
    stretch_value: Decimal | None = None
    rationale: str = "GOAL"
    note: str | None = None


async def create_kpi(
    session: AsyncSession,
    actor: Actor,
    *,
    tenant_id: UUID,
    metric_key: str,
    name: str | None,
    segment: str | None,
    now: datetime,
) -> Kpi:
    """Raises UnknownMetric, and InvalidInput for a segment the metric's components are not kept by."""
    metric = named_metric(metric_key)
    kpi = Kpi(
        tenant_id=tenant_id,
        metric_key=metric.key,
        name=fields.words(name, "name", most=200, required=False) or metric.name,
        segment=_segment(metric, segment),
        owner_id=actor.person_id,
        updated_at=now,
    )
    session.add(kpi)
    await session.flush()
    await announce(session, Topic.FIGURES, tenant_id)
    return kpi


async def rename_kpi(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, kpi_id: UUID, name: str, now: datetime
) -> Kpi:
    kpi = await get_kpi(session, tenant_id=tenant_id, kpi_id=kpi_id)
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    kpi.name, kpi.updated_at = fields.title(name, "name"), now
    await session.flush()
    await announce(session, Topic.FIGURES, tenant_id)
    return kpi


async def archive_kpi(session: AsyncSession, actor: Actor, *, tenant_id: UUID, kpi_id: UUID, now: datetime) -> Kpi:
    kpi = await get_kpi(session, tenant_id=tenant_id, kpi_id=kpi_id)
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    kpi.archived_at = kpi.updated_at = now
    await session.flush()
    await announce(session, Topic.FIGURES, tenant_id)
    return kpi


async def create_target(
    session: AsyncSession, actor: Actor, *, profile: Profile, kpi_id: UUID, target: NewTarget
) -> Target:
    """A KPI may have several targets; the newest live one is the one that counts."""
    kpi = await get_kpi(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    metric = get_metric(kpi.metric_key, field=("kpiId",))
    _check(target)
    baseline = await find_latest_baseline(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    scale = _scale(metric, profile.currency)
    start = _start(target, baseline, scale)
    value = scale(target.value)
    stretch = None if target.stretch_value is None else scale(target.stretch_value)
    _check_direction(metric, target.trajectory, start, value, stretch)
    row = Target(
        tenant_id=profile.tenant_id,
        kpi_id=kpi_id,
        baseline_id=None if baseline is None else baseline.id,
        start_value=start,
        value=value,
        start_on=target.start_on,
        due_on=target.due_on,
        grain=target.grain.value,
        trajectory=target.trajectory.value,
        points=[{"on": point.on.isoformat(), "value": str(scale(point.value))} for point in target.points],
        tolerance=target.tolerance,
        stretch_value=stretch,
        rationale=target.rationale,
        note=fields.words(target.note, "note", most=2000, required=False),
    )
    session.add(row)
    await session.flush()
    await announce(session, Topic.FIGURES, profile.tenant_id)
    return row


async def archive_target(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, target_id: UUID, now: datetime
) -> Target:
    target = await get_target(session, tenant_id=tenant_id, target_id=target_id)
    if target.archived_at is not None:
        raise AlreadyArchived("targetId")
    target.archived_at = now
    await session.flush()
    await announce(session, Topic.FIGURES, tenant_id)
    return target


def _segment(metric: Metric, segment: str | None) -> str:
    if not segment:
        return ""
    if len(segment) > 200:
        raise InvalidInput("At most 200 characters.", field=("segment",))
    dimension, separator, value = segment.partition("=")
    kept = set.intersection(*(set(each.component.segments) for each in metric.inputs.values()))
    if not separator or not value or dimension not in kept:
        offer = f"one of {', '.join(f'{each}=…' for each in sorted(kept))}" if kept else "none"
        raise InvalidInput(f"{metric.key} is kept by {offer}.", field=("segment",), code="SEGMENT_NOT_KEPT")
    return segment


def _start(target: NewTarget, baseline: Baseline | None, scale: Callable[[Decimal], Decimal]) -> Decimal:
    if target.start_value is not None:
        return scale(target.start_value)
    if baseline is None or baseline.grain != target.grain.value:
        words = f"Without a baseline over periods of a {target.grain.value} the target needs a start value."
        raise InvalidInput(words, field=("startValue",))
    return baseline.value


def _scale(metric: Metric, currency: str) -> Callable[[Decimal], Decimal]:
    return partial(to_minor, currency=currency) if metric.unit is Unit.MONEY else Decimal


def _check(target: NewTarget) -> None:
    fields.in_order(target.start_on, target.due_on, "startOn", "dueOn")
    for name, number in (
        ("value", target.value),
        ("startValue", target.start_value),
        ("stretchValue", target.stretch_value),
        ("tolerance", target.tolerance),
    ):
        fields.finite(number, name)
    if not 0 <= target.tolerance <= 1:
        raise InvalidInput("A share between 0 and 1.", field=("tolerance",))
    if target.grain not in CALENDAR:
        raise InvalidInput("A target is measured by calendar periods.", field=("grain",))
    _check_points(target)


def _check_points(target: NewTarget) -> None:
    shaped = target.trajectory in SHAPED
    if shaped != bool(target.points):
        words = "needs points between start and due date." if shaped else "takes no points."
        raise InvalidInput(f"A {target.trajectory} trajectory {words}", field=("points",))
    if len(target.points) > MOST_POINTS:
        raise InvalidInput(f"At most {MOST_POINTS} points.", field=("points",))
    before = target.start_on
    for at, point in enumerate(target.points):
        if not before < point.on < target.due_on:
            words = "Points follow each other between start and due date."
            raise InvalidInput(words, field=("points", str(at), "on"))
        before = point.on
        fields.finite(point.value, "points", str(at), "value")


def _check_direction(
    metric: Metric, trajectory: Trajectory, start: Decimal, value: Decimal, stretch: Decimal | None
) -> None:
    sign = 1 if metric.direction is Direction.UP_IS_GOOD else -1
    if stretch is not None and sign * stretch < sign * value:
        raise InvalidInput("What is wanted at best cannot be worse than the target.", field=("stretchValue",))
    if trajectory is not Trajectory.HOLD and sign * value <= sign * start:
        raise InvalidInput(
            f"{metric.name} is better when {'higher' if metric.direction is Direction.UP_IS_GOOD else 'lower'}; "
            "to keep a value use the trajectory HOLD.",
            field=("value",),
            code="TARGET_NOT_BETTER",
        )

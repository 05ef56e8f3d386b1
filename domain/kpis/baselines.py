"""Baselines: the value before, frozen with everything it rests on."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import variance
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import fields
from domain.errors import BaselineFrozen, NoBaseline, ValueUnavailable
from domain.kpis.models import Baseline, Kpi
from domain.kpis.repository import find_latest_baseline, lock_kpi
from domain.kpis.valuation import Answer, Question, answer
from domain.metrics.catalog import get_metric
from domain.metrics.definition import Kind
from domain.metrics.evaluation import Values, compute
from domain.metrics.periods import CALENDAR, Grain, Period, Periods, period_of
from tenants.access.actor import Actor
from tenants.database import snapshot_within
from tenants.errors import AlreadyArchived, InvalidInput
from tenants.notices import Topic, announce
from tenants.registry.profile import Profile

SEASONAL_CYCLE_DAYS = 364
MOST_PERIODS = 400


async def freeze_baseline(
    session: AsyncSession,
    actor: Actor,
    *,
    profile: Profile,
    kpi_id: UUID,
    window_start: date,
    window_end: date,
    grain: Grain,
    now: datetime,
) -> Baseline:
    """Raises BaselineFrozen when there is one already: what was before does not change."""
    kpi = await lock_kpi(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    latest = await find_latest_baseline(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    if latest is not None:
        raise BaselineFrozen(latest.version)
    return await _freeze(
        session,
        actor,
        profile,
        kpi,
        periods=_periods(profile, window_start, window_end, grain),
        version=1,
        reason=None,
        now=now,
    )


async def revise_baseline(
    session: AsyncSession,
    actor: Actor,
    *,
    profile: Profile,
    kpi_id: UUID,
    window_start: date,
    window_end: date,
    grain: Grain,
    reason: str,
    now: datetime,
) -> Baseline:
    """The next version, with a reason. The old one stays as it was."""
    words = fields.words(reason, "reason", most=2000)
    kpi = await lock_kpi(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    latest = await find_latest_baseline(session, tenant_id=profile.tenant_id, kpi_id=kpi_id)
    if latest is None:
        raise NoBaseline
    periods = _periods(profile, window_start, window_end, grain)
    return await _freeze(
        session, actor, profile, kpi, periods=periods, version=latest.version + 1, reason=words, now=now
    )


async def _freeze(
    session: AsyncSession,
    actor: Actor,
    profile: Profile,
    kpi: Kpi,
    *,
    periods: Periods,
    version: int,
    reason: str | None,
    now: datetime,
) -> Baseline:
    metric = get_metric(kpi.metric_key, field=("kpiId",))
    snapshot = await snapshot_within(session)
    question = Question(profile, metric, kpi.segment, periods)
    (answered,) = await answer(snapshot, [question], now=now, as_of=None)
    values = answered.values
    numbers = [Decimal(number) for number in values.numbers if number is not None]
    value = pooled(answered)
    if value is None:
        raise ValueUnavailable(
            f"No period of this window has a value ({values.newest.null_reason}).", field=("window",)
        )
    baseline = Baseline(
        tenant_id=profile.tenant_id,
        kpi_id=kpi.id,
        version=version,
        value=value,
        window_start=periods[0].start,
        window_end=periods[-1].end,
        grain=periods[0].grain.value,
        n=sum(values.n),
        periods=len(numbers),
        variance=variance(numbers) if len(numbers) > 1 else None,
        method="MEAN_OF_PERIODS" if metric.kind is Kind.SIMPLE else "RATIO_OF_SUMS",
        definition_version=metric.version,
        data_version=answered.standing.data_version,
        warnings=_warnings(periods, values),
        reason=reason,
        frozen_by=actor.name,
    )
    session.add(baseline)
    await session.flush()
    await announce(session, Topic.FIGURES, profile.tenant_id)
    return baseline


def _periods(profile: Profile, start: date, end: date, grain: Grain) -> Periods:
    fields.plausible(start, "window", "start")
    fields.plausible(end, "window", "end")
    if grain not in CALENDAR:
        raise InvalidInput("A baseline is taken over calendar periods.", field=("grain",))
    if end < start:
        raise InvalidInput("The window ends before it starts.", field=("window",), code="ENDS_BEFORE_IT_STARTS")
    fiscal = profile.fiscal_year_start_month
    periods = [period_of(start, grain, fiscal)]
    while periods[-1].end < end:
        if len(periods) >= MOST_PERIODS:
            raise InvalidInput(f"At most {MOST_PERIODS} periods.", field=("window",))
        periods.append(period_of(date.fromordinal(periods[-1].end.toordinal() + 1), grain, fiscal))
    if periods[0].start != start or periods[-1].end != end:
        raise InvalidInput(
            f"The window must consist of whole periods: {periods[0].start} to {periods[-1].end}.", field=("window",)
        )
    return Periods(periods)


def pooled(answered: Answer) -> Decimal | None:
    """One value for several periods: the mean of a level, the ratio of the sums of a ratio."""
    metric, numbers = answered.question.metric, answered.values.numbers
    valued = [at for at, number in enumerate(numbers) if number is not None]
    if not valued:
        return None
    sums = {name: [sum(column[at] or 0 for at in valued)] for name, column in answered.inputs.items()}
    (result,) = compute(metric, sums)
    if result is None:
        return None
    return Decimal(result) / len(valued) if metric.kind is Kind.SIMPLE else Decimal(result)


def _warnings(periods: Sequence[Period], values: Values) -> list[str]:
    days = sum(period.days for period in periods)
    conditions = {
        "UNDER_ONE_SEASONAL_CYCLE": days < SEASONAL_CYCLE_DAYS,
        "PERIODS_WITHOUT_VALUE": None in values.numbers,
        "WINDOW_INCOMPLETE": any("PERIOD_INCOMPLETE" in each for each in values.flags),
        "BACKFILL_RUNNING": any("BACKFILL_RUNNING" in each for each in values.flags),
        "SMALL_SAMPLE": sum(values.n) < 30,
    }
    return [name for name, holds in conditions.items() if holds]

"""From facts to components: whole days again, so that duplicates, edits and late arrivals cannot matter."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts import statements
from domain.facts.models import RecomputeRun
from domain.metrics.periods import CALENDAR, TRAILING, Period, period_of, periods_touching, previous
from tenants.registry.models import TenantState
from tenants.registry.profile import Profile

DAYS_AT_ONCE = 800
"""Two years and more: a year that is filled in two parts is counted twice."""
TRAILING_KEPT = 3
PERIOD_COMPONENTS = ("active_customers", "repeat_customers", "retained_customers")
DAY_COLUMNS = (
    "components",
    "segments",
    "local_days",
    "valid_from",
    "counts",
    "totals",
    "squares",
    "minima",
    "maxima",
)
PERIOD_COLUMNS = ("components", "grains", "starts", "valid_from", "counts")


@dataclass(frozen=True)
class Work:
    """What one recompute did. `day_rows` and `period_rows` count rows whose value changed."""

    days: Sequence[date]
    day_rows: int
    period_rows: int

    @property
    def changed(self) -> bool:
        return self.day_rows + self.period_rows > 0


@dataclass(frozen=True)
class Moved:
    """Days on which other customers bought than was known, and the days whose new customers may be others now."""

    days: Sequence[date] = ()
    first_days: Sequence[date] = ()


async def recompute(session: AsyncSession, profile: Profile, *, now: datetime) -> Work:
    """Takes up to DAYS_AT_ONCE dirty days of the tenant and makes their components true again.

    Call until `days` is empty. `now` is the wall clock; the tenant's own today comes from its profile.
    """
    started = time.monotonic()
    # One day or two years: a plan for arrays of unknown length would be wrong for one of them.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    state = await _lock_state(session, profile.tenant_id)
    claim = {"tenant_id": profile.tenant_id, "most": DAYS_AT_ONCE}
    days = sorted((await session.execute(statements.CLAIM_DIRTY_DAYS, claim)).scalars())
    today = profile.today(now)
    rolled = state.computed_through is None or state.computed_through < today
    if not days and not rolled:
        return Work((), 0, 0)
    moved = await _recompute_entity_days(session, profile.tenant_id, days) if days else Moved()
    day_rows = await _recompute_days(session, profile, days, moved, today=today, now=now) if days else 0
    if rolled:
        await _forget_old_windows(session, profile.tenant_id, today=today, now=now)
    period_rows = await _recompute_periods(session, profile, moved.days, today=today, now=now, rolled=rolled)
    state.computed_through = today
    state.updated_at = now
    work = Work(days, day_rows, period_rows)
    if work.changed:
        state.data_version += 1
    if days:
        _record_run(session, profile.tenant_id, work, state.data_version, started)
    await session.flush()
    return work


async def mark_dirty(session: AsyncSession, tenant_id: UUID, days: Iterable[date], *, now: datetime) -> None:
    """In the unit of work of the facts themselves, for the day they were on and the day they are on."""
    wanted = sorted(set(days))
    if wanted:
        await session.execute(statements.MARK_DIRTY, {"tenant_id": tenant_id, "days": wanted, "now": now})


async def _lock_state(session: AsyncSession, tenant_id: UUID) -> TenantState:
    """One recompute a tenant at a time: two would each count a period without the other's days."""
    query = select(TenantState).where(TenantState.tenant_id == tenant_id).with_for_update()
    return (await session.execute(query)).scalar_one()


async def _recompute_entity_days(session: AsyncSession, tenant_id: UUID, days: Sequence[date]) -> Moved:
    tenant = {"tenant_id": tenant_id}
    changed = (await session.execute(statements.CHANGED_ENTITY_DAYS, {**tenant, "days": list(days)})).one()
    if not changed.days:
        return Moved()
    await session.execute(statements.CLEAR_ENTITY_DAYS, {**tenant, "days": changed.days})
    await session.execute(statements.FILL_ENTITY_DAYS, {**tenant, "days": changed.days})
    firsts = (await session.execute(statements.FIRST_DAYS, {**tenant, **changed._mapping})).one()
    return Moved(changed.days, sorted({*changed.days, *firsts.days}))


async def _recompute_days(
    session: AsyncSession, profile: Profile, days: Sequence[date], moved: Moved, *, today: date, now: datetime
) -> int:
    parameters = {
        "tenant_id": profile.tenant_id,
        "days": list(days),
        "first_days": moved.first_days,
        "currency": profile.currency,
        "today": today,
        "hour": _hour(now),
        "now": now,
    }
    known = await _columns(session, statements.KNOWN_DAYS, DAY_COLUMNS, parameters)
    changed = await _rows(session, statements.WRITE_DAYS, {**parameters, **known})
    if known["components"] and changed:
        await session.execute(statements.CLOSE_DAYS, {**parameters, **known})
    return changed


async def _recompute_periods(
    session: AsyncSession, profile: Profile, days: Sequence[date], *, today: date, now: datetime, rolled: bool
) -> int:
    fiscal = profile.fiscal_year_start_month
    periods = _calendar_periods(days, today, fiscal) + [
        window
        for window in _trailing_windows(today)
        if rolled or any(previous(window).start <= day <= window.end for day in days)
    ]
    finished = [period for period in periods if period.end < today]
    running = [period for period in periods if period.end >= today]
    changed = 0
    for group, closing in ((finished, now + timedelta(days=1)), (running, _hour(now))):
        if not group:
            continue
        changed += await _write_periods(session, profile, group, closing=closing, now=now)
    return changed


async def _write_periods(
    session: AsyncSession, profile: Profile, periods: Sequence[Period], *, closing: datetime, now: datetime
) -> int:
    before = [previous(period, profile.fiscal_year_start_month).start for period in periods]
    parameters = {
        "tenant_id": profile.tenant_id,
        "components": list(PERIOD_COMPONENTS),
        "grains": [period.grain.value for period in periods],
        "starts": [period.start for period in periods],
        "ends": [period.end for period in periods],
        "previous_starts": before,
        "first": min(before),
        "last": max(period.end for period in periods),
        "closing": closing,
        "now": now,
    }
    known = await _columns(session, statements.KNOWN_PERIODS, PERIOD_COLUMNS, parameters)
    changed = await _rows(session, statements.WRITE_PERIODS, parameters)
    if known["components"] and changed:
        await session.execute(statements.CLOSE_PERIODS, {**parameters, **known})
    return changed


def _calendar_periods(days: Sequence[date], today: date, fiscal: int) -> list[Period]:
    """Those of `days`, and those after them, which look back."""
    affected: set[Period] = set()
    for grain in CALENDAR:
        touched = periods_touching(list(days), grain, fiscal)
        affected.update(touched)
        followers = (period_of(period.end + timedelta(days=1), grain, fiscal) for period in touched)
        affected.update(period for period in followers if period.start <= today)
    return sorted(affected)


def _trailing_windows(today: date) -> list[Period]:
    """Those that are kept: up to yesterday, the one before, and the one that the one before looks back on."""
    windows = []
    for grain in TRAILING:
        window = period_of(today - timedelta(days=1), grain)
        for _ in range(TRAILING_KEPT):
            windows.append(window)
            window = previous(window)
    return windows


async def _forget_old_windows(session: AsyncSession, tenant_id: UUID, *, today: date, now: datetime) -> None:
    """A window of another day would not be kept true by what comes late, so it is history from now on."""
    windows = _trailing_windows(today)
    parameters = {
        "tenant_id": tenant_id,
        "trailing": [grain.value for grain in TRAILING],
        "grains": [window.grain.value for window in windows],
        "starts": [window.start for window in windows],
        "now": now,
    }
    await session.execute(statements.CLOSE_OLD_WINDOWS, parameters)
    await session.execute(statements.DELETE_OLD_WINDOWS, parameters)


def _record_run(session: AsyncSession, tenant_id: UUID, work: Work, data_version: int, started: float) -> None:
    session.add(
        RecomputeRun(
            tenant_id=tenant_id,
            days=len(work.days),
            first_day=work.days[0],
            last_day=work.days[-1],
            day_rows=work.day_rows,
            period_rows=work.period_rows,
            milliseconds=round((time.monotonic() - started) * 1000),
            data_version=data_version,
        )
    )


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


async def _columns(
    session: AsyncSession, clause: TextClause, names: Sequence[str], parameters: dict[str, Any]
) -> dict[str, list[Any]]:
    """The rows of `clause` as arrays by `names`, in its order: what a later statement takes them as."""
    rows = (await session.execute(clause, parameters)).all()
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


async def _rows(session: AsyncSession, clause: TextClause, parameters: dict[str, Any]) -> int:
    result = await session.execute(clause, parameters)
    assert isinstance(result, CursorResult)
    return result.rowcount

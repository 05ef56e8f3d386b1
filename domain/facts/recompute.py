"""From facts to components: whole days again, so that duplicates, edits and late arrivals cannot matter."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts import statements
from domain.facts.models import RecomputeRun
from domain.metrics.periods import CALENDAR, TRAILING, Period, period_of, previous
from tenants.registry.profile import Profile

DAYS_AT_ONCE = 800
"""Two years and more: a year that is filled in two parts is counted twice."""
TRAILING_KEPT = 3
PERIOD_COMPONENTS = ("active_customers", "repeat_customers", "retained_customers")


@dataclass(frozen=True)
class Work:
    """What one recompute did. `day_rows` and `period_rows` count rows whose value changed."""

    days: Sequence[date]
    day_rows: int
    period_rows: int
    touched: Sequence[date]
    """Those days, and the ones whose new customers are others now, in their order."""
    basis: str | None
    """On which current values were true before it, if they were; they are not any more."""

    @property
    def changed(self) -> bool:
        return self.day_rows + self.period_rows > 0


@dataclass(frozen=True)
class Kept:
    """The statements of one table. `columns` are those of `known`: a key of three, valid_from, values."""

    known: TextClause
    write_new: TextClause
    write: TextClause
    close: TextClause
    columns: Sequence[str]

    def as_parameters(self, rows: Sequence[Row[Any]]) -> dict[str, list[Any]]:
        return {f"was_{name}": [row[place] for row in rows] for place, name in enumerate(self.columns)}


DAYS = Kept(
    known=statements.KNOWN_DAYS,
    write_new=statements.WRITE_NEW_DAYS,
    write=statements.WRITE_DAYS,
    close=statements.CLOSE_DAYS,
    columns=(
        "components",
        "segments",
        "days",
        "valid_from",
        "counts",
        "totals",
        "squares",
        "minima",
        "maxima",
    ),
)
PERIODS = Kept(
    known=statements.KNOWN_PERIODS,
    write_new=statements.WRITE_NEW_PERIODS,
    write=statements.WRITE_PERIODS,
    close=statements.CLOSE_PERIODS,
    columns=("components", "grains", "starts", "valid_from", "counts"),
)


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
    tenant = {"tenant_id": profile.tenant_id}
    state = (await session.execute(statements.LOCK_STATE, tenant)).one()
    claimed = await session.execute(statements.CLAIM_DIRTY_DAYS, {**tenant, "most": DAYS_AT_ONCE})
    days = sorted(claimed.scalars())
    today = profile.today(now)
    rolled = state.computed_through is None or state.computed_through < today
    if not days and not rolled:
        return Work((), 0, 0, (), state.basis)
    moved = await _recompute_entity_days(session, profile.tenant_id, days) if days else Moved()
    day_rows = await _recompute_days(session, profile, days, moved, today=today, now=now) if days else 0
    if rolled:
        await _forget_old_windows(session, profile.tenant_id, today=today, now=now)
    period_rows = await _recompute_periods(session, profile, moved.days, today=today, now=now, rolled=rolled)
    work = Work(days, day_rows, period_rows, sorted({*days, *moved.first_days}), state.basis)
    version = state.data_version + work.changed
    await session.execute(statements.KEEP_STATE, {**tenant, "today": today, "data_version": version, "now": now})
    if days:
        session.add(_run(profile.tenant_id, work, version, started))
        await session.flush()
    return work


async def mark_dirty(session: AsyncSession, tenant_id: UUID, days: Iterable[date], *, now: datetime) -> None:
    """In the unit of work of the facts themselves, for the day they were on and the day they are on."""
    wanted = sorted(set(days))
    if wanted:
        await session.execute(statements.MARK_DIRTY, {"tenant_id": tenant_id, "days": wanted, "now": now})


async def _recompute_entity_days(session: AsyncSession, tenant_id: UUID, days: Sequence[date]) -> Moved:
    parameters = {"tenant_id": tenant_id, "days": list(days)}
    changed = (await session.execute(statements.CHANGED_ENTITY_DAYS, parameters)).one()
    parameters["days"] = changed.days
    if changed.all_new:
        await session.execute(statements.WRITE_NEW_ENTITY_DAYS, parameters)
    elif changed.days:
        await session.execute(statements.WRITE_ENTITY_DAYS, parameters)
        await session.execute(statements.DELETE_ENTITY_DAYS, parameters)
    return Moved(changed.days, changed.first_days)


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
    return await _write(session, DAYS, parameters)


async def _recompute_periods(
    session: AsyncSession, profile: Profile, days: Sequence[date], *, today: date, now: datetime, rolled: bool
) -> int:
    fiscal = profile.fiscal_year_start_month
    periods = [
        *_calendar_periods(days, today, fiscal),
        *(window for window in _trailing_windows(today) if rolled or _looks_on(window, days)),
    ]
    if not periods:
        return 0
    before = [previous(period, fiscal).start for period in periods]
    parameters = {
        "tenant_id": profile.tenant_id,
        "components": list(PERIOD_COMPONENTS),
        "grains": [period.grain.value for period in periods],
        "starts": [period.start for period in periods],
        "ends": [period.end for period in periods],
        "previous_starts": before,
        "closings": [_hour(now) if period.end >= today else now + timedelta(days=1) for period in periods],
        "first": min(before),
        "last": max(period.end for period in periods),
        "now": now,
    }
    return await _write(session, PERIODS, parameters)


async def _write(session: AsyncSession, kept: Kept, parameters: dict[str, Any]) -> int:
    """How many rows are others now. Each that was there and gives way to one of another time leaves a revision."""
    known = (await session.execute(kept.known, parameters)).all()
    parameters = {**parameters, **kept.as_parameters(known)}
    if not known:
        result = await session.execute(kept.write_new, parameters)
        assert isinstance(result, CursorResult)
        return result.rowcount
    written = (await session.execute(kept.write, parameters)).all()
    valid_from = {row[:3]: row.valid_from for row in written}
    closed = [row for row in known if valid_from.get(row[:3], row.valid_from) != row.valid_from]
    if closed:
        await session.execute(kept.close, {**parameters, **kept.as_parameters(closed)})
    return len(written)


def _calendar_periods(days: Sequence[date], today: date, fiscal: int) -> set[Period]:
    """Those of `days`, and those after them, which look back."""
    affected: set[Period] = set()
    for grain in CALENDAR:
        touched = {period_of(day, grain, fiscal) for day in days}
        followers = (period_of(period.end + timedelta(days=1), grain, fiscal) for period in touched)
        affected |= touched
        affected.update(period for period in followers if period.start <= today)
    return affected


def _looks_on(window: Period, days: Sequence[date]) -> bool:
    first = previous(window).start
    return any(first <= day <= window.end for day in days)


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


def _run(tenant_id: UUID, work: Work, data_version: int, started: float) -> RecomputeRun:
    return RecomputeRun(
        tenant_id=tenant_id,
        days=len(work.days),
        first_day=work.days[0],
        last_day=work.days[-1],
        day_rows=work.day_rows,
        period_rows=work.period_rows,
        milliseconds=round((time.monotonic() - started) * 1000),
        data_version=data_version,
    )


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)

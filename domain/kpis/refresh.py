"""Bringing a tenant's current values and statuses up to date, in the unit of work that recomputed its components."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.current import basis_of, said
from domain.kpis.models import Kpi, Target
from domain.kpis.progress import judge, measurement
from domain.kpis.reads import read_standings
from domain.kpis.valuation import Answer, Question, answer
from domain.metrics.catalog import find_metric
from domain.metrics.definition import Metric
from domain.metrics.evaluation import EVERYWHERE
from domain.metrics.periods import PeriodName, Periods, period_named
from domain.reading import columns
from tenants.database import snapshot_within
from tenants.registry.profile import Profile
from tenants.snapshots import Snapshot
from tenants.sql import query, statement

# Archived ones too: whoever looks at one sees what it stands at today, and it may be adopted again.
ADOPTED = query(f"SELECT {columns(Kpi)} FROM kpis e WHERE e.tenant_id = :tenant_id!uuid")
AIMED_AT = query(f"""
SELECT {columns(Target)}, s.target_id IS NOT NULL AS judged
FROM targets e LEFT JOIN current_statuses s ON s.tenant_id = :tenant_id!uuid AND s.target_id = e.id
WHERE e.tenant_id = :tenant_id
""")
KEPT = query("SELECT DISTINCT metric_key, segment FROM current_values WHERE tenant_id = :tenant_id!uuid")

WRITE_VALUES = statement("""
INSERT INTO current_values (
    tenant_id, grain, starts_on, metric_key, segment, value, n, null_reason, flags, inputs
)
SELECT :tenant_id!uuid, v.grain, v.starts_on, v.metric_key, v.segment, v.value, v.n, v.null_reason, v.flags, v.inputs
FROM json_to_recordset(CAST(:rows!text AS json)) AS v (
    grain text, starts_on date, metric_key text, segment text, value numeric, n bigint, null_reason text,
    flags text[], inputs jsonb
)
ON CONFLICT (tenant_id, grain, starts_on, metric_key, segment) DO UPDATE SET
    value = excluded.value, n = excluded.n, null_reason = excluded.null_reason, flags = excluded.flags,
    inputs = excluded.inputs
WHERE (current_values.value, current_values.n, current_values.null_reason, current_values.flags, current_values.inputs)
    IS DISTINCT FROM (excluded.value, excluded.n, excluded.null_reason, excluded.flags, excluded.inputs)
""")
DELETE_VALUES = statement("""
DELETE FROM current_values WHERE tenant_id = :tenant_id!uuid AND (grain, starts_on) NOT IN (
    SELECT * FROM unnest(:grains!texts, :starts!dates)
)
""")
WRITE_STATUSES = statement("""
INSERT INTO current_statuses (tenant_id, target_id, status)
SELECT :tenant_id!uuid, s.target_id, s.status FROM unnest(:target_ids!uuids, :statuses!texts) AS s (target_id, status)
ON CONFLICT (tenant_id, target_id) DO UPDATE SET status = excluded.status
WHERE current_statuses.status <> excluded.status
""")
SETTLE = statement("""
UPDATE tenant_states SET current_basis = :basis!text WHERE tenant_id = :tenant_id!uuid
""")


class Aim(NamedTuple):
    target: Target
    metric: Metric
    question: Question
    judged: bool
    """Whether a status of it is kept."""


async def refresh(
    session: AsyncSession, profile: Profile, *, since: str | None, days: Sequence[date], now: datetime
) -> None:
    """After `days`, in their order, were made anew: what rests on them, or everything if it was kept on another basis
    than `since`. Where there is no data nothing is kept."""
    # Reads of one tenant, always the same; the recompute before had every statement planned anew.
    await session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    snapshot, today = await snapshot_within(session), profile.today(now)
    of_tenant = {"tenant_id": profile.tenant_id}
    standings = await read_standings(snapshot, [profile.tenant_id])
    first_day = standings[profile.tenant_id].first_day
    if first_day is None:
        return
    basis = basis_of(profile, today, first_day)
    anew = basis != since
    periods = [period_named(name, today, profile.fiscal_year_start_month) for name in PeriodName]
    kpis = {row.id: cast(Kpi, row) for row in await snapshot.fetch(ADOPTED, **of_tenant)}
    kept = set() if anew else {(row.metric_key, row.segment) for row in await snapshot.fetch(KEPT, **of_tenant)}
    values = [
        question
        for question in _questions(profile, kpis.values(), periods)
        if (question.metric.key, question.segment) not in kept or _rests_on(question, days)
    ]
    aims = [
        aim
        for aim in await _aims(snapshot, profile, kpis, today)
        if anew or not aim.judged or _rests_on(aim.question, days)
    ]
    answers = await answer(snapshot, [*values, *(aim.question for aim in aims)], now=now, as_of=None)
    if values:
        rows = orjson.dumps([_row(each) for each in answers[: len(values)]]).decode()
        await session.execute(WRITE_VALUES, {**of_tenant, "rows": rows})
    if aims:
        await session.execute(WRITE_STATUSES, {**of_tenant, **_statuses(aims, answers[len(values) :], profile, today)})
    if anew:
        named = {"grains": [each[0].grain.value for each in periods], "starts": [each[0].start for each in periods]}
        await session.execute(DELETE_VALUES, {**of_tenant, **named})
    await session.execute(SETTLE, {**of_tenant, "basis": basis})


def _questions(profile: Profile, kpis: Iterable[Kpi], periods: Sequence[Periods]) -> Iterator[Question]:
    """Each once, however many KPIs ask it. What only a newer release knows stays out."""
    wanted = dict.fromkeys((kpi.metric_key, kpi.segment) for kpi in kpis)
    for key, segment in wanted:
        metric = find_metric(key)
        if metric is not None:
            for each in periods:
                yield Question(profile, metric, segment, each)


async def _aims(snapshot: Snapshot, profile: Profile, kpis: dict[UUID, Kpi], today: date) -> list[Aim]:
    """Every target of a metric this release knows."""
    aims = []
    for row in await snapshot.fetch(AIMED_AT, tenant_id=profile.tenant_id):
        kpi, target = kpis.get(row.kpi_id), cast(Target, row)
        metric = None if kpi is None else find_metric(kpi.metric_key)
        if kpi is not None and metric is not None:
            question = measurement(target, metric, kpi.segment, profile, on=today, today=today)
            aims.append(Aim(target, metric, question, row.judged))
    return aims


def _rests_on(question: Question, days: Sequence[date]) -> bool:
    """Whether any of the days is in the period, or in the one before where the metric looks back."""
    windows = question.windows.values()
    first, last = min(each[0].start for each in windows), question.periods[-1].end
    at = bisect_left(days, first)
    return at < len(days) and days[at] <= last


def _row(answered: Answer) -> dict[str, Any]:
    question, value = answered.question, answered.value
    period = question.periods[-1]
    return {
        "grain": period.grain,
        "starts_on": period.start,
        "metric_key": question.metric.key,
        "segment": question.segment,
        "value": said(value.number),
        "n": value.n,
        "null_reason": value.null_reason,
        "flags": [flag for flag in value.flags if flag not in EVERYWHERE],
        "inputs": {name: said(column[-1]) for name, column in answered.inputs.items()},
    }


def _statuses(aims: Sequence[Aim], measured: Sequence[Answer], profile: Profile, today: date) -> dict[str, Any]:
    judged = [
        judge(aim.target, aim.metric, each, profile, on=today, today=today)
        for aim, each in zip(aims, measured, strict=True)
    ]
    return {"target_ids": [aim.target.id for aim in aims], "statuses": [each.status.value for each in judged]}

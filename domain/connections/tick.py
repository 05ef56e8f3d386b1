"""Finding what is due without any wake-up: a walk over all tenants, and all bulk jobs, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.house import House
from tenants.bulk.reads import open_jobs
from tenants.bulk.service import wake_up
from tenants.clock import local_day
from tenants.ids import FIRST
from tenants.jobs import Job, JobKind
from tenants.scope import Scope
from tenants.sql import statement

PAGE = 200
SETTLED = timedelta(seconds=5)
"""Whoever marks a day wakes the worker too; only what lies longer than this was forgotten."""

OPEN_TENANTS = statement("SELECT * FROM app.open_tenants(:after!uuid, CAST(:page!bigint AS integer))")
DUE = statement("""
SELECT 'sync' AS kind, tenant_id, subject_id FROM schedules
WHERE tenant_id = ANY (:tenant_ids!uuids) AND kind = 'sync' AND due_at <= :now!instant
UNION ALL
SELECT 'deliveries', tenant_id, NULL FROM webhook_deliveries
WHERE tenant_id = ANY (:tenant_ids!uuids) AND status = 'RECEIVED' AND due_at <= :now!instant
GROUP BY tenant_id
UNION ALL
SELECT 'recompute', tenant_id, NULL FROM dirty_days
WHERE tenant_id = ANY (:tenant_ids!uuids) AND marked_at <= :settled!instant
GROUP BY tenant_id
""")
CLOCKS = statement("""
SELECT s.tenant_id, s.computed_through, p.time_zone, p.clock_shift_days
FROM tenant_states s JOIN tenant_profiles p ON p.tenant_id = s.tenant_id
WHERE s.tenant_id = ANY (:tenant_ids!uuids) AND p.tenant_id = ANY (:tenant_ids!uuids)
  AND s.computed_through IS NOT NULL
""")


async def wake_for_what_is_due(house: House) -> int:
    """Puts a job in the queue for all that is due and has none there; returns how many."""
    woken = 0
    async for tenant_ids in pages_of_tenants(house):
        async with house.database.snapshot(Scope(readable=frozenset(tenant_ids))) as session:
            jobs = await _due(session, tenant_ids, house.clock.now())
        woken += await _wake(house, jobs)
    async for page in open_jobs(house.database):
        woken += await _wake(house, [wake_up(*key) for key in page])
    return woken


async def _wake(house: House, jobs: Sequence[Job]) -> int:
    if not jobs:
        return 0
    async with house.database.unit_of_work() as session:
        return await house.jobs.enqueue_missing(session, jobs)


async def _due(session: AsyncSession, tenant_ids: list[UUID], now: datetime) -> list[Job]:
    parameters = {"tenant_ids": tenant_ids, "now": now, "settled": now - SETTLED}
    rows = await session.execute(DUE, parameters)
    jobs = [Job(JobKind(row.kind), row.tenant_id, row.subject_id) for row in rows]
    # A tenant whose day has turned needs its trailing windows moved, though nothing happened.
    for row in await session.execute(CLOCKS, {"tenant_ids": tenant_ids}):
        today = local_day(now + timedelta(days=row.clock_shift_days), ZoneInfo(row.time_zone))
        if row.computed_through < today:
            jobs.append(Job(JobKind.RECOMPUTE, row.tenant_id))
    return list(dict.fromkeys(jobs))


async def pages_of_tenants(house: House) -> AsyncIterator[list[UUID]]:
    after = FIRST
    while True:
        async with house.database.snapshot() as session:
            page = list((await session.execute(OPEN_TENANTS, {"after": after, "page": PAGE})).scalars())
        if not page:
            return
        yield page
        after = page[-1]

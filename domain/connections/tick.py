"""Finding what is due without any wake-up: a walk over all tenants, a page at a time."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.house import House
from tenants.jobs import Job, JobKind
from tenants.registry.models import TenantState
from tenants.registry.profile import get_profile
from tenants.scope import Scope
from tenants.sql import statement

PAGE = 200
FIRST = UUID(int=0)

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


async def due_jobs(house: House) -> AsyncIterator[Job]:
    """Every tenant in turn gets its due jobs, so that none waits behind a busy one."""
    now = house.clock.now()
    async for tenant_ids in _pages(house):
        async with house.database.snapshot(Scope(readable=frozenset(tenant_ids))) as session:
            parameters = {"tenant_ids": tenant_ids, "now": now, "settled": now}
            jobs = [
                Job(JobKind(row.kind), row.tenant_id, row.subject_id) for row in await session.execute(DUE, parameters)
            ]
            jobs += await _new_days(session, house, tenant_ids)
        for job in jobs:
            yield job


async def _pages(house: House) -> AsyncIterator[list[UUID]]:
    after = FIRST
    while True:
        async with house.database.snapshot() as session:
            page = list((await session.execute(OPEN_TENANTS, {"after": after, "page": PAGE})).scalars())
        if not page:
            return
        yield page
        after = page[-1]


async def _new_days(session: AsyncSession, house: House, tenant_ids: list[UUID]) -> list[Job]:
    """A tenant whose day has turned needs its trailing windows moved, though nothing happened."""
    jobs = []
    for tenant_id in tenant_ids:
        state = await session.get(TenantState, tenant_id)
        profile = await get_profile(session, tenant_id)
        today = profile.today(house.clock.now())
        if state is not None and state.computed_through is not None and state.computed_through < today:
            jobs.append(Job(JobKind.RECOMPUTE, tenant_id))
    return jobs

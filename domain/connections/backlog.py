"""What waits to be done, over all tenants together: for an operator, who shall not need to know of any one of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row

from domain.connections.house import House
from domain.connections.tick import pages_of_tenants
from tenants.scope import Scope
from tenants.sql import statement

WAITING = statement("""
SELECT connections.*, syncs.*, runs.*, deliveries.*, days.*
FROM (
    SELECT count(DISTINCT c.id) AS connections, min(s.as_of) AS stalest
    FROM connections c
    LEFT JOIN stream_states s
      ON s.tenant_id = ANY (:tenant_ids!uuids) AND s.tenant_id = c.tenant_id AND s.connection_id = c.id
    WHERE c.tenant_id = ANY (:tenant_ids) AND c.status = 'ACTIVE' AND c.archived_at IS NULL
) AS connections, (
    SELECT count(*) AS syncs_due, min(due_at) AS first_due FROM schedules
    WHERE tenant_id = ANY (:tenant_ids) AND kind = 'sync' AND due_at <= :now!instant
) AS syncs, (
    SELECT count(*) AS runs_open FROM sync_runs
    WHERE tenant_id = ANY (:tenant_ids) AND status = 'RUNNING'
) AS runs, (
    SELECT count(*) AS deliveries, min(received_at) AS first_delivery FROM webhook_deliveries
    WHERE tenant_id = ANY (:tenant_ids) AND status = 'RECEIVED'
) AS deliveries, (
    SELECT count(*) AS days_dirty, min(marked_at) AS first_dirty FROM dirty_days
    WHERE tenant_id = ANY (:tenant_ids)
) AS days
""")


@dataclass(frozen=True)
class Backlog:
    """Counts, and how long the first of each has waited."""

    connections: int = 0
    stalest: timedelta = timedelta()
    syncs_due: int = 0
    sync_lateness: timedelta = timedelta()
    runs_open: int = 0
    deliveries: int = 0
    delivery_age: timedelta = timedelta()
    days_dirty: int = 0
    dirty_age: timedelta = timedelta()

    def with_page(self, row: Row[tuple[object, ...]], now: datetime) -> "Backlog":
        return Backlog(
            self.connections + row.connections,
            max(self.stalest, _since(row.stalest, now)),
            self.syncs_due + row.syncs_due,
            max(self.sync_lateness, _since(row.first_due, now)),
            self.runs_open + row.runs_open,
            self.deliveries + row.deliveries,
            max(self.delivery_age, _since(row.first_delivery, now)),
            self.days_dirty + row.days_dirty,
            max(self.dirty_age, _since(row.first_dirty, now)),
        )


async def look(house: House) -> Backlog:
    """One statement for every page of tenants."""
    backlog = Backlog()
    async for tenant_ids in pages_of_tenants(house):
        now = house.clock.now()
        async with house.database.snapshot(Scope(readable=frozenset(tenant_ids))) as session:
            row = (await session.execute(WAITING, {"tenant_ids": tenant_ids, "now": now})).one()
        backlog = backlog.with_page(row, now)
    return backlog


def _since(moment: datetime | None, now: datetime) -> timedelta:
    return timedelta() if moment is None else now - moment

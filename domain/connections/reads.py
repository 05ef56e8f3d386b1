from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

from domain.connections.models import Connection, SyncRun
from domain.reading import Key, Read, columns, fetch_all, group, live_pages
from tenants.snapshots import Snapshot
from tenants.sql import query

INBOX_COUNTS = query("""
SELECT tenant_id, connection_id, count(*) AS received,
       count(*) FILTER (WHERE status = 'PROCESSED') AS processed,
       count(*) FILTER (WHERE status = 'FAILED') AS failed,
       count(*) FILTER (WHERE status = 'RECEIVED') AS waiting,
       coalesce(sum(duplicates), 0)::bigint AS duplicates,
       count(*) FILTER (WHERE outcome = 'STALE') AS stale
FROM webhook_deliveries
WHERE tenant_id = ANY (:tenant_ids!uuids) AND connection_id = ANY (:ids!uuids)
GROUP BY tenant_id, connection_id
""")
COUNTED = ("received", "processed", "failed", "waiting", "duplicates", "stale")

NEWEST_RUNS = query(f"""
SELECT * FROM (
    SELECT {columns(SyncRun)},
           row_number() OVER (PARTITION BY e.tenant_id, e.connection_id ORDER BY e.created_at DESC) AS place
    FROM sync_runs e WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND e.connection_id = ANY (:ids!uuids)
) p
WHERE place <= :limit!bigint ORDER BY place
""")

SYNCED = query("""
SELECT e.tenant_id, sum(e.records)::bigint AS records FROM sync_runs e
WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND e.created_at >= :since!instant AND e.created_at < :until!instant
GROUP BY e.tenant_id
""")

ATTENTION = query("""
SELECT c.tenant_id, count(*) AS connections FROM connections c
WHERE c.tenant_id = ANY (:tenant_ids!uuids) AND c.archived_at IS NULL
  AND c.status IN ('NEEDS_REAUTH', 'REVOKED', 'ERROR')
GROUP BY c.tenant_id
""")

pages = live_pages(Connection)


async def waiting_for_somebody(snapshot: Snapshot, tenant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many connections read on only when somebody has seen to them; nothing where there are none."""
    rows = await snapshot.fetch(ATTENTION, tenant_ids=list(tenant_ids))
    return {row["tenant_id"]: row["connections"] for row in rows}


async def synced(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, since: datetime, until: datetime
) -> Mapping[UUID, int]:
    """How many records were read by the passes that began then; passes are kept for 90 days."""
    rows = await snapshot.fetch(SYNCED, tenant_ids=list(tenant_ids), since=since, until=until)
    return {row["tenant_id"]: row["records"] for row in rows}


async def inbox_counts(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, dict[str, int]]:
    """Of every connection asked for: noughts where nothing was ever received."""
    found = {key: dict.fromkeys(COUNTED, 0) for key in keys}
    for row in await fetch_all(snapshot, INBOX_COUNTS, keys):
        found[row.tenant_id, row.connection_id] = {name: row[name] for name in COUNTED}
    return found


@cache
def newest_runs(limit: int) -> Read[list[SyncRun]]:
    """A read of so many passes of each connection, newest first. The same read for the same number."""

    async def read(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, list[SyncRun]]:
        return group(await fetch_all(snapshot, NEWEST_RUNS, keys, limit=limit), by="connection_id")

    return read

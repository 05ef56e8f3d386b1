from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from domain.facts.models import RecomputeRun
from domain.reading import columns
from tenants.snapshots import Snapshot
from tenants.sql import query

NEWEST_RUNS = query(f"""
SELECT * FROM (
    SELECT {columns(RecomputeRun)}, row_number() OVER (PARTITION BY e.tenant_id ORDER BY e.id DESC) AS place
    FROM recompute_runs e WHERE e.tenant_id = ANY (:tenant_ids!uuids)
) p
WHERE place <= :limit!bigint ORDER BY place
""")


async def recompute_runs(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, limit: int
) -> Mapping[UUID, list[RecomputeRun]]:
    """Newest first."""
    found: dict[UUID, list[RecomputeRun]] = {}
    for row in await snapshot.fetch(NEWEST_RUNS, tenant_ids=list(tenant_ids), limit=limit):
        found.setdefault(row.tenant_id, []).append(cast(RecomputeRun, row))
    return found

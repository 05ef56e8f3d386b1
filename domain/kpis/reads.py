"""How a tenant's data stands: what every value says of how far it can be trusted."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from tenants.snapshots import Snapshot
from tenants.sql import query


def _first(days: str, valid: str) -> str:
    """Day of a tenant, from the edge of an index."""
    return f"""(
        SELECT d.local_day FROM {days} d
        WHERE d.tenant_id = ANY (:tenant_ids!uuids) AND d.tenant_id = t.tenant_id
          AND d.component = 'orders' AND d.segment = '' AND d.n > 0 AND {valid}
        ORDER BY d.local_day LIMIT 1
    )"""


def _standing(first_day: str) -> str:
    """A row a tenant, a Standing. Grouped, not tenant by tenant: the guard reads its whole list at every look into a
    table."""
    return f"""
        SELECT t.tenant_id, t.data_version, t.updated_at AS computed_at, {first_day} AS first_day,
            CASE WHEN t.current_at = t.updated_at THEN t.current_basis END AS basis,
            coalesce(f.connected, false) AS connected, coalesce(f.backfilling, false) AS backfilling,
            d.tenant_id IS NOT NULL AS pending, f.sources, f.instants
        FROM tenant_states t LEFT JOIN (
            SELECT p.tenant_id, bool_or(p.connected) AS connected, bool_or(p.backfilling) AS backfilling,
                   array_agg(p.provider ORDER BY p.provider) FILTER (WHERE p.read) AS sources,
                   array_agg(p.as_of ORDER BY p.provider) FILTER (WHERE p.read) AS instants
            FROM (
                SELECT c.tenant_id, c.provider,
                       bool_or(c.status IN ('ACTIVE', 'PAUSED', 'NEEDS_REAUTH', 'ERROR')) AS connected,
                       bool_or(s.phase = 'BACKFILL') AS backfilling,
                       bool_or(c.archived_at IS NULL AND s.phase IS NOT NULL) AS read,
                       min(s.as_of) FILTER (WHERE c.archived_at IS NULL) AS as_of
                FROM connections c LEFT JOIN stream_states s
                  ON s.tenant_id = ANY (:tenant_ids!uuids) AND s.tenant_id = c.tenant_id AND s.connection_id = c.id
                WHERE c.tenant_id = ANY (:tenant_ids)
                GROUP BY c.tenant_id, c.provider
            ) p
            GROUP BY p.tenant_id
        ) f ON f.tenant_id = t.tenant_id
        LEFT JOIN (
            SELECT tenant_id FROM dirty_days WHERE tenant_id = ANY (:tenant_ids) GROUP BY tenant_id
        ) d ON d.tenant_id = t.tenant_id
        WHERE t.tenant_id = ANY (:tenant_ids)
    """


_THEN = _first("day_components", "d.valid_from <= :as_of!instant")
# Only before what was found: a tenant has many more revisions than days, and hardly one was ever its first. Asked by a
# subquery, because the guard lets no coalesce into an index condition.
_REVISED = _first(
    "day_component_revisions",
    f"d.valid_from <= :as_of AND d.valid_to > :as_of AND d.local_day < (SELECT coalesce({_THEN}, 'infinity'))",
)

STANDING = query(_standing("t.first_day"))
STANDING_AS_OF = query(_standing(f"least({_THEN}, {_REVISED})"))


class Standing(NamedTuple):
    tenant_id: UUID
    data_version: int
    computed_at: datetime
    first_day: date | None
    basis: str | None
    """On which current values are kept, if they are."""
    connected: bool
    backfilling: bool
    pending: bool
    sources: Sequence[str] | None
    instants: Sequence[datetime | None] | None

    @property
    def freshness(self) -> tuple[tuple[str, datetime | None], ...]:
        return tuple(zip(self.sources or (), self.instants or (), strict=True))

    @property
    def complete(self) -> bool:
        """Whether all was read once and nothing waits to be computed."""
        return not self.backfilling and not self.pending


async def read_standings(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, as_of: datetime | None = None
) -> dict[UUID, Standing]:
    """Today's, but for the first day: what was not known at `as_of` was no data then."""
    known: dict[tuple[UUID, datetime | None], Standing] = snapshot.known.setdefault(read_standings, {})
    asked = [tenant_id for tenant_id in dict.fromkeys(tenant_ids) if (tenant_id, as_of) not in known]
    if asked and as_of is None:
        rows = await snapshot.fetch(STANDING, tenant_ids=asked)
    elif asked:
        rows = await snapshot.fetch(STANDING_AS_OF, tenant_ids=asked, as_of=as_of)
    else:
        rows = []
    known.update({(row["tenant_id"], as_of): Standing(*row) for row in rows})
    return {tenant_id: known[tenant_id, as_of] for tenant_id in tenant_ids}

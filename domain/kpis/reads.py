"""How a tenant's data stands: what every value says of how far it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tenants.snapshots import Snapshot
from tenants.sql import Row, query


def _first(days: str, valid: str) -> str:
    """Day of a tenant, from the edge of an index."""
    return f"""(
        SELECT d.local_day FROM {days} d
        WHERE d.tenant_id = ANY (:tenant_ids!uuids) AND d.tenant_id = t.tenant_id
          AND d.component = 'orders' AND d.segment = '' AND d.n > 0 AND {valid}
        ORDER BY d.local_day LIMIT 1
    )"""


def _standing(first_day: str) -> str:
    """A row a tenant."""
    return f"""
        SELECT t.tenant_id, t.data_version, t.updated_at AS computed_at, {first_day} AS first_day,
            EXISTS (
                SELECT FROM connections c WHERE c.tenant_id = ANY (:tenant_ids) AND c.tenant_id = t.tenant_id
                  AND c.status IN ('ACTIVE', 'PAUSED', 'NEEDS_REAUTH', 'ERROR')
            ) AS connected,
            EXISTS (
                SELECT FROM stream_states s WHERE s.tenant_id = ANY (:tenant_ids) AND s.tenant_id = t.tenant_id
                  AND s.phase = 'BACKFILL'
            ) AS backfilling,
            EXISTS (
                SELECT FROM dirty_days d WHERE d.tenant_id = ANY (:tenant_ids) AND d.tenant_id = t.tenant_id
            ) AS pending,
            f.sources, f.instants
        FROM tenant_states t LEFT JOIN (
            SELECT p.tenant_id, array_agg(p.provider ORDER BY p.provider) AS sources,
                   array_agg(p.as_of ORDER BY p.provider) AS instants
            FROM (
                SELECT c.tenant_id, c.provider, min(s.as_of) AS as_of
                FROM connections c JOIN stream_states s ON s.tenant_id = c.tenant_id AND s.connection_id = c.id
                WHERE c.tenant_id = ANY (:tenant_ids) AND s.tenant_id = ANY (:tenant_ids) AND c.archived_at IS NULL
                GROUP BY c.tenant_id, c.provider
            ) p
            GROUP BY p.tenant_id
        ) f ON f.tenant_id = t.tenant_id
        WHERE t.tenant_id = ANY (:tenant_ids)
    """


_NOW = _first("day_components", "true")
_THEN = _first("day_components", "d.valid_from <= :as_of!instant")
# Only before what was found: a tenant has many more revisions than days, and hardly one was ever its first. Asked by a
# subquery, because the guard lets no coalesce into an index condition.
_REVISED = _first(
    "day_component_revisions",
    f"d.valid_from <= :as_of AND d.valid_to > :as_of AND d.local_day < (SELECT coalesce({_THEN}, 'infinity'))",
)

STANDING = query(_standing(_NOW))
STANDING_AS_OF = query(_standing(f"least({_THEN}, {_REVISED})"))


@dataclass(frozen=True, slots=True)
class Standing:
    tenant_id: UUID
    first_day: date | None
    data_version: int
    computed_at: datetime
    connected: bool
    backfilling: bool
    pending: bool
    freshness: tuple[tuple[str, datetime | None], ...]

    @classmethod
    def of(cls, row: Row) -> "Standing":
        return cls(
            tenant_id=row.tenant_id,
            first_day=row.first_day,
            data_version=row.data_version,
            computed_at=row.computed_at,
            connected=row.connected,
            backfilling=row.backfilling,
            pending=row.pending,
            freshness=tuple(zip(row.sources or (), row.instants or (), strict=True)),
        )

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
    known.update({(row.tenant_id, as_of): Standing.of(row) for row in rows})
    return {tenant_id: known[tenant_id, as_of] for tenant_id in tenant_ids}

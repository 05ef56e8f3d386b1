"""How a tenant's data stands: what every value says of how far it can be trusted. And which KPIs it has."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple, cast
from uuid import UUID

from domain.kpis.models import Kpi
from domain.reading import LIVE, columns
from tenants.registry.profile import COLUMNS
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


def _standing(first_day: str, *, also: Sequence[str] = (), joined: str = "") -> str:
    """A row a tenant: a Standing, and after it what is asked for `also`.

    Grouped, not tenant by tenant: the guard reads its whole list at every look into a table.
    """
    return f"""
        SELECT t.tenant_id, t.data_version, t.updated_at AS computed_at, {first_day} AS first_day,
            t.current_basis AS basis,
            coalesce(f.connected, false) AS connected, coalesce(f.backfilling, false) AS backfilling,
            {", ".join(("d.tenant_id IS NOT NULL AS pending", *also))}
        FROM tenant_states t LEFT JOIN (
            SELECT c.tenant_id, bool_or(c.status IN ('ACTIVE', 'PAUSED', 'NEEDS_REAUTH', 'ERROR')) AS connected,
                   bool_or(s.phase = 'BACKFILL') AS backfilling
            FROM connections c LEFT JOIN stream_states s
              ON s.tenant_id = ANY (:tenant_ids!uuids) AND s.tenant_id = c.tenant_id AND s.connection_id = c.id
            WHERE c.tenant_id = ANY (:tenant_ids)
            GROUP BY c.tenant_id
        ) f ON f.tenant_id = t.tenant_id
        LEFT JOIN (
            SELECT tenant_id FROM dirty_days WHERE tenant_id = ANY (:tenant_ids) GROUP BY tenant_id
        ) d ON d.tenant_id = t.tenant_id
        {joined}
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


_OF_PROFILE = [f"p.{column}" for column in COLUMNS]
_PROFILE = "JOIN tenant_profiles p ON p.tenant_id = ANY (:tenant_ids) AND p.tenant_id = t.tenant_id"
_ADMISSION = """
    LEFT JOIN tenants o
      ON o.id = ANY (:tenant_ids) AND o.id = t.tenant_id AND o.organization_id = :organization_id!uuid
    LEFT JOIN grants g
      ON g.tenant_id = ANY (:tenant_ids) AND g.tenant_id = t.tenant_id AND g.organization_id = :organization_id
"""
ENTRY = query(
    _standing(
        "t.first_day",
        also=(*_OF_PROFILE, "o.id IS NOT NULL AS owned", "g.scopes", "g.expires_at", "g.revoked_at"),
        joined=_PROFILE + _ADMISSION,
    )
)
ENTRIES = query(_standing("t.first_day", also=_OF_PROFILE, joined=_PROFILE))

FRESHNESS = query("""
SELECT c.tenant_id, c.provider AS source, min(s.as_of) AS as_of
FROM connections c JOIN stream_states s
  ON s.tenant_id = ANY (:tenant_ids!uuids) AND s.tenant_id = c.tenant_id AND s.connection_id = c.id
WHERE c.tenant_id = ANY (:tenant_ids) AND c.archived_at IS NULL
GROUP BY c.tenant_id, c.provider
ORDER BY c.tenant_id, c.provider
""")

LIVE_BY_METRIC = query(f"""
SELECT {columns(Kpi)} FROM kpis e
WHERE e.tenant_id = :tenant_id!uuid AND {LIVE}
  AND (:metric_keys!texts IS NULL OR e.metric_key = ANY (:metric_keys))
ORDER BY e.id LIMIT :limit!bigint
""")


AIMED_AT = query(f"""
SELECT {columns(Kpi)} FROM kpis e
WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND {LIVE} AND EXISTS (
    SELECT FROM targets t
    WHERE t.tenant_id = ANY (:tenant_ids) AND t.tenant_id = e.tenant_id AND t.kpi_id = e.id AND t.archived_at IS NULL
)
ORDER BY e.tenant_id, e.id
""")
FIRST_BY_METRIC = query(f"""
SELECT DISTINCT ON (e.tenant_id) {columns(Kpi)} FROM kpis e
WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND {LIVE} AND e.metric_key = :metric_key!text AND e.segment = ''
ORDER BY e.tenant_id, e.id
""")


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

    @property
    def complete(self) -> bool:
        """Whether all was read once and nothing waits to be computed."""
        return not self.backfilling and not self.pending


async def find_entries(
    snapshot: Snapshot, tenant_ids: Collection[UUID], *, organization_id: UUID
) -> dict[UUID, list[Row]]:
    """What a request must know of tenants it comes to: profile, standing, and by which grants it comes, a row each.

    One statement for all, because a request waits for nothing as long as for statements. Whether the organization may
    be told anything of them is for the caller to judge.
    """
    found: dict[UUID, list[Row]] = {}
    for row in await snapshot.fetch(ENTRY, tenant_ids=list(tenant_ids), organization_id=organization_id):
        found.setdefault(row["tenant_id"], []).append(row)
    return found


async def read_entries(snapshot: Snapshot, tenant_ids: Sequence[UUID]) -> Sequence[Row]:
    """Profile and standing of tenants that may be read."""
    rows = await snapshot.fetch(ENTRIES, tenant_ids=tenant_ids)
    remember(snapshot, rows)
    return rows


def remember(snapshot: Snapshot, rows: Sequence[Row]) -> None:
    """The standings of tenants that were entered."""
    known = snapshot.known.setdefault(read_standings, {})
    known.update({(row["tenant_id"], None): Standing(*row[: len(Standing._fields)]) for row in rows})


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


async def read_freshness(
    snapshot: Snapshot, tenant_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, datetime | None]]]:
    """How far each source has been read, in the order of their names; known as long as the snapshot is."""
    known: dict[UUID, list[tuple[str, datetime | None]]] = snapshot.known.setdefault(read_freshness, {})
    new: dict[UUID, list[tuple[str, datetime | None]]] = {each: [] for each in tenant_ids if each not in known}
    if new:
        for row in await snapshot.fetch(FRESHNESS, tenant_ids=list(new)):
            new[row["tenant_id"]].append((row["source"], row["as_of"]))
        known.update(new)
    return known


async def aimed_at(snapshot: Snapshot, tenant_ids: Sequence[UUID]) -> list[Kpi]:
    """Live KPIs that have a live target, tenant by tenant, oldest first."""
    return [cast(Kpi, row) for row in await snapshot.fetch(AIMED_AT, tenant_ids=list(tenant_ids))]


async def first_by_metric(snapshot: Snapshot, tenant_ids: Sequence[UUID], *, metric_key: str) -> dict[UUID, Kpi]:
    """Each tenant's oldest live KPI of a metric over everything; none where it is not adopted."""
    rows = await snapshot.fetch(FIRST_BY_METRIC, tenant_ids=list(tenant_ids), metric_key=metric_key)
    return {row["tenant_id"]: cast(Kpi, row) for row in rows}


async def live_by_metric(
    snapshot: Snapshot, tenant_id: UUID, *, metric_keys: Sequence[str] | None, limit: int
) -> list[Kpi]:
    """Those of some metrics, or all, oldest first."""
    rows = await snapshot.fetch(LIVE_BY_METRIC, tenant_id=tenant_id, metric_keys=metric_keys, limit=limit)
    return [cast(Kpi, row) for row in rows]

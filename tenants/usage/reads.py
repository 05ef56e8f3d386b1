"""What was counted, added up by operation, the dearest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tenants.snapshots import Snapshot
from tenants.sql import Query, Row, query

MOST = 100
"""Of operations and of readers; what is beyond them is in the sums alone."""

_SUMS = "sum(u.requests) AS requests, sum(u.points) AS points, sum(u.throttled) AS throttled, sum(u.failed) AS failed"
_TOTALS = ", ".join(
    f"sum(sum(u.{name})) OVER (PARTITION BY {{by}}) AS all_{name}"
    for name in ("requests", "points", "throttled", "failed")
)
_WITHIN = "u.minute >= :since!instant AND u.minute < :until!instant"


def _by(owner: str, where: str) -> Query:
    return query(f"""
    SELECT * FROM (
        SELECT {owner} AS owner_id, u.operation, {_SUMS}, {_TOTALS.format(by=owner)},
            row_number() OVER (PARTITION BY {owner} ORDER BY sum(u.points) DESC, u.operation) AS place
        FROM usage_minutes u
        WHERE u.organization_id = :organization_id!uuid AND {where} AND {_WITHIN}
        GROUP BY {owner}, u.operation
    ) p
    WHERE place <= :limit!bigint ORDER BY owner_id, place
    """)


OF_APPS = _by("u.app_id", "u.app_id = ANY (:ids!uuids)")
OF_ORGANIZATION = _by("u.organization_id", "true")
OF_TENANTS = query(f"""
SELECT * FROM (
    SELECT u.tenant_id AS owner_id, u.operation, sum(u.requests) AS requests, sum(u.points) AS points,
        sum(sum(u.requests)) OVER (PARTITION BY u.tenant_id) AS all_requests,
        sum(sum(u.points)) OVER (PARTITION BY u.tenant_id) AS all_points,
        row_number() OVER (PARTITION BY u.tenant_id ORDER BY sum(u.points) DESC, u.operation) AS place
    FROM read_minutes u
    WHERE u.tenant_id = ANY (:tenant_ids!uuids) AND u.organization_id = :organization_id!uuid AND {_WITHIN}
    GROUP BY u.tenant_id, u.operation
) p
WHERE place <= :limit!bigint ORDER BY owner_id, place
""")
READERS = query(f"""
SELECT * FROM (
    SELECT u.tenant_id, u.organization_id, u.app_id, u.person_id, sum(u.requests) AS requests,
        min(u.minute) AS first_at, max(u.minute) AS last_at,
        (array_agg(DISTINCT u.operation))[1:{MOST}] AS operations,
        row_number() OVER (
            PARTITION BY u.tenant_id ORDER BY max(u.minute) DESC, u.organization_id, u.app_id, u.person_id) AS place
    FROM read_minutes u
    WHERE u.tenant_id = ANY (:tenant_ids!uuids) AND {_WITHIN}
    GROUP BY u.tenant_id, u.organization_id, u.app_id, u.person_id
) p
WHERE place <= :limit!bigint ORDER BY tenant_id, place
""")

Found = Mapping[UUID, Sequence[Row]]


async def of_apps(
    snapshot: Snapshot, app_ids: Sequence[UUID], *, organization_id: UUID, since: datetime, until: datetime
) -> Found:
    """By app, each operation's sums with those of all beside them."""
    rows = await snapshot.fetch(
        OF_APPS, organization_id=organization_id, ids=list(app_ids), since=since, until=until, limit=MOST
    )
    return _grouped(rows, "owner_id")


async def of_organization(snapshot: Snapshot, organization_id: UUID, *, since: datetime, until: datetime) -> Found:
    rows = await snapshot.fetch(OF_ORGANIZATION, organization_id=organization_id, since=since, until=until, limit=MOST)
    return _grouped(rows, "owner_id")


async def of_tenants(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, organization_id: UUID, since: datetime, until: datetime
) -> Found:
    """By tenant, what one organization asked of it."""
    rows = await snapshot.fetch(
        OF_TENANTS, tenant_ids=list(tenant_ids), organization_id=organization_id, since=since, until=until, limit=MOST
    )
    return _grouped(rows, "owner_id")


async def readers(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, since: datetime, until: datetime, limit: int
) -> Found:
    """By tenant, whoever was let in, the latest first."""
    rows = await snapshot.fetch(READERS, tenant_ids=list(tenant_ids), since=since, until=until, limit=limit)
    return _grouped(rows, "tenant_id")


def _grouped(rows: Sequence[Row], by: str) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row[by], []).append(row)
    return found

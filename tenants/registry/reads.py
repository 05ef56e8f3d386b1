"""Grants as answers tell them, by the tenant they are on."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from tenants.ids import FIRST
from tenants.registry.models import Grant
from tenants.snapshots import Snapshot
from tenants.sql import query

_GRANT = """g.id, g.created_at, g.tenant_id, g.organization_id, g.role, g.scopes, g.expires_at, g.revoked_at,
    g.granted_by_organization_id"""

GRANTS = query(f"SELECT {_GRANT} FROM grants g WHERE g.tenant_id = ANY (:tenant_ids!uuids) AND g.id = ANY (:ids!uuids)")
GRANT_PAGES = query(f"""
SELECT * FROM (
    SELECT {_GRANT}, row_number() OVER (PARTITION BY g.tenant_id ORDER BY g.id) AS place
    FROM grants g WHERE g.tenant_id = ANY (:tenant_ids!uuids) AND g.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY tenant_id, place
""")

TRAITS = query("""
SELECT p.tenant_id, p.industry, p.size_band, p.business_model FROM tenant_profiles p
WHERE p.tenant_id = ANY (:tenant_ids!uuids)
""")

Key = tuple[UUID, UUID]
"""A tenant's id and that of a grant on it."""


class Traits(NamedTuple):
    """What kind of business it is, in its own words."""

    industry: str | None
    size_band: str | None
    business_model: str | None


async def read_traits(snapshot: Snapshot, tenant_ids: Sequence[UUID]) -> dict[UUID, Traits]:
    rows = await snapshot.fetch(TRAITS, tenant_ids=list(tenant_ids))
    return {row["tenant_id"]: Traits(row["industry"], row["size_band"], row["business_model"]) for row in rows}


async def grants_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Grant]:
    """Ended ones too."""
    tenant_ids = list({tenant_id for tenant_id, _ in keys})
    rows = await snapshot.fetch(GRANTS, tenant_ids=tenant_ids, ids=[id for _, id in keys])
    return {(row["tenant_id"], row["id"]): cast(Grant, row) for row in rows}


async def grant_pages(
    snapshot: Snapshot, tenant_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[Grant]]:
    """A page of each tenant's, in the order they were given, ended ones too: they are the history of who could read."""
    found: dict[UUID, list[Grant]] = {}
    asked: dict[str, Any] = {"tenant_ids": list(tenant_ids), "after": after or FIRST, "limit": limit}
    for row in await snapshot.fetch(GRANT_PAGES, **asked):
        found.setdefault(row["tenant_id"], []).append(cast(Grant, row))
    return found

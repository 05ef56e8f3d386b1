"""What is registered, by the organization's own scope."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from tenants.ids import FIRST
from tenants.persisted.models import PersistedOperation, PersistedOperationSet
from tenants.snapshots import Snapshot
from tenants.sql import query

Key = tuple[UUID, UUID]
"""An organization's id and the id of something of it."""

_SET = "s.id, s.created_at, s.organization_id, s.app_id, s.version, s.archived_at"

DOCUMENT = query("""
SELECT o.document FROM persisted_operations o
JOIN persisted_operation_sets s ON s.organization_id = o.organization_id AND s.id = o.set_id
WHERE o.organization_id = :organization_id!uuid AND o.app_id = :app_id!uuid AND o.digest = :digest!bytea
  AND s.archived_at IS NULL
LIMIT 1
""")
SETS = query(f"""
SELECT {_SET} FROM persisted_operation_sets s
WHERE s.organization_id = ANY (:organization_ids!uuids) AND s.id = ANY (:ids!uuids)
""")
SET_PAGES = query(f"""
SELECT * FROM (
    SELECT {_SET}, row_number() OVER (PARTITION BY s.app_id ORDER BY s.id) AS place
    FROM persisted_operation_sets s
    WHERE s.organization_id = :organization_id!uuid AND s.app_id = ANY (:ids!uuids)
      AND s.archived_at IS NULL AND s.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY app_id, place
""")
OPERATIONS = query("""
SELECT o.organization_id, o.set_id, o.digest, o.name, o.document FROM persisted_operations o
WHERE o.organization_id = ANY (:organization_ids!uuids) AND o.set_id = ANY (:ids!uuids)
ORDER BY o.name, o.digest
""")


async def document_of(snapshot: Snapshot, app: Key, digest: bytes) -> str | None:
    row = await snapshot.fetch_one(DOCUMENT, organization_id=app[0], app_id=app[1], digest=digest)
    return None if row is None else str(row["document"])


async def sets_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, PersistedOperationSet]:
    """Archived ones too."""
    owners = list({owner for owner, _ in keys})
    rows = await snapshot.fetch(SETS, organization_ids=owners, ids=[id for _, id in keys])
    return {(row["organization_id"], row["id"]): cast(PersistedOperationSet, row) for row in rows}


async def set_pages(
    snapshot: Snapshot, app_ids: Sequence[UUID], *, organization_id: UUID, after: UUID | None, limit: int
) -> dict[UUID, list[PersistedOperationSet]]:
    """A page of each app's that are not archived, oldest first."""
    found: dict[UUID, list[PersistedOperationSet]] = {}
    rows = await snapshot.fetch(
        SET_PAGES, organization_id=organization_id, ids=list(app_ids), after=after or FIRST, limit=limit
    )
    for row in rows:
        found.setdefault(row["app_id"], []).append(cast(PersistedOperationSet, row))
    return found


async def operations_of(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, list[PersistedOperation]]:
    """Of each set, by name."""
    owners = list({owner for owner, _ in keys})
    found: dict[Key, list[PersistedOperation]] = {}
    for row in await snapshot.fetch(OPERATIONS, organization_ids=owners, ids=[id for _, id in keys]):
        found.setdefault((row["organization_id"], row["set_id"]), []).append(cast(PersistedOperation, row))
    return found

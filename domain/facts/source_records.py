"""What providers said, kept sealed. Newer wins, by the provider's own clock."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.ports.records import SourceItem
from tenants.secrets.sealing import DataKey, place
from tenants.sql import statement

# A provider's clock may tick in seconds: at equal versions another content still counts as news.
KEEP = statement("""
INSERT INTO source_records (
    tenant_id, connection_id, stream, external_id, version, digest, sealed_payload, deleted, subject_id, received_at
)
SELECT :tenant_id!uuid, :connection_id!uuid, :stream!text, r.external_id, r.version, r.digest, r.sealed_payload,
       r.deleted, r.subject_id, :now!instant
FROM unnest(
    :external_ids!texts, :versions!instants, :digests!byteas, :payloads!byteas, :deletions!booleans, :subjects!uuids
) AS r (external_id, version, digest, sealed_payload, deleted, subject_id)
ON CONFLICT (tenant_id, connection_id, stream, external_id) DO UPDATE SET
    version = excluded.version, digest = excluded.digest, sealed_payload = excluded.sealed_payload,
    deleted = excluded.deleted, subject_id = excluded.subject_id, received_at = excluded.received_at
WHERE (excluded.version > source_records.version
    OR (excluded.version = source_records.version AND excluded.digest <> source_records.digest))
RETURNING external_id
""")

VERSIONS = statement("""
SELECT external_id, version, deleted FROM source_records
WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid AND stream = :stream!text
  AND external_id = ANY (:external_ids!texts)
""")


async def keep(
    session: AsyncSession,
    key: DataKey,
    *,
    tenant_id: UUID,
    connection_id: UUID,
    stream: str,
    items: Sequence[SourceItem],
    subjects: Mapping[str, UUID],
    now: datetime,
) -> list[SourceItem]:
    """Stores `items` of one stream and returns those that were news. `subjects`: whom an item is about, by its id."""
    newest = _newest(items)
    if not newest:
        return []
    ids = sorted(newest)
    rows = [newest[external_id] for external_id in ids]
    accepted = await session.execute(
        KEEP,
        {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "stream": stream,
            "external_ids": ids,
            "versions": [item.version for item in rows],
            "digests": [key.keyed_hash("digest", (item.payload or b"").decode()) for item in rows],
            "payloads": [_seal(key, tenant_id, connection_id, item) for item in rows],
            "deletions": [item.deleted for item in rows],
            "subjects": [subjects.get(external_id) for external_id in ids],
            "now": now,
        },
    )
    return [newest[external_id] for external_id in sorted(accepted.scalars())]


async def known_version(
    session: AsyncSession, *, tenant_id: UUID, connection_id: UUID, stream: str, external_id: str
) -> datetime | None:
    parameters = {
        "tenant_id": tenant_id,
        "connection_id": connection_id,
        "stream": stream,
        "external_ids": [external_id],
    }
    row = (await session.execute(VERSIONS, parameters)).one_or_none()
    return None if row is None else row.version


def unseal(
    key: DataKey, *, tenant_id: UUID, connection_id: UUID, stream: str, external_id: str, sealed: bytes
) -> bytes:
    return zlib.decompress(key.unseal(sealed, _place(tenant_id, connection_id, stream, external_id)))


def _newest(items: Sequence[SourceItem]) -> dict[str, SourceItem]:
    """One item an id: an upsert cannot touch a row twice, and a page may hold a record twice."""
    newest: dict[str, SourceItem] = {}
    for item in items:
        known = newest.get(item.external_id)
        if known is None or item.version >= known.version:
            newest[item.external_id] = item
    return newest


def _seal(key: DataKey, tenant_id: UUID, connection_id: UUID, item: SourceItem) -> bytes | None:
    if item.payload is None:
        return None
    where = _place(tenant_id, connection_id, item.stream, item.external_id)
    return key.seal(zlib.compress(item.payload, level=1), where)


def _place(tenant_id: UUID, connection_id: UUID, stream: str, external_id: str) -> bytes:
    return place(tenant_id, f"{connection_id}|{stream}|{external_id}", "source_records.sealed_payload")

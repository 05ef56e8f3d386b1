from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tenants.sql import statement

INBOX_COUNTS = statement("""
SELECT count(*) AS received,
       count(*) FILTER (WHERE status = 'PROCESSED') AS processed,
       count(*) FILTER (WHERE status = 'FAILED') AS failed,
       count(*) FILTER (WHERE status = 'RECEIVED') AS waiting,
       coalesce(sum(duplicates), 0)::bigint AS duplicates,
       count(*) FILTER (WHERE outcome = 'STALE') AS stale
FROM webhook_deliveries WHERE tenant_id = :tenant_id!uuid AND connection_id = :connection_id!uuid
""")


async def inbox_counts(session: AsyncSession, *, tenant_id: UUID, connection_id: UUID) -> dict[str, int]:
    row = (await session.execute(INBOX_COUNTS, {"tenant_id": tenant_id, "connection_id": connection_id})).one()
    return dict(row._mapping)

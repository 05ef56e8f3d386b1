from collections.abc import Awaitable, Mapping, Sequence
from functools import cache
from typing import Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.connections.models import SyncRun
from tenants.sql import statement

INBOX_COUNTS = statement("""
SELECT connection_id, count(*) AS received,
       count(*) FILTER (WHERE status = 'PROCESSED') AS processed,
       count(*) FILTER (WHERE status = 'FAILED') AS failed,
       count(*) FILTER (WHERE status = 'RECEIVED') AS waiting,
       coalesce(sum(duplicates), 0)::bigint AS duplicates,
       count(*) FILTER (WHERE outcome = 'STALE') AS stale
FROM webhook_deliveries
WHERE tenant_id = :tenant_id!uuid AND connection_id = ANY (:connection_ids!uuids)
GROUP BY connection_id
""")
COUNTED = ("received", "processed", "failed", "waiting", "duplicates", "stale")


class NewestRuns(Protocol):
    def __call__(
        self, session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]
    ) -> Awaitable[Mapping[UUID, list[SyncRun]]]: ...


async def inbox_counts(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Of every connection asked for: noughts where nothing was ever received."""
    rows = await session.execute(INBOX_COUNTS, {"tenant_id": tenant_id, "connection_ids": list(ids)})
    found = {row.connection_id: {name: getattr(row, name) for name in COUNTED} for row in rows}
    return {each: found.get(each, dict.fromkeys(COUNTED, 0)) for each in ids}


@cache
def newest_runs(limit: int) -> NewestRuns:
    """A read of so many passes of each connection, newest first. The same read for the same number."""

    async def read(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[SyncRun]]:
        place = func.row_number().over(partition_by=SyncRun.connection_id, order_by=SyncRun.created_at.desc())
        numbered = (
            select(SyncRun, place.label("place"))
            .where(SyncRun.tenant_id == tenant_id, SyncRun.connection_id.in_(ids))
            .subquery()
        )
        run = aliased(SyncRun, numbered)
        query = select(run).where(numbered.c.place <= limit).order_by(run.connection_id, numbered.c.place)
        found: dict[UUID, list[SyncRun]] = {each: [] for each in ids}
        for row in (await session.execute(query)).scalars():
            found[row.connection_id].append(row)
        return found

    return read

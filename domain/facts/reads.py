from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.facts.models import RecomputeRun


async def recompute_runs(session: AsyncSession, *, tenant_id: UUID, limit: int) -> Sequence[RecomputeRun]:
    """Newest first."""
    query = (
        select(RecomputeRun).where(RecomputeRun.tenant_id == tenant_id).order_by(RecomputeRun.id.desc()).limit(limit)
    )
    return (await session.execute(query)).scalars().all()

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.objectives.models import Objective
from domain.paging import live_page


async def page(session: AsyncSession, *, tenant_id: UUID, after: UUID | None, limit: int) -> Sequence[Objective]:
    """Live ones in the order they were made."""
    return (await session.execute(live_page(Objective, tenant_id, after, limit))).scalars().all()

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.initiatives.models import Initiative
from domain.paging import live_page


async def page(session: AsyncSession, *, tenant_id: UUID, after: UUID | None, limit: int) -> Sequence[Initiative]:
    """Live ones in the order they were made."""
    return (await session.execute(live_page(Initiative, tenant_id, after, limit))).scalars().all()

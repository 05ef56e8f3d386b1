"""Pages of what a tenant has. Ids are ordered by time, so a page goes on after an id."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.tables import TenantEntity

E = TypeVar("E", bound=TenantEntity)
E_co = TypeVar("E_co", bound=TenantEntity, covariant=True)


class RowsById(Protocol[E_co]):
    def __call__(
        self, session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]
    ) -> Awaitable[Mapping[UUID, E_co]]: ...


def rows_by_id(entity: type[E]) -> RowsById[E]:
    """A read of many of one tenant's by their ids, archived ones too."""
    model: Any = entity

    async def read(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, E]:
        query = select(model).where(model.tenant_id == tenant_id, model.id.in_(ids))
        return {row.id: row for row in (await session.execute(query)).scalars()}

    return read


def live_page(entity: type[E], tenant_id: UUID, after: UUID | None, limit: int) -> Select[E]:
    """What is not archived, in the order it was made."""
    model: Any = entity
    query = select(model).where(model.tenant_id == tenant_id, model.archived_at.is_(None))
    if after is not None:
        query = query.where(model.id > after)
    return query.order_by(model.id).limit(limit)

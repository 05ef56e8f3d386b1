"""Pages of what a tenant has. Ids are ordered by time, so a page goes on after an id."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from tenants.tables import TenantEntity

E = TypeVar("E", bound=TenantEntity)


def live_page(entity: type[E], tenant_id: UUID, after: UUID | None, limit: int) -> Select[E]:
    """What is not archived, in the order it was made."""
    model: Any = entity
    query = select(model).where(model.tenant_id == tenant_id, model.archived_at.is_(None))
    if after is not None:
        query = query.where(model.id > after)
    return query.order_by(model.id).limit(limit)

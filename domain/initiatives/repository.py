from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.initiatives.models import Initiative, InitiativeLink
from tenants.errors import NotFound


async def get_initiative(
    session: AsyncSession, *, tenant_id: UUID, initiative_id: UUID, field: str = "initiativeId"
) -> Initiative:
    initiative = await session.get(Initiative, (tenant_id, initiative_id))
    if initiative is None:
        raise NotFound(field=(field,))
    return initiative


async def get_link(session: AsyncSession, *, tenant_id: UUID, link_id: UUID) -> tuple[InitiativeLink, Initiative]:
    link = await session.get(InitiativeLink, (tenant_id, link_id))
    if link is None:
        raise NotFound(field=("linkId",))
    return link, await get_initiative(session, tenant_id=tenant_id, initiative_id=link.initiative_id)


async def list_links_of_objectives(
    session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[tuple[InitiativeLink, Initiative]]]:
    query = _links(tenant_id).where(InitiativeLink.objective_id.in_(ids))
    found: dict[UUID, list[tuple[InitiativeLink, Initiative]]] = {each: [] for each in ids}
    for link, initiative in await session.execute(query):
        found[link.objective_id].append((link, initiative))
    return found


async def list_links_of_initiatives(
    session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[InitiativeLink]]:
    query = _links(tenant_id).where(InitiativeLink.initiative_id.in_(ids))
    found: dict[UUID, list[InitiativeLink]] = {each: [] for each in ids}
    for link, initiative in await session.execute(query):
        found[initiative.id].append(link)
    return found


def _links(tenant_id: UUID) -> Select[InitiativeLink, Initiative]:
    return (
        select(InitiativeLink, Initiative)
        .join(
            Initiative,
            (Initiative.tenant_id == InitiativeLink.tenant_id) & (Initiative.id == InitiativeLink.initiative_id),
        )
        .where(
            InitiativeLink.tenant_id == tenant_id, Initiative.tenant_id == tenant_id, Initiative.archived_at.is_(None)
        )
        .order_by(InitiativeLink.id)
    )

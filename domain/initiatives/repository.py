from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.initiatives.models import Initiative, InitiativeLink
from domain.reading import Read, columns, grouped, live_pages
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


pages = live_pages(Initiative)


def _links(end: str) -> Read[list[InitiativeLink]]:
    return grouped(
        f"""
        SELECT {columns(InitiativeLink)}
        FROM initiative_links e JOIN initiatives i ON i.tenant_id = e.tenant_id AND i.id = e.initiative_id
        WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND i.tenant_id = ANY (:tenant_ids)
          AND e.{end} = ANY (:ids!uuids) AND i.archived_at IS NULL
        ORDER BY e.id
        """,
        by=end,
    )


list_links_of_objectives = _links("objective_id")
list_links_of_initiatives = _links("initiative_id")
"""Links of live initiatives, in the order they were made."""

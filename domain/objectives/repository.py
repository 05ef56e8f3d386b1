from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.models import Kpi
from domain.objectives.models import Objective
from domain.reading import LIVE, Read, columns, grouped, live_pages
from tenants.errors import NotFound


async def get_objective(
    session: AsyncSession, *, tenant_id: UUID, objective_id: UUID, field: str = "objectiveId"
) -> Objective:
    objective = await session.get(Objective, (tenant_id, objective_id))
    if objective is None:
        raise NotFound(field=(field,))
    return objective


pages = live_pages(Objective)

list_kpis_of: Read[list[Kpi]] = grouped(
    f"""
    SELECT {columns(Kpi)}, l.objective_id
    FROM objective_kpis l JOIN kpis e ON e.tenant_id = l.tenant_id AND e.id = l.kpi_id
    WHERE l.tenant_id = ANY (:tenant_ids!uuids) AND e.tenant_id = ANY (:tenant_ids)
      AND l.objective_id = ANY (:ids!uuids) AND {LIVE}
    ORDER BY e.id
    """,
    by="objective_id",
)
"""Live KPIs, in the order they were adopted."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.models import Kpi
from domain.objectives.models import Objective, ObjectiveKpi
from tenants.errors import NotFound


async def get_objective(
    session: AsyncSession, *, tenant_id: UUID, objective_id: UUID, field: str = "objectiveId"
) -> Objective:
    objective = await session.get(Objective, (tenant_id, objective_id))
    if objective is None:
        raise NotFound(field=(field,))
    return objective


async def list_kpis_of(session: AsyncSession, *, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[Kpi]]:
    """Live KPIs, in the order they were adopted."""
    query = (
        select(ObjectiveKpi.objective_id, Kpi)
        .join(Kpi, (Kpi.tenant_id == ObjectiveKpi.tenant_id) & (Kpi.id == ObjectiveKpi.kpi_id))
        .where(
            ObjectiveKpi.tenant_id == tenant_id,
            Kpi.tenant_id == tenant_id,
            ObjectiveKpi.objective_id.in_(ids),
            Kpi.archived_at.is_(None),
        )
        .order_by(ObjectiveKpi.objective_id, Kpi.id)
    )
    found: dict[UUID, list[Kpi]] = {objective_id: [] for objective_id in ids}
    for objective_id, kpi in await session.execute(query):
        found[objective_id].append(kpi)
    return found

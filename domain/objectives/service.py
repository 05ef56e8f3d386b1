"""Objectives and the KPIs that are their evidence."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import fields
from domain.errors import AlreadyLinked
from domain.kpis.repository import get_kpi
from domain.objectives.models import Objective, ObjectiveKpi
from domain.objectives.repository import get_objective
from tenants.access.actor import Actor
from tenants.errors import AlreadyArchived, InvalidInput


async def create_objective(
    session: AsyncSession,
    actor: Actor,
    *,
    tenant_id: UUID,
    title: str,
    description: str | None,
    starts_on: date,
    due_on: date,
    parent_id: UUID | None,
    now: datetime,
) -> Objective:
    fields.in_order(starts_on, due_on, "startsOn", "dueOn")
    if parent_id is not None:
        parent = await get_objective(session, tenant_id=tenant_id, objective_id=parent_id, field="parentId")
        if parent.archived_at is not None:
            raise AlreadyArchived("parentId")
    objective = Objective(
        tenant_id=tenant_id,
        title=fields.title(title, "title"),
        description=fields.words(description, "description", most=4000, required=False),
        owner_id=actor.person_id,
        parent_id=parent_id,
        starts_on=starts_on,
        due_on=due_on,
        updated_at=now,
    )
    session.add(objective)
    await session.flush()
    return objective


@dataclass(frozen=True)
class ObjectiveChange:
    """What an objective shall say."""

    title: str
    description: str | None
    due_on: date
    parent_id: UUID | None


async def change_objective(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, objective_id: UUID, change: ObjectiveChange, now: datetime
) -> Objective:
    objective = await get_objective(session, tenant_id=tenant_id, objective_id=objective_id)
    if objective.archived_at is not None:
        raise AlreadyArchived("objectiveId")
    fields.in_order(objective.starts_on, change.due_on, "startsOn", "dueOn")
    objective.title = fields.title(change.title, "title")
    objective.description = fields.words(change.description, "description", most=4000, required=False)
    objective.due_on, objective.updated_at = change.due_on, now
    if change.parent_id != objective.parent_id:
        await _check_parent(session, objective, change.parent_id)
        objective.parent_id = change.parent_id
    await session.flush()
    return objective


async def _check_parent(session: AsyncSession, objective: Objective, parent_id: UUID | None) -> None:
    """That it is live, and not the objective itself or below it."""
    above, field = parent_id, "parentId"
    while above is not None:
        if above == objective.id:
            raise InvalidInput("An objective cannot belong under itself.", field=(field,), code="PARENT_BELOW")
        parent = await get_objective(session, tenant_id=objective.tenant_id, objective_id=above, field=field)
        if above == parent_id and parent.archived_at is not None:
            raise AlreadyArchived(field)
        above = parent.parent_id


async def link_kpi(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, objective_id: UUID, kpi_id: UUID, now: datetime
) -> Objective:
    """Raises AlreadyLinked."""
    objective = await get_objective(session, tenant_id=tenant_id, objective_id=objective_id)
    kpi = await get_kpi(session, tenant_id=tenant_id, kpi_id=kpi_id)
    if objective.archived_at is not None:
        raise AlreadyArchived("objectiveId")
    if kpi.archived_at is not None:
        raise AlreadyArchived("kpiId")
    if await session.get(ObjectiveKpi, (tenant_id, objective_id, kpi_id)) is not None:
        raise AlreadyLinked(field=("kpiId",))
    session.add(ObjectiveKpi(tenant_id=tenant_id, objective_id=objective_id, kpi_id=kpi_id, created_at=now))
    await session.flush()
    return objective


async def archive_objective(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, objective_id: UUID, now: datetime
) -> Objective:
    objective = await get_objective(session, tenant_id=tenant_id, objective_id=objective_id)
    if objective.archived_at is not None:
        raise AlreadyArchived("objectiveId")
    objective.archived_at = objective.updated_at = now
    await session.flush()
    return objective

"""Automations and why they should matter."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import fields
from domain.errors import AlreadyLinked
from domain.initiatives.models import Initiative, InitiativeLink
from domain.initiatives.repository import get_initiative
from domain.kpis.repository import get_kpi
from domain.objectives.repository import get_objective
from tenants.access.actor import Actor
from tenants.errors import AlreadyArchived


@dataclass(frozen=True)
class NewInitiative:
    name: str
    kind: str
    tool: str | None = None
    process_key: str | None = None
    ai_powered: bool = False
    go_live_on: date | None = None


@dataclass(frozen=True)
class ExpectedBenefit:
    """`change` is relative: 0.15 is 15 % more."""

    kpi_id: UUID | None = None
    change: Decimal | None = None
    by: date | None = None
    hypothesis: str | None = None


async def create_initiative(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, initiative: NewInitiative, now: datetime
) -> Initiative:
    fields.plausible(initiative.go_live_on, "goLiveOn")
    row = Initiative(
        tenant_id=tenant_id,
        name=fields.title(initiative.name, "name"),
        kind=initiative.kind,
        tool=fields.words(initiative.tool, "tool", most=200, required=False),
        process_key=fields.words(initiative.process_key, "processKey", most=100, required=False),
        ai_powered=initiative.ai_powered,
        owner_id=actor.person_id,
        go_live_on=initiative.go_live_on,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def link_initiative(
    session: AsyncSession,
    actor: Actor,
    *,
    tenant_id: UUID,
    initiative_id: UUID,
    objective_id: UUID,
    benefit: ExpectedBenefit,
) -> InitiativeLink:
    """Raises AlreadyLinked for the same initiative, objective and KPI."""
    initiative = await get_initiative(session, tenant_id=tenant_id, initiative_id=initiative_id)
    objective = await get_objective(session, tenant_id=tenant_id, objective_id=objective_id)
    if initiative.archived_at is not None:
        raise AlreadyArchived("initiativeId")
    if objective.archived_at is not None:
        raise AlreadyArchived("objectiveId")
    if benefit.kpi_id is not None:
        kpi = await get_kpi(session, tenant_id=tenant_id, kpi_id=benefit.kpi_id)
        if kpi.archived_at is not None:
            raise AlreadyArchived("kpiId")
    fields.finite(benefit.change, "expectedChange")
    fields.plausible(benefit.by, "expectedBy")
    await _refuse_second_link(session, tenant_id, initiative_id, objective_id, benefit.kpi_id)
    link = InitiativeLink(
        tenant_id=tenant_id,
        initiative_id=initiative_id,
        objective_id=objective_id,
        kpi_id=benefit.kpi_id,
        expected_change=benefit.change,
        expected_by=benefit.by,
        hypothesis=fields.words(benefit.hypothesis, "hypothesis", most=2000, required=False),
    )
    session.add(link)
    await session.flush()
    return link


async def archive_initiative(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, initiative_id: UUID, now: datetime
) -> Initiative:
    initiative = await get_initiative(session, tenant_id=tenant_id, initiative_id=initiative_id)
    if initiative.archived_at is not None:
        raise AlreadyArchived("initiativeId")
    initiative.archived_at = initiative.updated_at = now
    await session.flush()
    return initiative


async def _refuse_second_link(
    session: AsyncSession, tenant_id: UUID, initiative_id: UUID, objective_id: UUID, kpi_id: UUID | None
) -> None:
    query = select(InitiativeLink.id).where(
        InitiativeLink.tenant_id == tenant_id,
        InitiativeLink.initiative_id == initiative_id,
        InitiativeLink.objective_id == objective_id,
        InitiativeLink.kpi_id.is_not_distinct_from(kpi_id),
    )
    if (await session.execute(query)).first() is not None:
        raise AlreadyLinked(field=("objectiveId",))

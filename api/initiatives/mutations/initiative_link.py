import datetime as dt
from decimal import Decimal

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.initiatives.types import InitiativeLink
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.initiatives.service import ExpectedBenefit, link_initiative
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class InitiativeLinkInput(KeyedInput):
    initiative_id: strawberry.ID
    objective_id: strawberry.ID
    kpi_id: strawberry.ID | None = None
    expected_change: Decimal | None = strawberry.field(default=None, description="Relative: 0.15 is 15 % more.")
    expected_by: dt.date | None = None
    hypothesis: str | None = None


@strawberry.type
class InitiativeLinkPayload(Payload):
    @strawberry.field(description="The line of sight.")
    async def link(self, info: Info) -> InitiativeLink | None:
        return await made(info, self.subject, InitiativeLink)


@mutation(
    InitiativeLinkPayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="initiative_id",
    description="Say which objective an automation should move, and by how much.",
)
async def initiative_link(unit: Unit, info: Info, input: InitiativeLinkInput) -> Done:
    benefit = ExpectedBenefit(
        kpi_id=None if input.kpi_id is None else within(unit, Kind.KPI, input.kpi_id, "kpiId"),
        change=input.expected_change,
        by=input.expected_by,
        hypothesis=input.hypothesis,
    )
    row = await link_initiative(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        initiative_id=within(unit, Kind.INITIATIVE, input.initiative_id, "initiativeId"),
        objective_id=within(unit, Kind.OBJECTIVE, input.objective_id, "objectiveId"),
        benefit=benefit,
    )
    return Done(encode(Kind.INITIATIVE_LINK, row.tenant_id, row.id))

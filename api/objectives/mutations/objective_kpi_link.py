import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from api.objectives.types import Objective
from domain.objectives.service import link_kpi
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class ObjectiveKpiLinkInput(KeyedInput):
    objective_id: strawberry.ID
    kpi_id: strawberry.ID


@strawberry.type
class ObjectiveKpiLinkPayload(Payload):
    @strawberry.field(description="With its new evidence.")
    async def objective(self, info: Info) -> Objective | None:
        return await made(info, self.subject, Objective)


@mutation(
    ObjectiveKpiLinkPayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="objective_id",
    description="Name a KPI as evidence for an objective.",
)
async def objective_kpi_link(unit: Unit, info: Info, input: ObjectiveKpiLinkInput) -> Done:
    row = await link_kpi(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        objective_id=within(unit, Kind.OBJECTIVE, input.objective_id, "objectiveId"),
        kpi_id=within(unit, Kind.KPI, input.kpi_id, "kpiId"),
        now=unit.now,
    )
    return Done(encode(Kind.OBJECTIVE, row.tenant_id, row.id))

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from api.objectives.types import Objective
from domain.objectives.service import archive_objective
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class ObjectiveArchiveInput(KeyedInput):
    objective_id: strawberry.ID


@strawberry.type
class ObjectiveArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def objective(self, info: Info) -> Objective | None:
        return await made(info, self.subject, Objective)


@mutation(
    ObjectiveArchivePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="objective_id",
    description="Put an objective away. It stays readable by its id.",
)
async def objective_archive(unit: Unit, info: Info, input: ObjectiveArchiveInput) -> Done:
    row = await archive_objective(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        objective_id=within(unit, Kind.OBJECTIVE, input.objective_id, "objectiveId"),
        now=unit.now,
    )
    return Done(encode(Kind.OBJECTIVE, row.tenant_id, row.id))

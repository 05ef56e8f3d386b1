import datetime as dt

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from api.objectives.types import Objective
from domain.objectives.service import create_objective
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class ObjectiveCreateInput(KeyedInput):
    tenant_id: strawberry.ID
    title: str
    starts_on: dt.date
    due_on: dt.date
    description: str | None = None
    parent_id: strawberry.ID | None = None


@strawberry.type
class ObjectiveCreatePayload(Payload):
    @strawberry.field(description="What was made.")
    async def objective(self, info: Info) -> Objective | None:
        return await made(info, self.subject, Objective)


@mutation(
    ObjectiveCreatePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="tenant_id",
    description="Say what the business wants, and by when.",
)
async def objective_create(unit: Unit, info: Info, input: ObjectiveCreateInput) -> Done:
    parent = None if input.parent_id is None else within(unit, Kind.OBJECTIVE, input.parent_id, "parentId")
    row = await create_objective(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        title=input.title,
        description=input.description,
        starts_on=input.starts_on,
        due_on=input.due_on,
        parent_id=parent,
        now=unit.now,
    )
    return Done(encode(Kind.OBJECTIVE, row.tenant_id, row.id))

import datetime as dt

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.initiatives.types import Initiative, InitiativeKind
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from domain.initiatives.service import NewInitiative, create_initiative
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class InitiativeCreateInput(KeyedInput):
    tenant_id: strawberry.ID
    name: str
    kind: InitiativeKind
    tool: str | None = None
    process_key: str | None = None
    ai_powered: bool = False
    go_live_on: dt.date | None = None


@strawberry.type
class InitiativeCreatePayload(Payload):
    @strawberry.field(description="What was made.")
    async def initiative(self, info: Info) -> Initiative | None:
        return await made(info, self.subject, Initiative)


@mutation(
    InitiativeCreatePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="tenant_id",
    description="Enter an automation, planned or running.",
)
async def initiative_create(unit: Unit, info: Info, input: InitiativeCreateInput) -> Done:
    initiative = NewInitiative(
        name=input.name,
        kind=input.kind.value,
        tool=input.tool,
        process_key=input.process_key,
        ai_powered=input.ai_powered,
        go_live_on=input.go_live_on,
    )
    row = await create_initiative(
        unit.session, unit.actor, tenant_id=unit.tenant_id, initiative=initiative, now=unit.now
    )
    return Done(encode(Kind.INITIATIVE, row.tenant_id, row.id))

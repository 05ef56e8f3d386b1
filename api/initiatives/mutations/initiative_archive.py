import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.initiatives.types import Initiative
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.initiatives.service import archive_initiative
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class InitiativeArchiveInput(KeyedInput):
    initiative_id: strawberry.ID


@strawberry.type
class InitiativeArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def initiative(self, info: Info) -> Initiative | None:
        return await made(info, self.subject, Initiative)


@mutation(
    InitiativeArchivePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="initiative_id",
    description="Put an automation away.",
)
async def initiative_archive(unit: Unit, info: Info, input: InitiativeArchiveInput) -> Done:
    row = await archive_initiative(
        unit.session,
        unit.actor,
        tenant_id=unit.tenant_id,
        initiative_id=within(unit, Kind.INITIATIVE, input.initiative_id, "initiativeId"),
        now=unit.now,
    )
    return Done(encode(Kind.INITIATIVE, row.tenant_id, row.id))

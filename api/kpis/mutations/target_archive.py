import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.kpis.targets import Target
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from domain.kpis.service import archive_target
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class TargetArchiveInput(KeyedInput):
    target_id: strawberry.ID


@strawberry.type
class TargetArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def target(self, info: Info) -> Target | None:
        return await made(info, self.subject, Target)


@mutation(
    TargetArchivePayload,
    scope=ApiScope.WRITE_KPIS,
    tenant="target_id",
    description="Put a target away.",
)
async def target_archive(unit: Unit, info: Info, input: TargetArchiveInput) -> Done:
    target_id = within(unit, Kind.TARGET, input.target_id, "targetId")
    row = await archive_target(unit.session, unit.actor, tenant_id=unit.tenant_id, target_id=target_id, now=unit.now)
    return Done(encode(Kind.TARGET, row.tenant_id, row.id))

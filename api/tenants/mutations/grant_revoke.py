import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, within
from api.tenants.grants import Grant
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.grants import revoke_grant


@strawberry.input
class GrantRevokeInput(KeyedInput):
    grant_id: strawberry.ID


@strawberry.type
class GrantRevokePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def grant(self, info: Info) -> Grant | None:
        return await made(info, self.subject, Grant)


@mutation(
    GrantRevokePayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant="grant_id",
    description="End a grant at once, with what was passed on by it. The owner ends any, others what they gave.",
)
async def grant_revoke(unit: Unit, info: Info, input: GrantRevokeInput) -> Done:
    grant_id = within(unit, Kind.GRANT, input.grant_id, "grantId")
    row = await revoke_grant(unit.session, unit.actor, tenant_id=unit.tenant_id, grant_id=grant_id, now=unit.now)
    return Done(encode(Kind.GRANT, row.tenant_id, row.id))

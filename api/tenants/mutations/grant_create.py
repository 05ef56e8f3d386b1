import datetime as dt

import strawberry

from api.context import Info
from api.ids import Kind, decode_as, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.tenants.grants import Grant
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.grants import GrantRole, NewGrant, create_grant


@strawberry.input
class GrantCreateInput(KeyedInput):
    tenant_id: strawberry.ID
    organization_id: strawberry.ID = strawberry.field(
        description="To whom. Every organization finds its own id in viewer { organization { id } }."
    )
    role: GrantRole
    scopes: list[ApiScope] = strawberry.field(description="Within the role, and none that your own token lacks.")
    expires_at: dt.datetime | None = strawberry.field(
        default=None, description="By default it lasts until somebody ends it."
    )


@strawberry.type
class GrantCreatePayload(Payload):
    @strawberry.field(description="What was given.")
    async def grant(self, info: Info) -> Grant | None:
        return await made(info, self.subject, Grant)


@mutation(
    GrantCreatePayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant="tenant_id",
    description="Open a tenant to an organization. Who manages it gives on what it has itself.",
)
async def grant_create(unit: Unit, info: Info, input: GrantCreateInput) -> Done:
    grant = NewGrant(
        organization_id=decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id,
        role=input.role,
        scopes=input.scopes,
        expires_at=input.expires_at,
    )
    row = await create_grant(unit.session, unit.actor, tenant_id=unit.tenant_id, grant=grant, now=unit.now)
    return Done(encode(Kind.GRANT, row.tenant_id, row.id))

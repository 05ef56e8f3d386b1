import datetime as dt

import strawberry

from api.bulk.asking import JobPayload, ask_for_job
from api.context import Info
from api.ids import Kind, decode_as
from api.mutation import KeyedInput, mutation
from api.tenants import grants  # noqa: F401
from tenants.access.actor import ApiScope
from tenants.access.organizations import check_is_live_team
from tenants.bulk.kinds import BulkKind
from tenants.gate import Done, Unit
from tenants.registry.grants import GrantRole, NewGrant, check_grant


@strawberry.input
class ClientsAssignInput(KeyedInput):
    organization_id: strawberry.ID = strawberry.field(description="A team of your agency.")
    tenant_ids: list[strawberry.ID] = strawberry.field(description="A thousand at most, each once.")
    role: GrantRole
    scopes: list[ApiScope] = strawberry.field(description="Within the role, and none that your own token lacks.")
    expires_at: dt.datetime | None = strawberry.field(
        default=None, description="By default it lasts until somebody ends it."
    )


@strawberry.type
class ClientsAssignPayload(JobPayload):
    pass


@mutation(
    ClientsAssignPayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant=None,
    description="Open many tenants to a team of your agency, as `grantCreate` does one. The job has a result for each.",
)
async def clients_assign(unit: Unit, info: Info, input: ClientsAssignInput) -> Done:
    team = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    await check_is_live_team(unit.session, unit.actor, team, field="organizationId")
    check_grant(unit.actor, NewGrant(team, input.role, input.scopes, input.expires_at), now=unit.now)
    return await ask_for_job(unit, info, BulkKind.CLIENTS_ASSIGN, input, input.tenant_ids)

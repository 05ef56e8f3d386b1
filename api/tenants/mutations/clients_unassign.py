import strawberry

from api.bulk.asking import JobPayload, ask_for_job
from api.context import Info
from api.ids import Kind, decode_as
from api.mutation import KeyedInput, mutation
from tenants.access.actor import ApiScope
from tenants.access.organizations import check_is_under
from tenants.bulk.kinds import BulkKind
from tenants.gate import Done, Unit


@strawberry.input
class ClientsUnassignInput(KeyedInput):
    organization_id: strawberry.ID = strawberry.field(description="A team of your agency.")
    tenant_ids: list[strawberry.ID] = strawberry.field(description="A thousand at most, each once.")


@strawberry.type
class ClientsUnassignPayload(JobPayload):
    pass


@mutation(
    ClientsUnassignPayload,
    scope=ApiScope.MANAGE_TENANTS,
    tenant=None,
    description="End what your agency gave a team on tenants, as `grantRevoke` does. The job has a result for each.",
)
async def clients_unassign(unit: Unit, info: Info, input: ClientsUnassignInput) -> Done:
    team = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    await check_is_under(unit.session, unit.actor, team, field=("organizationId",))
    return await ask_for_job(unit, info, BulkKind.CLIENTS_UNASSIGN, input, input.tenant_ids)

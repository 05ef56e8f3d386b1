import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.mutation import KeyedInput, Payload, mutation
from tenants.access.actor import ApiScope
from tenants.access.members import leave
from tenants.errors import NotFound
from tenants.gate import Done, Unit


@strawberry.input
class OrganizationLeaveInput(KeyedInput):
    organization_id: strawberry.ID = strawberry.field(
        description="The one this token acts for: it is named so that nobody leaves another by mistake."
    )


@strawberry.type
class OrganizationLeavePayload(Payload):
    @strawberry.field(description="To which you do not belong any more.")
    def organization_id(self) -> strawberry.ID | None:
        return None if self.subject is None else strawberry.ID(self.subject.gid)


@mutation(
    OrganizationLeavePayload,
    scope=ApiScope.MANAGE_ACCOUNT,
    tenant=None,
    description="Leave an organization: nothing acts for you there after a minute. Its last owner stays.",
)
async def organization_leave(unit: Unit, info: Info, input: OrganizationLeaveInput) -> Done:
    named = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    if named != unit.actor.organization_id:
        raise NotFound(field=("organizationId",))
    await leave(unit.session, unit.actor)
    return Done(input.organization_id)

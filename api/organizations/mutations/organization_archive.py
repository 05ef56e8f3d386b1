import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.organizations.types import Organization
from tenants.access.actor import ApiScope
from tenants.access.organizations import archive_team
from tenants.gate import Done, Unit
from tenants.registry.grants import check_holds_nothing


@strawberry.input
class OrganizationArchiveInput(KeyedInput):
    organization_id: strawberry.ID = strawberry.field(description="A team of yours that holds no grant any more.")


@strawberry.type
class OrganizationArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def organization(self, info: Info) -> Organization | None:
        return await made(info, self.subject, Organization)


@mutation(
    OrganizationArchivePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Put a team of your agency away: nobody acts for it after a minute. Pass its clients on before.",
)
async def organization_archive(unit: Unit, info: Info, input: OrganizationArchiveInput) -> Done:
    organization_id = decode_as(Kind.ORGANIZATION, input.organization_id, field=("organizationId",)).id
    await archive_team(unit.session, unit.actor, organization_id=organization_id, now=unit.now)
    await check_holds_nothing(unit.session, unit.actor, organization_id=organization_id, now=unit.now)
    return Done(input.organization_id)

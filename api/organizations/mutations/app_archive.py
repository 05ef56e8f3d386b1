import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.apps import archive_app
from tenants.gate import Done, Unit


@strawberry.input
class AppArchiveInput(KeyedInput):
    app_id: strawberry.ID


@strawberry.type
class AppArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)


@mutation(
    AppArchivePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Put an app away: nobody signs in as it or to it any more, and its tokens end within the minute.",
)
async def app_archive(unit: Unit, info: Info, input: AppArchiveInput) -> Done:
    app_id = of_own(unit, Kind.APP, input.app_id, "appId")
    row = await archive_app(unit.session, unit.actor, app_id=app_id, now=unit.now)
    return Done(encode(Kind.APP, row.organization_id, row.id))

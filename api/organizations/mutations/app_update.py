import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.apps import update_app
from tenants.gate import Done, Unit


@strawberry.input(description="What is left out stays.")
class AppUpdateInput(KeyedInput):
    app_id: strawberry.ID
    name: str | None = None
    redirect_uris: list[str] | None = strawberry.field(
        default=None, description="All of them. Needs every scope of the app, for people are sent there."
    )
    scopes: list[ApiScope] | None = strawberry.field(
        default=None, description="All of them; none that your own token lacks. People are asked for new ones first."
    )
    persisted_only: bool | None = strawberry.field(
        default=None, description="Whether it is asked by no operations but those it has registered."
    )


@strawberry.type
class AppUpdatePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)


@mutation(
    AppUpdatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Change what an app is called, where it sends people back to, and what its tokens may do.",
)
async def app_update(unit: Unit, info: Info, input: AppUpdateInput) -> Done:
    row = await update_app(
        unit.session,
        unit.actor,
        app_id=of_own(unit, Kind.APP, input.app_id, "appId"),
        name=input.name,
        redirect_uris=input.redirect_uris,
        scopes=input.scopes,
        persisted_only=input.persisted_only,
    )
    return Done(encode(Kind.APP, row.organization_id, row.id))

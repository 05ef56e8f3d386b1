import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.app_keys import revoke_key
from tenants.gate import Done, Unit


@strawberry.input
class AppKeyRevokeInput(KeyedInput):
    app_id: strawberry.ID
    kid: str


@strawberry.type
class AppKeyRevokePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)


@mutation(
    AppKeyRevokePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Take a key from an app: nobody signs in with it any more. Access tokens that it brought end in time.",
)
async def app_key_revoke(unit: Unit, info: Info, input: AppKeyRevokeInput) -> Done:
    app_id = of_own(unit, Kind.APP, input.app_id, "appId")
    row = await revoke_key(unit.session, unit.actor, app_id=app_id, kid=input.kid, now=unit.now)
    return Done(encode(Kind.APP, row.organization_id, row.id))

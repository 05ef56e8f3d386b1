from datetime import timedelta

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.apps import rotate_secret
from tenants.gate import Done, Unit


@strawberry.input
class AppSecretRotateInput(KeyedInput):
    app_id: strawberry.ID
    overlap_seconds: int = strawberry.field(
        default=86_400, description="How long the secrets there are go on working. 0 ends them at once."
    )


@strawberry.type
class AppSecretRotatePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)

    @strawberry.field(description="The new one. Shown once, and kept nowhere.")
    def client_secret(self) -> str | None:
        return self.secret


@mutation(
    AppSecretRotatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Give a confidential app a new secret. The others work on for the time of the overlap.",
)
async def app_secret_rotate(unit: Unit, info: Info, input: AppSecretRotateInput) -> Done:
    row, secret = await rotate_secret(
        unit.session,
        unit.actor,
        app_id=of_own(unit, Kind.APP, input.app_id, "appId"),
        overlap=timedelta(seconds=input.overlap_seconds),
        now=unit.now,
    )
    return Done(encode(Kind.APP, row.organization_id, row.id), secret=secret)

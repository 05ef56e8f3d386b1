from datetime import timedelta

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.app_keys import create_key
from tenants.gate import Done, Unit


@strawberry.input
class AppKeyAddInput(KeyedInput):
    app_id: strawberry.ID
    jwk: str = strawberry.field(
        description="A public key as JSON (RFC 7517), for ES256, Ed25519, PS256 or RS256. Never the private one."
    )
    secret_overlap_seconds: int | None = strawberry.field(
        default=None,
        description="How long the app's secrets go on working. 0 ends them at once; left out, they stay.",
    )


@strawberry.type
class AppKeyAddPayload(Payload):
    @strawberry.field(description="As it is now.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)


@mutation(
    AppKeyAddPayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Let a confidential app sign in by private_key_jwt with one more key.",
)
async def app_key_add(unit: Unit, info: Info, input: AppKeyAddInput) -> Done:
    overlap = input.secret_overlap_seconds
    row = await create_key(
        unit.session,
        unit.actor,
        app_id=of_own(unit, Kind.APP, input.app_id, "appId"),
        jwk=input.jwk,
        secret_overlap=None if overlap is None else timedelta(seconds=overlap),
        now=unit.now,
    )
    return Done(encode(Kind.APP, row.organization_id, row.id))

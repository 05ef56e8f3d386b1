import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from api.organizations.types import App
from tenants.access.actor import ApiScope
from tenants.access.apps import create_app
from tenants.access.kinds import AppKind, Audience
from tenants.gate import Done, Unit


@strawberry.input
class AppCreateInput(KeyedInput):
    name: str
    scopes: list[ApiScope] = strawberry.field(
        description="The most that its tokens may allow; none that your own token lacks."
    )
    kind: AppKind = AppKind.CONFIDENTIAL
    audience: Audience = strawberry.field(
        default=Audience.OWN_ORGANIZATION,
        description="Whose people sign in to it. Nobody manages an organization of theirs through another's app.",
    )
    redirect_uris: list[str] | None = strawberry.field(
        default=None, description="Where people are sent back to after they signed in. Compared to the letter."
    )
    jwks: str | None = strawberry.field(
        default=None,
        description="A JWK Set (RFC 7517) as JSON: public keys by which a confidential app signs in, without a secret.",
    )


@strawberry.type
class AppCreatePayload(Payload):
    @strawberry.field(description="What was registered.")
    async def app(self, info: Info) -> App | None:
        return await made(info, self.subject, App)

    @strawberry.field(description="Of a confidential app without keys. Shown once, and kept nowhere.")
    def client_secret(self) -> str | None:
        return self.secret


@mutation(
    AppCreatePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Register a client of this API for your organization.",
)
async def app_create(unit: Unit, info: Info, input: AppCreateInput) -> Done:
    row, secret = await create_app(
        unit.session,
        unit.actor,
        name=input.name,
        kind=input.kind,
        redirect_uris=input.redirect_uris or [],
        scopes=input.scopes,
        audience=input.audience,
        jwks=input.jwks,
    )
    return Done(encode(Kind.APP, row.organization_id, row.id), secret=secret)

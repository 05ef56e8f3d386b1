import strawberry

from api.connections.types import ConnectedAccount, Provider
from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation
from domain.connections.consent import start_connection
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit


@strawberry.input
class ConnectionStartInput(KeyedInput):
    tenant_id: strawberry.ID
    provider: Provider
    account: str = strawberry.field(description="For Shopify the shop's domain: example.myshopify.com")


@strawberry.type
class ConnectionStartPayload(Payload):
    @strawberry.field(description="The connection, waiting for its consent.")
    async def connection(self, info: Info) -> ConnectedAccount | None:
        return await made(info, self.subject, ConnectedAccount)

    @strawberry.field(description="Send the account's owner here. Shown once; it works for ten minutes.")
    def authorize_url(self) -> str | None:
        return self.secret


@mutation(
    ConnectionStartPayload,
    scope=ApiScope.WRITE_CONNECTIONS,
    tenant="tenant_id",
    description="Begin to connect a provider's account.",
)
async def connection_start(unit: Unit, info: Info, input: ConnectionStartInput) -> Done:
    started = await start_connection(
        unit.session,
        unit.actor,
        house=info.context.house,
        tenant_id=unit.tenant_id,
        provider_name=input.provider.value,
        account=input.account,
    )
    return Done(encode(Kind.CONNECTION, unit.tenant_id, started.connection_id), secret=started.authorize_url)

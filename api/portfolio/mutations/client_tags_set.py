import strawberry

from api.context import Info
from api.ids import Kind, decode_as
from api.mutation import KeyedInput, Payload, mutation
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.registry.clients import MOST_TAGS, TAG_LENGTH, set_tags, tags_of


@strawberry.input
class ClientTagsSetInput(KeyedInput):
    client_id: strawberry.ID = strawberry.field(description="A tenant your organization may read.")
    tags: list[str] = strawberry.field(
        description=f"Instead of those it has: at most {MOST_TAGS}, of 1 to {TAG_LENGTH} characters. No people's names."
    )


@strawberry.type
class ClientTagsSetPayload(Payload):
    @strawberry.field(description="As they are now, in the order of the alphabet.")
    async def tags(self, info: Info) -> list[str] | None:
        if self.subject is None:
            return None
        tenant_id, own = decode_as(Kind.TENANT, self.subject.gid).owner, info.context.actor.organization_id
        found = await info.context.reader.read(tags_of, [tenant_id], organization_id=own)
        return found.get(tenant_id, [])


@mutation(
    ClientTagsSetPayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Call a client by tags of your own, to find it again in the portfolio.",
)
async def client_tags_set(unit: Unit, info: Info, input: ClientTagsSetInput) -> Done:
    tenant_id = decode_as(Kind.TENANT, input.client_id, field=("clientId",)).owner
    await set_tags(unit.session, unit.actor, tenant_id=tenant_id, tags=input.tags, now=unit.now)
    return Done(input.client_id)

import strawberry

from api.context import Info
from api.ids import Kind, encode
from api.made import made
from api.mutation import KeyedInput, Payload, mutation, of_own
from api.organizations.persisted import PersistedOperationSet
from tenants.access.actor import ApiScope
from tenants.gate import Done, Unit
from tenants.persisted.service import archive_set


@strawberry.input
class PersistedOperationSetArchiveInput(KeyedInput):
    set_id: strawberry.ID


@strawberry.type
class PersistedOperationSetArchivePayload(Payload):
    @strawberry.field(description="As it is now.")
    async def set(self, info: Info) -> PersistedOperationSet | None:
        return await made(info, self.subject, PersistedOperationSet)


@mutation(
    PersistedOperationSetArchivePayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    description="Put a set away: within the minute its operations are known no more, but where another set has them.",
)
async def persisted_operation_set_archive(unit: Unit, info: Info, input: PersistedOperationSetArchiveInput) -> Done:
    set_id = of_own(unit, Kind.OPERATION_SET, input.set_id, "setId")
    row = await archive_set(unit.session, unit.actor, set_id=set_id, now=unit.now)
    return Done(encode(Kind.OPERATION_SET, row.organization_id, row.id))

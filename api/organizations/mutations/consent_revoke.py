import strawberry

from api.context import Info
from api.ids import Kind
from api.mutation import KeyedInput, Payload, mutation, of_oneself
from tenants.access.actor import ApiScope
from tenants.access.authorizations import take_back
from tenants.gate import Done, Unit


@strawberry.input
class ConsentRevokeInput(KeyedInput):
    consent_id: strawberry.ID


@strawberry.type
class ConsentRevokePayload(Payload):
    @strawberry.field(description="What is allowed no more.")
    def consent_id(self) -> strawberry.ID | None:
        return None if self.subject is None else strawberry.ID(self.subject.gid)


@mutation(
    ConsentRevokePayload,
    scope=ApiScope.MANAGE_ACCOUNT,
    tenant=None,
    description="Take back what you allowed an app: nothing of it is renewed, and its tokens end within the minute.",
)
async def consent_revoke(unit: Unit, info: Info, input: ConsentRevokeInput) -> Done:
    authorization_id = of_oneself(unit, Kind.CONSENT, input.consent_id, "consentId")
    await take_back(unit.session, unit.actor, authorization_id=authorization_id, now=unit.now)
    return Done(input.consent_id)

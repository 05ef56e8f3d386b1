"""The shape of every mutation's input, read from the schema, so that a new field is tested before anybody thinks of it.

`SAMPLES` has an input for each mutation that goes through; a mutation without one, or a sample without one of its
fields, fails.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_required_input_field,
)

from api.ids import Kind, encode, organization_gid
from api.schema import schema
from tenants.access.actor import ApiScope
from tests.factories.jobs import give_up_jobs
from tests.factories.keys import jwk_of, jwks_of, known_key, new_key
from tests.factories.organizations import REDIRECT, Machine, give_key, new_machine, new_operation_set, new_organization
from tests.factories.people import new_invitation, new_person
from tests.factories.templates import new_template
from tests.factories.tenants import give_grant, new_tenant
from tests.integration.api.world import Household, own_gids

Input = dict[str, Any]
Path = tuple[str, ...]

CORE: GraphQLSchema = schema._schema
KEY = "idempotencyKey"
LAST_DAY = "2100-01-01T00:00:00+00:00"
TOLD_BACK = ("clientMutationId",)
"""Neither stored nor looked at."""


@dataclass(frozen=True)
class Leaf:
    """A field of a mutation's input that is no object itself. `path` leaves out the places in lists."""

    mutation: str
    path: Path
    type: str
    required: bool

    @property
    def error_field(self) -> Path:
        return ("input", *self.path)

    def __str__(self) -> str:
        return f"{self.mutation}.{'.'.join(self.path)}"

    def put(self, input: Input, value: Any) -> Input:
        """Another input with this value, in the first element where lists are on the way."""
        changed = deepcopy(input)
        holder: Any = changed
        for name in self.path[:-1]:
            holder = holder[name]
            holder = holder[0] if isinstance(holder, list) else holder
        was = holder.get(self.path[-1])
        holder[self.path[-1]] = [value] if isinstance(was, list) else value
        return changed

    def get(self, input: Input) -> Any:
        found: Any = input
        for name in self.path:
            found = found[0] if isinstance(found, list) else found
            assert name in found, f"the sample of {self.mutation} needs {'.'.join(self.path)}"
            found = found[name]
        return found


def mutations() -> list[str]:
    assert CORE.mutation_type is not None
    return list(CORE.mutation_type.fields)


def leaves(*types: str) -> list[Leaf]:
    return [leaf for mutation in mutations() for leaf in _leaves(mutation) if leaf.type in types]


def enums() -> list[Leaf]:
    return [leaf for mutation in mutations() for leaf in _leaves(mutation) if is_enum_type(CORE.type_map[leaf.type])]


def _leaves(mutation: str) -> Iterator[Leaf]:
    assert CORE.mutation_type is not None
    yield from _inside(mutation, CORE.mutation_type.fields[mutation].args["input"].type, ())


def _inside(mutation: str, type_: GraphQLInputType, path: Path) -> Iterator[Leaf]:
    named = get_named_type(type_)
    assert isinstance(named, GraphQLInputObjectType)
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if is_input_object_type(inner):
            yield from _inside(mutation, field.type, (*path, name))
        else:
            yield Leaf(mutation, (*path, name), inner.name, is_required_input_field(field))


async def _tenant_create(home: Household) -> Input:
    return {
        "name": "Corner Bakery",
        "currency": "EUR",
        "timeZone": "Europe/Berlin",
        "fiscalYearStartMonth": 4,
        "industry": "RETAIL_BAKERY",
        "sizeBand": "1-9",
        "businessModel": "SHOP",
        "clockShiftDays": -3,
    }


async def _app_create(home: Household) -> Input:
    return {
        "name": "Board",
        "kind": "CONFIDENTIAL",
        "redirectUris": ["https://board.example/back"],
        "scopes": ["MANAGE_ORGANIZATION"],
        "audience": "ANY_ORGANIZATION",
        "jwks": jwks_of(known_key("ES256")),
    }


async def _app_secret_rotate(home: Household) -> Input:
    return {"appId": await _another_app(home), "overlapSeconds": 3600}


async def _app_key_add(home: Household) -> Input:
    return {"appId": await _another_app(home), "jwk": jwk_of(new_key()), "secretOverlapSeconds": 3600}


async def _app_key_revoke(home: Household) -> Input:
    machine = await _another_machine(home)
    kid = await give_key(home.planner.database, machine)
    return {"appId": encode(Kind.APP, machine.organization_id, machine.actor.app_id), "kid": kid}


async def _app_update(home: Household) -> Input:
    return {
        "appId": await _another_app(home),
        "name": "Board",
        "redirectUris": ["https://board.example/back"],
        "scopes": ["MANAGE_ORGANIZATION"],
        "persistedOnly": True,
    }


async def _app_archive(home: Household) -> Input:
    return {"appId": await _another_app(home)}


async def _persisted_operation_set_create(home: Household) -> Input:
    operation = {"name": "Viewer", "document": "{ viewer { clientId } }"}
    return {"appId": await _another_app(home), "operations": [operation], "persistedOnly": True}


async def _persisted_operation_set_archive(home: Household) -> Input:
    made = await new_operation_set(home.planner.database, home.machine.actor)
    return {"setId": encode(Kind.OPERATION_SET, home.machine.organization_id, made)}


async def _another_app(home: Household) -> str:
    machine = await _another_machine(home)
    return encode(Kind.APP, machine.organization_id, machine.actor.app_id)


async def _another_machine(home: Household) -> Machine:
    scopes = [ApiScope.MANAGE_ORGANIZATION]
    return await new_machine(home.planner.database, organization_id=home.machine.organization_id, scopes=scopes)


async def _organization_create(home: Household) -> Input:
    return {"name": "Retail team"}


async def _organization_update(home: Household) -> Input:
    team = await new_organization(home.planner.database, parent_id=home.machine.organization_id)
    return {"organizationId": organization_gid(team), "name": "Wholesale team"}


async def _organization_archive(home: Household) -> Input:
    team = await new_organization(home.planner.database, parent_id=home.machine.organization_id)
    return {"organizationId": organization_gid(team)}


async def _invitation_create(home: Household) -> Input:
    team = await new_organization(home.planner.database, parent_id=home.machine.organization_id)
    return {**_inviting(), "role": "OWNER", "organizationId": organization_gid(team)}


async def _invitation_revoke(home: Household) -> Input:
    actor = home.machine.actor
    invitation_id = await new_invitation(home.planner.database, actor)
    return {"invitationId": encode(Kind.INVITATION, actor.organization_id, invitation_id)}


async def _member_update(home: Household) -> Input:
    return {"memberId": await _another_member(home), "role": "ADMIN"}


async def _member_remove(home: Household) -> Input:
    return {"memberId": await _another_member(home)}


async def _consent_revoke(home: Household) -> Input:
    return {"consentId": (await own_gids(home.planner.database, home.machine, home.person))[Kind.CONSENT]}


async def _sign_in_end(home: Household) -> Input:
    return {"signInId": (await own_gids(home.planner.database, home.machine, home.person))[Kind.SIGN_IN]}


async def _organization_leave(home: Household) -> Input:
    return {"organizationId": home.gids[Kind.ORGANIZATION]}


async def _client_tags_set(home: Household) -> Input:
    return {"clientId": home.tenant.gid, "tags": ["retail", "north"]}


async def _tenant_owner_invite(home: Household) -> Input:
    return {**_inviting(), "tenantId": home.tenant.gid}


def _inviting() -> Input:
    soon = datetime.now(UTC) + timedelta(days=3)
    return {"address": "owner@bakery.example", "expiresAt": soon.isoformat(), "redirectUri": REDIRECT}


async def _another_member(home: Household) -> str:
    organization_id = home.machine.organization_id
    person = await new_person(home.planner.database, organization_id)
    return encode(Kind.MEMBER, organization_id, person.person_id)


async def _tenant_leave(home: Household) -> Input:
    tenant = await new_tenant(home.planner.database, home.keyring, home.machine.actor)
    return {"tenantId": tenant.gid}


async def _grant_create(home: Household) -> Input:
    return {
        "tenantId": home.tenant.gid,
        "organizationId": organization_gid(await new_organization(home.planner.database)),
        "role": "ADMIN",
        "scopes": ["MANAGE_TENANTS"],
        "expiresAt": LAST_DAY,
    }


async def _grant_revoke(home: Household) -> Input:
    database = home.planner.database
    guest = await new_organization(database)
    grant_id = await give_grant(database, home.tenant, guest, given_by=home.machine.actor)
    return {"grantId": encode(Kind.GRANT, home.tenant.id, grant_id)}


async def _clients_assign(home: Household) -> Input:
    return {**await _clients_unassign(home), "role": "ADMIN", "scopes": ["MANAGE_TENANTS"], "expiresAt": LAST_DAY}


async def _clients_unassign(home: Household) -> Input:
    await give_up_jobs(home.planner.database, home.machine.organization_id)
    team = await new_organization(home.planner.database, parent_id=home.machine.organization_id)
    return {"organizationId": organization_gid(team), "tenantIds": [home.tenant.gid]}


async def _connection_start(home: Household) -> Input:
    return {"tenantId": home.tenant.gid, "provider": "SHOPIFY", "account": "second-shop.myshopify.com"}


async def _objective_create(home: Household) -> Input:
    return {
        "tenantId": home.tenant.gid,
        "title": "Bring customers back",
        "startsOn": "2025-01-01",
        "dueOn": "2025-12-31",
        "description": "Fifteen percent more of them within a year.",
        "parentId": home.gids[Kind.OBJECTIVE],
    }


async def _objective_kpi_link(home: Household) -> Input:
    return {"objectiveId": home.gids[Kind.OBJECTIVE], "kpiId": await home.planner.kpi("orders")}


async def _objective_archive(home: Household) -> Input:
    return {"objectiveId": await home.planner.objective()}


async def _kpi_create(home: Household) -> Input:
    return {"tenantId": home.tenant.gid, "metricKey": "net_revenue", "name": "Web sales", "segment": "channel=web"}


async def _kpi_archive(home: Household) -> Input:
    return {"kpiId": await home.planner.kpi()}


async def _baseline_freeze(home: Household) -> Input:
    window = {"start": "2025-01-01", "end": "2025-03-31"}
    return {"kpiId": await home.planner.kpi(), "window": window, "grain": "MONTH"}


async def _baseline_revise(home: Household) -> Input:
    window = {"start": "2025-02-01", "end": "2025-03-31"}
    return {"kpiId": home.gids[Kind.KPI], "window": window, "grain": "MONTH", "reason": "January was closed."}


async def _target_create(home: Household) -> Input:
    return {
        "kpiId": home.gids[Kind.KPI],
        "value": "200",
        "startOn": "2025-01-01",
        "dueOn": "2025-12-31",
        "trajectory": "STEPPED",
        "grain": "MONTH",
        "startValue": "100",
        "points": [{"on": "2025-06-30", "value": "150"}],
        "tolerance": "0.1",
        "stretchValue": "250",
        "rationale": "GOAL",
        "note": "Agreed in the spring.",
    }


async def _target_archive(home: Household) -> Input:
    return {"targetId": await home.planner.target(home.gids[Kind.KPI])}


async def _initiative_create(home: Household) -> Input:
    return {
        "tenantId": home.tenant.gid,
        "name": "Oven timers",
        "kind": "OPERATIONS",
        "tool": "a relay",
        "processKey": "baking",
        "aiPowered": False,
        "goLiveOn": "2025-03-01",
    }


async def _initiative_link(home: Household) -> Input:
    return {
        "initiativeId": await home.planner.initiative(),
        "objectiveId": home.gids[Kind.OBJECTIVE],
        "kpiId": home.gids[Kind.KPI],
        "expectedChange": "0.15",
        "expectedBy": "2025-12-31",
        "hypothesis": "Fewer burnt loaves, more sold.",
    }


async def _initiative_archive(home: Household) -> Input:
    return {"initiativeId": await home.planner.initiative()}


async def _template_create(home: Household) -> Input:
    return {"tenantId": home.tenant.gid, "name": "Retail", "description": "For shops."}


async def _template_revise(home: Household) -> Input:
    return {**await _template_archive(home), "tenantId": home.tenant.gid}


async def _template_archive(home: Household) -> Input:
    made = await new_template(home.planner.database, home.machine.actor, home.tenant)
    return {"templateId": encode(Kind.TEMPLATE, home.machine.organization_id, made)}


async def _template_apply(home: Household) -> Input:
    await give_up_jobs(home.planner.database, home.machine.organization_id)
    given = {"tenantIds": [home.tenant.gid], "startsOn": "2026-01-01", "version": 1, "dryRun": True}
    return {**await _template_archive(home), **given}


SAMPLES: Mapping[str, Callable[[Household], Awaitable[Input]]] = {
    "appCreate": _app_create,
    "appSecretRotate": _app_secret_rotate,
    "appKeyAdd": _app_key_add,
    "appKeyRevoke": _app_key_revoke,
    "appUpdate": _app_update,
    "appArchive": _app_archive,
    "persistedOperationSetCreate": _persisted_operation_set_create,
    "persistedOperationSetArchive": _persisted_operation_set_archive,
    "organizationCreate": _organization_create,
    "organizationUpdate": _organization_update,
    "organizationArchive": _organization_archive,
    "invitationCreate": _invitation_create,
    "invitationRevoke": _invitation_revoke,
    "memberUpdate": _member_update,
    "memberRemove": _member_remove,
    "consentRevoke": _consent_revoke,
    "signInEnd": _sign_in_end,
    "organizationLeave": _organization_leave,
    "tenantCreate": _tenant_create,
    "tenantLeave": _tenant_leave,
    "tenantOwnerInvite": _tenant_owner_invite,
    "clientTagsSet": _client_tags_set,
    "grantCreate": _grant_create,
    "grantRevoke": _grant_revoke,
    "clientsAssign": _clients_assign,
    "clientsUnassign": _clients_unassign,
    "connectionStart": _connection_start,
    "objectiveCreate": _objective_create,
    "objectiveKpiLink": _objective_kpi_link,
    "objectiveArchive": _objective_archive,
    "kpiCreate": _kpi_create,
    "kpiArchive": _kpi_archive,
    "baselineFreeze": _baseline_freeze,
    "baselineRevise": _baseline_revise,
    "targetCreate": _target_create,
    "targetArchive": _target_archive,
    "initiativeCreate": _initiative_create,
    "initiativeLink": _initiative_link,
    "initiativeArchive": _initiative_archive,
    "templateCreate": _template_create,
    "templateRevise": _template_revise,
    "templateArchive": _template_archive,
    "templateApply": _template_apply,
}


OF_ORGANIZATION = (
    "clientTagsSet",
    "tenantCreate",
    "tenantLeave",
    "clientsAssign",
    "clientsUnassign",
    "templateArchive",
    "templateApply",
    "appCreate",
    "appSecretRotate",
    "appKeyAdd",
    "appKeyRevoke",
    "appUpdate",
    "appArchive",
    "persistedOperationSetCreate",
    "persistedOperationSetArchive",
    "organizationCreate",
    "organizationUpdate",
    "organizationArchive",
    "invitationCreate",
    "invitationRevoke",
    "memberUpdate",
    "memberRemove",
    "consentRevoke",
    "signInEnd",
    "organizationLeave",
)
"""Those that act on no tenant there is."""


OF_PEOPLE = ("consentRevoke", "signInEnd", "organizationLeave")
"""What only a person can do, for themselves."""


GIVES_A_ROLE = ("invitationCreate", "memberUpdate", "tenantOwnerInvite")
"""Who does it needs all that the role lends."""


TAKES_FROM_A_TENANT = ("templateCreate", "templateRevise")
"""Who does it needs no more at the tenant than to read it."""


NEEDS_ANOTHER = (*GIVES_A_ROLE, *TAKES_FROM_A_TENANT, "templateApply")
"""Another scope than the one that is asked for first."""


async def sample(mutation: str, home: Household) -> Input:
    """An input of this mutation that goes through in this household."""
    assert mutation in SAMPLES, f"shapes.py has no sample of {mutation}"
    return await SAMPLES[mutation](home)

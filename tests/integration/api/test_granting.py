"""Grants given and ended over the API: by the owner, and by whom it trusts, who never give more than they have."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api.ids import Kind, decode, encode, organization_gid
from tenants.access.actor import ApiScope
from tests.factories.organizations import Machine, new_machine
from tests.factories.tenants import Tenancy, give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

TENANT = "query($id: ID!) { tenant(id: $id) { name } }"
GRANT = "grant { id role scopes expiresAt revokedAt organization { id name kind } }"
GRANTS = """query($id: ID!) { tenant(id: $id) { grants(first: 100) { nodes {
  id role scopes expiresAt revokedAt organization { id name kind } } } } }"""
KEY = "leave-once"
SOON = "2100-01-01T00:00:00+00:00"


@pytest.fixture
async def tenant(world: World) -> Tenancy:
    return await world.another_tenant(name="Granted")


@pytest.fixture
async def owner(http: httpx2.AsyncClient, world: World, ledger: Ledger, tenant: Tenancy) -> Caller:
    """An app of the business itself."""
    organization_id = await ledger.connection.fetchval("SELECT organization_id FROM tenants WHERE id = $1", tenant.id)
    return await sign_in(http, await new_machine(world.database, organization_id=organization_id))


@pytest.fixture
async def guest(world: World) -> Machine:
    return await new_machine(world.database)


@pytest.fixture
async def visitor(http: httpx2.AsyncClient, guest: Machine) -> Caller:
    return await sign_in(http, guest)


def given(tenant: Tenancy, guest: Machine, **more: Any) -> dict[str, Any]:
    wanted = {"role": "ANALYST", "scopes": ["READ_METRICS"]}
    return {"tenantId": tenant.gid, "organizationId": organization_gid(guest.organization_id), **wanted, **more}


async def test_an_owner_opens_its_tenant_and_closes_it_again(
    owner: Caller, visitor: Caller, guest: Machine, tenant: Tenancy
) -> None:
    assert (await visitor.ask(TENANT, id=tenant.gid)).code == "NOT_FOUND"
    grant = (await owner.change("grantCreate", GRANT, **given(tenant, guest, expiresAt=SOON)))["grant"]
    assert grant["organization"] == {
        "id": organization_gid(guest.organization_id),
        "name": "North & Sons",
        "kind": "AGENCY",
    }
    assert (grant["role"], grant["scopes"], grant["revokedAt"]) == ("ANALYST", ["READ_METRICS"], None)
    assert datetime.fromisoformat(grant["expiresAt"]) == datetime.fromisoformat(SOON)
    assert (await visitor.ask(TENANT, id=tenant.gid)).data["tenant"]["name"] == "Granted"
    refused = await visitor.refusal("kpiCreate", tenantId=tenant.gid, metricKey="orders")
    assert refused.code == "NO_GRANT"
    ended = (await owner.change("grantRevoke", GRANT, grantId=grant["id"]))["grant"]
    assert ended["revokedAt"] is not None
    assert (await visitor.ask(TENANT, id=tenant.gid)).code == "GRANT_ENDED"
    again = await owner.refusal("grantRevoke", grantId=grant["id"])
    assert (again.code, again.field) == ("ALREADY_ENDED", ("input", "grantId"))


async def test_an_owner_sees_who_may_and_once_might(
    owner: Caller, guest: Machine, tenant: Tenancy, world: World
) -> None:
    grant = (await owner.change("grantCreate", GRANT, **given(tenant, guest)))["grant"]
    await owner.change("grantRevoke", grantId=grant["id"])
    listed = (await owner.ask(GRANTS, id=tenant.gid)).data["tenant"]["grants"]["nodes"]
    assert [each["organization"]["id"] for each in listed] == [
        organization_gid(world.agency.machine.organization_id),
        organization_gid(guest.organization_id),
    ]
    assert [each["revokedAt"] is None for each in listed] == [True, False]


async def test_who_may_only_read_does_not_learn_who_else_may(
    http: httpx2.AsyncClient, world: World, visitor: Caller, guest: Machine, tenant: Tenancy
) -> None:
    await give_grant(world.database, tenant, guest.organization_id, scopes=[ApiScope.READ_METRICS])
    answer = await visitor.ask(GRANTS, id=tenant.gid)
    assert (answer.code, answer.body["data"]) == ("NO_GRANT", {"tenant": None})
    reader = await sign_in(http, world.agency.machine, ApiScope.READ_METRICS)
    assert (await reader.ask(GRANTS, id=tenant.gid)).code == "FORBIDDEN_SCOPE"


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"scopes": []}, "SCOPE_MISSING", "scopes"),
        ({"role": "VIEWER", "scopes": ["READ_METRICS", "WRITE_KPIS"]}, "SCOPE_BEYOND_ROLE", "scopes"),
        ({"role": "ADMIN", "scopes": ["MANAGE_ORGANIZATION"]}, "SCOPE_BEYOND_ROLE", "scopes"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "ENDS_IN_THE_PAST", "expiresAt"),
        ({"expiresAt": "9999-12-31T23:59:59-14:00"}, "ENDS_TOO_LATE", "expiresAt"),
        ({"organizationId": "org_AAAAAAAAAAAAAAAAAAAAAA"}, "NOT_FOUND", "organizationId"),
        ({"organizationId": "ten_AAAAAAAAAAAAAAAAAAAAAA"}, "NOT_FOUND", "organizationId"),
    ],
)
async def test_a_grant_that_makes_no_sense(
    owner: Caller, guest: Machine, tenant: Tenancy, ledger: Ledger, more: dict[str, Any], code: str, field: str
) -> None:
    before = await ledger.read()
    refused = await owner.refusal("grantCreate", **given(tenant, guest, **more))
    assert (refused.code, refused.field) == (code, ("input", field))
    assert await ledger.read() == before


async def test_who_manages_gives_on_what_it_has_for_as_long_as_it_has_it(
    http: httpx2.AsyncClient, world: World, tenant: Tenancy, guest: Machine, ledger: Ledger
) -> None:
    manager = await new_machine(world.database)
    covered = [ApiScope.READ_METRICS, ApiScope.MANAGE_TENANTS]
    await give_grant(world.database, tenant, manager.organization_id, scopes=covered, ends_in=timedelta(days=10))
    caller = await sign_in(http, manager)
    end = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    await caller.change("grantCreate", **given(tenant, guest, expiresAt=end))
    before = await ledger.read()
    beyond = await caller.refusal("grantCreate", **given(tenant, guest, scopes=["WRITE_KPIS"], expiresAt=end))
    assert (beyond.code, beyond.field) == ("SCOPE_BEYOND_YOURS", ("input", "scopes"))
    for late in (None, (datetime.now(UTC) + timedelta(days=11)).isoformat()):
        refused = await caller.refusal("grantCreate", **given(tenant, guest, expiresAt=late))
        assert (refused.code, refused.field) == ("ENDS_AFTER_YOURS", ("input", "expiresAt"))
    assert await ledger.read() == before


async def test_a_token_gives_nothing_that_it_lacks(
    http: httpx2.AsyncClient, world: World, tenant: Tenancy, guest: Machine
) -> None:
    narrow = await sign_in(http, world.agency.machine, ApiScope.MANAGE_TENANTS)
    refused = await narrow.refusal("grantCreate", **given(tenant, guest))
    assert (refused.code, refused.field) == ("SCOPE_BEYOND_YOURS", ("input", "scopes"))


async def test_who_manages_ends_what_it_gave_and_its_own_and_nothing_else(
    http: httpx2.AsyncClient, world: World, agency: Caller, owner: Caller, tenant: Tenancy, guest: Machine
) -> None:
    others = (await owner.change("grantCreate", GRANT, **given(tenant, guest)))["grant"]
    refused = await agency.refusal("grantRevoke", grantId=others["id"])
    assert (refused.code, refused.field) == ("NO_GRANT", ("input", "grantId"))
    passed_on = (await agency.change("grantCreate", GRANT, **given(tenant, guest)))["grant"]
    assert (await agency.change("grantRevoke", GRANT, grantId=passed_on["id"]))["grant"]["revokedAt"]
    (founders, *_) = (await owner.ask(GRANTS, id=tenant.gid)).data["tenant"]["grants"]["nodes"]
    own = await agency.refusal("grantRevoke", grantId=founders["id"])
    assert (own.code, own.field) == ("OWN_GRANT", ("input", "grantId"))
    await owner.change("grantRevoke", grantId=founders["id"])
    assert (await agency.ask(TENANT, id=tenant.gid)).code == "GRANT_ENDED"
    assert (await agency.refusal("grantCreate", **given(tenant, guest))).code == "GRANT_ENDED"


async def test_what_was_passed_on_ends_with_who_passed_it_on(
    http: httpx2.AsyncClient, world: World, owner: Caller, tenant: Tenancy, guest: Machine, visitor: Caller
) -> None:
    """All the way down, so that nobody who was put out comes back by a friend; what the owner gave stays."""
    manager, friend = await new_machine(world.database), await new_machine(world.database)
    managing = {"role": "ADMIN", "scopes": ["READ_METRICS", "MANAGE_TENANTS"]}
    first = (await owner.change("grantCreate", GRANT, **given(tenant, manager, **managing)))["grant"]
    await (await sign_in(http, manager)).change("grantCreate", **given(tenant, friend, **managing))
    second = await sign_in(http, friend)
    passed_on = (await second.change("grantCreate", "grant { givenBy { id } }", **given(tenant, guest)))["grant"]
    assert passed_on["givenBy"]["id"] == organization_gid(friend.organization_id)
    assert (await visitor.ask(TENANT, id=tenant.gid)).data
    await owner.change("grantRevoke", grantId=first["id"])
    for caller in (second, visitor):
        assert (await caller.ask(TENANT, id=tenant.gid)).code == "GRANT_ENDED"
    await owner.change("grantCreate", **given(tenant, guest))
    assert (await visitor.ask(TENANT, id=tenant.gid)).data


async def test_nobody_gives_to_themselves_and_nobody_tells_of_others(
    owner: Caller, agency: Caller, world: World, tenant: Tenancy
) -> None:
    refused = await agency.refusal("grantCreate", **given(tenant, world.agency.machine))
    assert (refused.code, refused.field) == ("OWN_ORGANIZATION", ("input", "organizationId"))
    apps = "query($id: ID!) { tenant(id: $id) { grants { nodes { organization { name apps { nodes { id } } } } } } }"
    assert (await owner.ask(apps, id=tenant.gid)).code == "NOT_FOUND"


async def test_who_leaves_sees_nothing_more_and_the_tenant_keeps_everything(
    agency: Caller, owner: Caller, visitor: Caller, tenant: Tenancy, ledger: Ledger
) -> None:
    await agency.change("kpiCreate", tenantId=tenant.gid, metricKey="orders")
    left = await agency.change("tenantLeave", "tenantId", tenantId=tenant.gid, idempotencyKey=KEY)
    assert left["tenantId"] == tenant.gid
    assert (await agency.ask(TENANT, id=tenant.gid)).code == "GRANT_ENDED"
    kept = await owner.ask("query($id: ID!) { tenant(id: $id) { kpis { nodes { metricKey } } } }", id=tenant.gid)
    assert kept.data["tenant"]["kpis"]["nodes"] == [{"metricKey": "orders"}]
    actions = await ledger.connection.fetch(
        "SELECT action FROM audit_entries WHERE tenant_id = $1 ORDER BY position", tenant.id
    )
    assert [row["action"] for row in actions] == ["kpiCreate", "tenantLeave"]
    assert (await agency.refusal("tenantLeave", tenantId=tenant.gid)).code == "GRANT_ENDED"
    again = await agency.change("tenantLeave", "tenantId", tenantId=tenant.gid, idempotencyKey=KEY)
    assert again == left
    assert (await visitor.refusal("tenantLeave", tenantId=tenant.gid)).code == "NOT_FOUND"


async def test_a_grant_of_one_tenant_is_not_found_on_another(agency: Caller, world: World, tenant: Tenancy) -> None:
    gid = world.sister.gids[Kind.GRANT]
    query = "query($id: ID!) { node(id: $id) { ... on Grant { role organization { name } } } }"
    seen = (await agency.ask(query, id=gid)).data["node"]
    assert seen == {"role": "ADMIN", "organization": {"name": "North & Sons"}}
    assert (await agency.ask(query, id=encode(Kind.GRANT, tenant.id, decode(gid).id))).code == "NOT_FOUND"

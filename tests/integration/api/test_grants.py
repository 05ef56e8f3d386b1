"""A grant opens a tenant to an organization, for what it covers, for as long as it lives, and from one moment to the
next."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from api.ids import Kind
from tenants.access.actor import ApiScope
from tests.factories.organizations import Machine, new_machine
from tests.factories.tenants import Tenancy, change_grants, give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

TENANT = "query($id: ID!) { tenant(id: $id) { name } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
ALL = "{ tenants(first: 100) { nodes { id } } }"


@pytest.fixture
async def guest(world: World) -> Machine:
    return await new_machine(world.database)


@pytest.fixture
async def caller(http: httpx2.AsyncClient, guest: Machine) -> Caller:
    return await sign_in(http, guest)


@pytest.fixture
async def tenant(world: World) -> Tenancy:
    return await world.another_tenant(name="Granted")


async def _listed(caller: Caller) -> list[str]:
    return [node["id"] for node in (await caller.ask(ALL)).data["tenants"]["nodes"]]


async def test_a_grant_opens_and_its_end_closes_at_once(
    world: World, caller: Caller, guest: Machine, tenant: Tenancy
) -> None:
    assert (await caller.ask(TENANT, id=tenant.gid)).code == "NOT_FOUND"
    await give_grant(world.database, tenant, guest.organization_id, ends_in=timedelta(days=1))
    assert (await caller.ask(TENANT, id=tenant.gid)).data["tenant"]["name"] == "Granted"
    assert await _listed(caller) == [tenant.gid]
    await change_grants(world.database, tenant, revoked_at=datetime.now(UTC))
    refused = await caller.ask(TENANT, id=tenant.gid)
    assert (refused.code, refused.error["extensions"]["field"]) == ("GRANT_ENDED", ["id"])
    assert await _listed(caller) == []
    await give_grant(world.database, tenant, guest.organization_id)
    assert (await caller.ask(TENANT, id=tenant.gid)).data["tenant"]["name"] == "Granted"


async def test_a_grant_expires_to_the_second(world: World, caller: Caller, guest: Machine, tenant: Tenancy) -> None:
    await give_grant(world.database, tenant, guest.organization_id, ends_in=timedelta(hours=1))
    assert (await caller.ask(TENANT, id=tenant.gid)).data
    await change_grants(world.database, tenant, expires_at=datetime.now(UTC))
    assert (await caller.ask(TENANT, id=tenant.gid)).code == "GRANT_ENDED"


async def test_it_ends_between_a_mutations_and_a_querys_moment(
    world: World, caller: Caller, guest: Machine, tenant: Tenancy, ledger: Ledger
) -> None:
    await give_grant(world.database, tenant, guest.organization_id)
    await caller.change("kpiCreate", tenantId=tenant.gid, metricKey="orders")
    await change_grants(world.database, tenant, revoked_at=datetime.now(UTC))
    before = await ledger.read()
    refusal = await caller.refusal("kpiCreate", tenantId=tenant.gid, metricKey="orders")
    assert (refusal.code, refusal.field) == ("GRANT_ENDED", ("input", "tenantId"))
    assert await ledger.read() == before


async def test_a_grant_covers_what_it_names(
    world: World, caller: Caller, guest: Machine, tenant: Tenancy, ledger: Ledger
) -> None:
    await give_grant(world.database, tenant, guest.organization_id, scopes=[ApiScope.WRITE_KPIS])
    refused = await caller.ask(TENANT, id=tenant.gid)
    assert (refused.code, refused.error["extensions"]["field"]) == ("NO_GRANT", ["id"])
    assert await _listed(caller) == []
    await give_grant(world.database, tenant, guest.organization_id, scopes=[ApiScope.READ_METRICS])
    assert (await caller.ask(TENANT, id=tenant.gid)).data
    connections = "query($id: ID!) { tenant(id: $id) { connections { nodes { id } } } }"
    assert (await caller.ask(connections, id=tenant.gid)).code == "NO_GRANT"
    before = await ledger.read()
    shop = {"provider": "SHOPIFY", "account": "a.myshopify.com"}
    refusal = await caller.refusal("connectionStart", tenantId=tenant.gid, **shop)
    assert (refusal.code, refusal.field) == ("NO_GRANT", ("input", "tenantId"))
    assert await ledger.read() == before


async def test_a_second_grant_outlives_the_first(world: World, caller: Caller, guest: Machine, tenant: Tenancy) -> None:
    await give_grant(world.database, tenant, guest.organization_id, ends_in=timedelta(days=-1))
    await give_grant(world.database, tenant, guest.organization_id, ends_in=timedelta(days=1))
    assert (await caller.ask(TENANT, id=tenant.gid)).data


async def test_the_token_limits_what_the_grant_gives(
    http: httpx2.AsyncClient, world: World, guest: Machine, tenant: Tenancy
) -> None:
    await give_grant(world.database, tenant, guest.organization_id)
    reader = await sign_in(http, guest, ApiScope.READ_METRICS)
    answer = await reader.attempt("kpiCreate", {"tenantId": tenant.gid, "metricKey": "orders"})
    assert answer.code == "FORBIDDEN_SCOPE"


async def test_many_ids_are_answered_in_their_order(
    world: World, caller: Caller, guest: Machine, tenant: Tenancy
) -> None:
    """What is not visible is null, whatever the reason, and disturbs nobody."""
    ended = await world.another_tenant()
    await give_grant(world.database, tenant, guest.organization_id)
    await give_grant(world.database, ended, guest.organization_id, ends_in=timedelta(days=-1))
    kpi = await world.planner(tenant).kpi()
    ids = [world.stranger.gids[Kind.KPI], kpi, ended.gid, "garbage", tenant.gid, kpi, world.agency.gids[Kind.KPI]]
    found = (await caller.ask(NODES, ids=ids)).data["nodes"]
    assert [node and node["id"] for node in found] == [None, kpi, None, None, tenant.gid, kpi, None]
    assert (await caller.ask(NODES, ids=[kpi] * 101)).code == "TOO_MANY_IDS"
    assert len((await caller.ask(NODES, ids=[kpi] * 100)).data["nodes"]) == 100
    assert (await caller.ask(NODES, ids=[])).data["nodes"] == []


async def test_what_is_archived_can_still_be_read(world: World, agency: Caller, tenant: Tenancy) -> None:
    kpi = await world.planner(tenant).kpi()
    await agency.change("kpiArchive", kpiId=kpi)
    assert (await agency.ask(NODE, id=kpi)).data["node"]["id"] == kpi
    listed = await agency.ask("query($id: ID!) { tenant(id: $id) { kpis { nodes { id } } } }", id=tenant.gid)
    assert listed.data["tenant"]["kpis"]["nodes"] == []


async def test_a_tenants_own_organization_needs_no_grant(
    http: httpx2.AsyncClient, world: World, tenant: Tenancy, ledger: Ledger
) -> None:
    """And a grant that covers little takes nothing from it."""
    own = await ledger.connection.fetchval("SELECT organization_id FROM tenants WHERE id = $1", tenant.id)
    owner = await sign_in(http, await new_machine(world.database, organization_id=own))
    assert (await owner.ask(TENANT, id=tenant.gid)).data["tenant"]["name"] == "Granted"
    assert await _listed(owner) == [tenant.gid]
    await owner.change("kpiCreate", tenantId=tenant.gid, metricKey="orders")
    await give_grant(world.database, tenant, own, scopes=[ApiScope.READ_CONNECTIONS])
    assert (await owner.ask(TENANT, id=tenant.gid)).data
    assert await _listed(owner) == [tenant.gid]
    await change_grants(world.database, tenant, revoked_at=datetime.now(UTC))
    assert (await owner.ask(TENANT, id=tenant.gid)).data

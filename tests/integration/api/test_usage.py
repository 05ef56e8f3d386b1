"""What was asked and what it cost, for whoever pays; who read what, for the owner of a tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import httpx2
import pytest

from api.ids import Kind, encode
from tenants.access.actor import ApiScope
from tenants.clock import WallClock
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tenants.usage.service import MOST_NAMES, OTHERS, Asked, Usage
from tests.factories.organizations import Machine, new_machine
from tests.factories.people import new_person
from tests.factories.tenants import Tenancy, change_grants, give_grant
from tests.integration.api.client import Answer, Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import member_gid, sign_in_to
from tests.integration.api.subscriber import ORDERS, subscriber
from tests.integration.api.world import World
from tests.integration.oauth.world import KnownApp

SINCE = "2026-01-01T00:00:00Z"
SUMS = "requests points throttled failed operations(first: 100) { name requests points }"
OF_APP = f'{{ viewer {{ app {{ usage(since: "{SINCE}") {{ {SUMS} }} }} }} }}'
OF_ORGANIZATION = f'{{ viewer {{ organization {{ usage(since: "{SINCE}") {{ {SUMS} }} }} }} }}'
OF_TENANT = f"""query($t: ID!) {{ tenant(id: $t) {{ usage(since: "{SINCE}") {{
  requests points operations {{ name requests points }} }} }} }}"""
READERS = f"""query($t: ID!) {{ tenant(id: $t) {{ readers(since: "{SINCE}") {{
  organization {{ name }} appId memberId operations requests firstAt lastAt }} }} }}"""
NAME = "query Name($t: ID!) { tenant(id: $t) { name } }"
MANY = " ".join(f"v{at}: viewer {{ clientId }}" for at in range(50))
ALL = "query All { tenants(first: 100) { nodes { id } } }"


@asynccontextmanager
async def process(opened: Open, **settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """One that has written down what it counted when this is left."""
    async with opened(**settings) as url, httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        yield http


def told(answer: Answer) -> int:
    return int(answer.body["extensions"]["cost"]["actualQueryCost"])


@pytest.fixture
async def tenant(world: World) -> Tenancy:
    return await world.another_tenant(name="Granted")


@pytest.fixture
async def guest(world: World, tenant: Tenancy) -> Machine:
    machine = await new_machine(world.database)
    await give_grant(world.database, tenant, machine.organization_id, scopes=[ApiScope.READ_METRICS])
    return machine


async def test_what_an_app_asked_adds_up_to_what_it_was_told(
    opened: Open, http: httpx2.AsyncClient, guest: Machine, tenant: Tenancy, world: World
) -> None:
    async with process(opened) as other:
        caller = await sign_in(other, guest)
        costs = [told(await caller.ask(NAME, t=tenant.gid)) for _ in range(3)]
        costs.append(told(await caller.ask(ALL)))
        refused = await caller.ask(NAME, t=world.stranger.tenant.gid)
        assert refused.code == "NOT_FOUND"
        sibling = await sign_in(other, await new_machine(world.database, organization_id=guest.organization_id))
        costs_of_sibling = [told(await sibling.ask("{ viewer { clientId } }"))]
    caller = await sign_in(http, guest)
    usage = (await caller.ask(OF_APP)).data["viewer"]["app"]["usage"]
    assert {key: usage[key] for key in ("requests", "throttled", "failed")} == {
        "requests": "5",
        "throttled": "0",
        "failed": "1",
    }
    assert int(usage["points"]) == sum(costs) + 1
    by_name = {each["name"]: each for each in usage["operations"]}
    assert by_name["Name"]["requests"] == "4"
    assert by_name["All"] == {"name": "All", "requests": "1", "points": str(costs[-1])}
    whole = (await caller.ask(OF_ORGANIZATION)).data["viewer"]["organization"]["usage"]
    assert int(whole["points"]) == sum(costs + costs_of_sibling) + 1
    assert whole["requests"] == "6"


async def test_what_was_throttled_is_counted(opened: Open, http: httpx2.AsyncClient, guest: Machine) -> None:
    async with process(opened, budget_points=150, budget_points_per_second=1, operation_points=150) as other:
        caller = await sign_in(other, guest)
        assert told(await caller.ask(f"query {{ {MANY} }}")) == 51
        for _ in range(2):
            asked = await caller.post({"query": "query Dear { metricCatalog(first: 145) { nodes { key } } }"})
            assert asked.status_code == 429
    usage = (await (await sign_in(http, guest)).ask(OF_APP)).data["viewer"]["app"]["usage"]
    assert (usage["requests"], usage["points"], usage["throttled"], usage["failed"]) == ("3", "53", "2", "2")


async def test_an_owner_sees_who_read_even_when_they_may_no_more(
    opened: Open, http: httpx2.AsyncClient, world: World, ledger: Ledger, tenant: Tenancy, guest: Machine
) -> None:
    async with process(opened) as other:
        caller = await sign_in(other, guest)
        for _ in range(2):
            await caller.ask(NAME, t=tenant.gid)
        assert (await caller.ask(READERS, t=tenant.gid)).code == "NO_GRANT"
    await change_grants(world.database, tenant, revoked_at=datetime.now(UTC))
    organization_id = await ledger.connection.fetchval("SELECT organization_id FROM tenants WHERE id = $1", tenant.id)
    owner = await sign_in(http, await new_machine(world.database, organization_id=organization_id))
    readers = (await owner.ask(READERS, t=tenant.gid)).data["tenant"]["readers"]
    (one,) = [each for each in readers if "Name" in each["operations"]]
    assert one["organization"]["name"] == "North & Sons"
    assert one["appId"] == encode(Kind.APP, guest.organization_id, guest.actor.app_id)
    assert (one["operations"], one["memberId"], one["requests"]) == (["", "Name"], None, "3")
    assert datetime.now(UTC) - datetime.fromisoformat(one["firstAt"]) < timedelta(minutes=3)


async def test_a_person_is_told_by_the_id_of_the_member(
    opened: Open, http: httpx2.AsyncClient, world: World, machine: Machine, front_end: KnownApp, tenant: Tenancy
) -> None:
    await give_grant(world.database, tenant, machine.organization_id, scopes=list(ApiScope))
    person = await new_person(world.database, machine.organization_id)
    async with process(opened) as other:
        signed_in = await sign_in_to(other, front_end, person, "read_metrics")
        await signed_in.ask(NAME, t=tenant.gid)
    readers = (await (await sign_in(http, machine)).ask(READERS, t=tenant.gid)).data["tenant"]["readers"]
    assert [each["memberId"] for each in readers] == [member_gid(machine, person)]


async def test_one_operation_over_many_tenants_is_shared_out(
    opened: Open, http: httpx2.AsyncClient, world: World, machine: Machine
) -> None:
    tenants = [await world.another_tenant(name=f"T{at}") for at in range(3)]
    for each in tenants:
        await give_grant(world.database, each, machine.organization_id)
    async with process(opened) as other:
        cost = told(await (await sign_in(other, machine)).ask(ALL))
    caller = await sign_in(http, machine)
    shares = [(await caller.ask(OF_TENANT, t=each.gid)).data["tenant"]["usage"] for each in tenants]
    assert sorted(Decimal(each["points"]) for each in shares) == [1, 2, 2]
    assert sum(Decimal(each["points"]) for each in shares) == cost == 5
    assert [each["operations"] for each in shares] == [
        [{"name": "All", "requests": "1", "points": each["points"]}] for each in shares
    ]


async def test_each_look_of_a_subscription_is_paid_and_counted(
    opened: Open, http: httpx2.AsyncClient, guest: Machine, tenant: Tenancy
) -> None:
    async with (
        opened() as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as other,
        subscriber(url, (await sign_in(other, guest)).token) as told,
    ):
        await told.subscribe(ORDERS.replace("subscription(", "subscription Watch("), t=tenant.gid)
        await told.next()
    usage = (await (await sign_in(http, guest)).ask(OF_APP)).data["viewer"]["app"]["usage"]
    assert [(each["name"], each["requests"], each["points"]) for each in usage["operations"]] == [("Watch", "1", "2")]


async def test_a_tenants_usage_is_of_ones_own_organization(
    opened: Open, http: httpx2.AsyncClient, world: World, machine: Machine, guest: Machine, tenant: Tenancy
) -> None:
    await give_grant(world.database, tenant, machine.organization_id)
    async with process(opened) as other:
        await (await sign_in(other, guest)).ask(NAME, t=tenant.gid)
    usage = (await (await sign_in(http, machine)).ask(OF_TENANT, t=tenant.gid)).data["tenant"]["usage"]
    assert (usage["requests"], usage["operations"]) == ("0", [])


async def test_what_was_read_from_providers_is_told(
    agency: Caller, world: World, ledger: Ledger, tenant: Tenancy
) -> None:
    shop = await world.another_shop(tenant)
    for records, day in ((7, "2026-02-01"), (5, "2026-03-01"), (3, "2025-12-31")):
        await ledger.execute(
            "INSERT INTO sync_runs VALUES ($1, $2, $3, $4, 'orders', 'INCREMENT', 'COMPLETE', NULL, 1, $5, NULL)",
            tenant.id,
            new_id(),
            datetime.fromisoformat(f"{day}T12:00:00+00:00"),
            shop.connection_id,
            records,
        )
    query = f"""query($t: ID!) {{ tenant(id: $t) {{ usage(since: "{SINCE}") {{ recordsSynced }}
      then: usage(since: "2025-01-01T00:00:00Z", until: "2026-02-02T00:00:00Z") {{ recordsSynced }} }} }}"""
    assert (await agency.ask(query, t=tenant.gid)).data["tenant"] == {
        "usage": {"recordsSynced": "12"},
        "then": {"recordsSynced": "10"},
    }


@pytest.mark.parametrize("until", [SINCE, "2025-01-01T00:00:00Z"])
async def test_a_window_ends_after_it_begins(caller: Caller, until: str) -> None:
    query = f'{{ viewer {{ app {{ usage(since: "{SINCE}", until: "{until}") {{ requests }} }} }} }}'
    refused = await caller.ask(query)
    assert (refused.code, refused.error["extensions"]["field"]) == ("INVALID", ["until"])


async def test_what_cannot_be_written_now_is_written_later(
    database: Database, database_urls: DatabaseUrls, ledger: Ledger, machine: Machine, tenant: Tenancy
) -> None:
    hasty = Database(database_urls.application, pool_size=1, statement_timeout_seconds=0.2)
    usage = Usage(hasty, WallClock())
    blocker = await asyncpg.connect(database_urls.migration)
    counted = "SELECT coalesce(sum(requests), 0) FROM {} WHERE organization_id = $1"
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE usage_minutes, read_minutes IN ACCESS EXCLUSIVE MODE")
            usage.count(machine.actor, Asked("Q", 7), [tenant.id])
            await usage.flush()
            usage.count(machine.actor, Asked("Q", 7), [tenant.id])
        await usage.flush()
        await usage.flush()
    finally:
        await blocker.close()
        await hasty.close()
    for table in ("usage_minutes", "read_minutes"):
        assert await ledger.connection.fetchval(counted.format(table), machine.organization_id) == 2


async def test_one_whose_counts_cannot_be_written_keeps_nobody_else_waiting(
    database: Database, database_urls: DatabaseUrls, ledger: Ledger, tenant: Tenancy
) -> None:
    """For as long as that lasts."""
    stuck, *others = [await new_machine(database) for _ in range(3)]
    hasty = Database(database_urls.application, pool_size=1, statement_timeout_seconds=0.2)
    usage = Usage(hasty, WallClock())
    usage.count(stuck.actor, Asked("Q", 1), [])
    await usage.flush()
    blocker = await asyncpg.connect(database_urls.migration)
    counted = "SELECT coalesce(sum(requests), 0) FROM {} WHERE organization_id = $1"
    try:
        async with blocker.transaction():
            await blocker.execute(
                "SELECT FROM usage_minutes WHERE organization_id = $1 FOR UPDATE", stuck.organization_id
            )
            for _ in range(3):
                for machine in (stuck, *others):
                    usage.count(machine.actor, Asked("Q", 1), [tenant.id])
                await usage.flush()
            for machine in others:
                for table in ("usage_minutes", "read_minutes"):
                    told = await ledger.connection.fetchval(counted.format(table), machine.organization_id)
                    assert told >= 2, table
        await usage.flush()
    finally:
        await blocker.close()
        await hasty.close()
    assert await ledger.connection.fetchval(counted.format("usage_minutes"), stuck.organization_id) == 4


async def test_names_without_end_are_counted_as_others(database: Database, ledger: Ledger, machine: Machine) -> None:
    usage = Usage(database, WallClock())
    for at in range(MOST_NAMES + 50):
        usage.count(machine.actor, Asked(f"Q{at}", 1), [])
    await usage.flush()
    counted = await ledger.connection.fetch(
        "SELECT operation, requests FROM usage_minutes WHERE organization_id = $1", machine.organization_id
    )
    assert len(counted) == MOST_NAMES + 1
    assert {row["operation"]: row["requests"] for row in counted}[OTHERS] == 50


async def test_who_is_gone_keeps_nobody_elses_counts_waiting(
    database: Database, ledger: Ledger, machine: Machine
) -> None:
    usage = Usage(database, WallClock())
    usage.count(machine.actor, Asked("Q", 1), [machine.organization_id])  # no tenant
    await usage.flush()
    await usage.flush()
    assert (
        await ledger.connection.fetchval(
            "SELECT requests FROM usage_minutes WHERE organization_id = $1", machine.organization_id
        )
        == 1
    )

"""Subscriptions: who is told what, when, by whichever process, and when that ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from api.ids import Kind, encode
from domain.connections.models import Connection
from tenants.access.actor import ApiScope
from tenants.access.callers import Callers
from tenants.notices import Topic, announce
from tenants.roles import APPLICATION
from tests.factories.organizations import Machine
from tests.factories.shops import Shop, order
from tests.factories.tenants import change_grants, new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.ledger import Ledger
from tests.integration.api.subscriber import ORDERS, PROGRESS, STATUS, Socket, stream, subscriber
from tests.integration.api.world import World

QUICK: dict[str, Any] = {"subscription_check_seconds": 0.2, "subscription_interval_milliseconds": 0}


@pytest.fixture(scope="module")
async def quick(opened: Open) -> AsyncIterator[str]:
    """A process that looks after its subscribers five times a second."""
    async with opened(**QUICK) as url:
        yield url


@pytest.fixture
async def shop(world: World) -> Shop:
    """Of a tenant of the agency that counts its orders."""
    shop = await world.another_shop(await world.another_tenant())
    await world.planner(shop.tenant).kpi("orders")
    return shop


async def token_at(url: str, machine: Machine) -> str:
    """Each process here is known by its own address, and takes no other's tokens."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        return (await sign_in(http, machine)).token


@asynccontextmanager
async def told_at(url: str, world: World) -> AsyncIterator[Socket]:
    """The agency, at another process."""
    async with subscriber(url, await token_at(url, world.agency.machine)) as told:
        yield told


async def sell(shop: Shop, *numbers: int) -> None:
    """So many orders today, each with a number of its own."""
    await shop.sell(*(order(number, datetime.now(UTC), 1000) for number in numbers))


def counted(data: Any) -> list[int]:
    return [kpi["value"]["n"] for kpi in data["metricChanged"]["kpis"]]


async def set_status(shop: Shop, status: str, reason: str | None = None) -> None:
    """As the house's own services do it."""
    async with shop.database.unit_of_work(shop.tenant.scope) as session:
        await session.execute(
            update(Connection)
            .where(Connection.tenant_id == shop.tenant.id, Connection.id == shop.connection_id)
            .values(status=status, reason=reason)
        )
        await announce(session, Topic.CONNECTION, shop.tenant.id, shop.connection_id)


async def test_a_metric_is_told_at_once_and_when_it_has_changed(address: str, agency: Caller, shop: Shop) -> None:
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid, k=["orders"])
        assert counted(await told.next()) == [0]
        await sell(shop, 1, 2)
        assert counted(await told.next()) == [2]
        await told.send({"type": "complete", "id": "1"})
        await sell(shop, 3)
        await told.silence()


async def test_over_an_event_stream_the_same_is_told(http: httpx2.AsyncClient, agency: Caller, shop: Shop) -> None:
    async with stream(http, agency.token, ORDERS, t=shop.tenant.gid) as told:
        assert told.response.headers["content-type"] == "text/event-stream"
        assert counted(await told.next()) == [0]
        await sell(shop, 1)
        assert counted(await told.next()) == [1]
    lone = f'subscription {{ metricChanged(tenantId: "{shop.tenant.gid}") {{ kpis {{ metricKey }} }} }}'
    headers = {**agency.headers, "Accept": "text/event-stream"}
    async with http.stream("GET", "/graphql", params={"query": lone}, headers=headers) as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "event: next"
        assert '"metricKey":"orders"' in await anext(lines)


async def test_what_is_not_selected_is_not_told(address: str, agency: Caller, shop: Shop) -> None:
    """A look that shows what was told before is nobody's business."""
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS.replace("value(period: THIS_YEAR) { n }", "name"), t=shop.tenant.gid)
        await told.next()
        await sell(shop, 1)
        await told.silence()
        await agency.change("kpiCreate", tenantId=shop.tenant.gid, metricKey="net_revenue")
        kpis = (await told.next())["metricChanged"]["kpis"]
        assert [kpi["metricKey"] for kpi in kpis] == ["orders", "net_revenue"]


async def test_a_burst_is_told_by_its_end(opened: Open, world: World, shop: Shop) -> None:
    async with opened(subscription_interval_milliseconds=500) as url, told_at(url, world) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid)
        assert counted(await told.next()) == [0]
        for number in range(1, 9):
            await sell(shop, number)
        events = 0
        while counted(await told.next()) != [8]:
            events += 1
        assert events < 4


async def test_how_connections_stand_is_told(address: str, agency: Caller, shop: Shop) -> None:
    gid = encode(Kind.CONNECTION, shop.tenant.id, shop.connection_id)
    async with subscriber(address, agency.token) as told:
        await told.subscribe(STATUS, t=shop.tenant.gid)
        for status, reason in (("ACTIVE", None), ("PAUSED", None), ("REVOKED", "UNINSTALLED")):
            if status != "ACTIVE":
                await set_status(shop, status, reason)
            assert (await told.next())["connectionStatusChanged"]["connections"] == [
                {"id": gid, "status": status, "reason": reason}
            ]


async def test_another_process_tells_what_one_has_changed(opened: Open, world: World, agency: Caller) -> None:
    """A mutation here, a subscriber there."""
    tenant = (await agency.change("tenantCreate", "tenant { id }", name="A", currency="EUR", timeZone="UTC"))["tenant"]
    async with opened() as url, told_at(url, world) as told:
        await told.subscribe(ORDERS, t=tenant["id"])
        assert (await told.next())["metricChanged"]["kpis"] == []
        await agency.change("kpiCreate", tenantId=tenant["id"], metricKey="orders")
        assert len((await told.next())["metricChanged"]["kpis"]) == 1


async def test_nobody_hears_of_another_tenant(address: str, world: World, agency: Caller, shop: Shop) -> None:
    other = await world.another_shop(await world.another_tenant())
    await world.planner(other.tenant).kpi("orders")
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid)
        assert counted(await told.next()) == [0]
        await sell(other, 1)
        await told.silence()
        await sell(shop, 1)
        assert counted(await told.next()) == [1]


async def test_foreign_ids_are_answered_like_unknown_ones(
    address: str, http: httpx2.AsyncClient, world: World, agency: Caller
) -> None:
    stranger = world.stranger
    unknown = encode(Kind.TENANT, stranger.machine.organization_id, stranger.machine.organization_id)
    lost = encode(Kind.CONNECTION, world.agency.tenant.id, stranger.shop.connection_id)
    async with subscriber(address, agency.token) as told:
        for query, name, ids in (
            (ORDERS, "t", [stranger.tenant.gid, unknown, "ten_nonsense", world.agency.gids[Kind.KPI]]),
            (STATUS, "t", [stranger.tenant.gid, unknown, "ten_nonsense"]),
            (PROGRESS, "c", [stranger.gids[Kind.CONNECTION], lost, "con_nonsense"]),
        ):
            refusals = []
            for gid in ids:
                await told.subscribe(query, **{name: gid})
                refusal = await told.refusal()
                refusals.append((refusal["message"], refusal["extensions"]))
                async with stream(http, agency.token, query, headers=None, **{name: gid}) as streamed:
                    assert await streamed.code() == "NOT_FOUND"
            assert refusals == [refusals[0]] * len(ids)
            field = ["connectionId" if name == "c" else "tenantId"]
            assert refusals[0][1] == {"code": "NOT_FOUND", "field": field}


async def test_what_the_token_does_not_cover_is_refused(address: str, http: httpx2.AsyncClient, world: World) -> None:
    reader = await sign_in(http, world.agency.machine, ApiScope.READ_METRICS)
    async with subscriber(address, reader.token) as told:
        await told.subscribe(STATUS, t=world.agency.tenant.gid)
        assert await told.code() == "FORBIDDEN_SCOPE"
        await told.subscribe(ORDERS, t=world.agency.tenant.gid)
        await told.next()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "SYNTAX_ERROR"),
        ("subscription { nothing }", "VALIDATION_FAILED"),
        ("subscription { a: metricChanged(tenantId: 1) { kpis { id } } metricChanged(tenantId: 1) { kpis { id } } }",
         "VALIDATION_FAILED"),
        ('subscription { metricChanged(tenantId: "x", metricKeys: ["unheard_of"]) { kpis { id } } }', "NOT_FOUND"),
        ("{ viewer { clientId } }", "SUBSCRIPTIONS_ONLY"),
        ('mutation { appArchive(input: { appId: "x" }) { userErrors { code } } }', "SUBSCRIPTIONS_ONLY"),
        ("subscription A { metricChanged(tenantId: 1) { kpis { id } } } query B { viewer { clientId } }",
         "OPERATION_NAME_REQUIRED"),
    ],
)  # fmt: skip
async def test_what_cannot_be_told_is_refused_and_the_connection_stays(
    address: str, http: httpx2.AsyncClient, agency: Caller, ledger: Ledger, query: str, code: str
) -> None:
    before = await ledger.read()
    async with subscriber(address, agency.token) as told:
        for _ in range(2):
            await told.subscribe(query)
            assert await told.code() == code
    async with stream(http, agency.token, query) as streamed:
        assert await streamed.code() == code
    assert await ledger.read() == before


async def test_metrics_that_do_not_exist_are_named(address: str, agency: Caller, shop: Shop) -> None:
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid, k=["orders", "unheard_of"])
        assert (await told.refusal())["extensions"] == {"code": "UNKNOWN_METRIC", "field": ["metricKeys", "1"]}


async def test_a_subscription_is_not_asked_like_a_query(agency: Caller, shop: Shop) -> None:
    body = {"query": ORDERS, "variables": {"t": shop.tenant.gid}}
    answer = await agency.post(body)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")
    mixed = {"Accept": "application/json, text/event-stream", **agency.headers}
    query = await agency.http.post("/graphql", json={"query": "{ viewer { clientId } }"}, headers=mixed)
    assert query.headers["content-type"].startswith("application/json")
    async with agency.http.stream("POST", "/graphql", json=body, headers=mixed) as response:
        assert response.headers["content-type"] == "text/event-stream"


async def test_a_grant_that_ends_ends_what_is_told_by_it(quick: str, world: World, shop: Shop) -> None:
    token = await token_at(quick, world.agency.machine)
    async with (
        httpx2.AsyncClient(base_url=quick, trust_env=False) as http,
        subscriber(quick, token) as told,
        stream(http, token, ORDERS, t=shop.tenant.gid) as streamed,
    ):
        await told.subscribe(ORDERS, t=shop.tenant.gid)
        await told.next()
        await told.subscribe(ORDERS, id="other", t=world.sister.tenant.gid)
        await told.next("other")
        await streamed.next()
        await change_grants(world.database, shop.tenant, revoked_at=datetime.now(UTC))
        assert await told.code() == "GRANT_ENDED"
        assert await streamed.code() == "GRANT_ENDED"
        await told.silence()


async def test_nothing_is_told_between_the_end_of_a_grant_and_the_next_check(
    address: str, world: World, agency: Caller, shop: Shop
) -> None:
    async with subscriber(address, agency.token) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid)
        await told.next()
        await change_grants(world.database, shop.tenant, revoked_at=datetime.now(UTC))
        await sell(shop, 1)
        assert await told.code() == "GRANT_ENDED"


async def test_a_caller_that_ends_is_put_out(
    opened: Open, world: World, machine: Machine, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every transport: its app was put away, and the half minute is over for which callers are remembered."""
    monkeypatch.setattr(Callers.__init__, "__kwdefaults__", {"memory_seconds": 0.1})
    tenant = await new_tenant(world.database, world.keyring, machine.actor)
    async with opened(**QUICK) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        token = await token_at(url, machine)
        async with (
            subscriber(url, token) as told,
            subscriber(url, token) as idle,
            stream(http, token, ORDERS, t=tenant.gid) as streamed,
        ):
            await told.subscribe(ORDERS, t=tenant.gid)
            await told.next()
            await streamed.next()
            await caller.change("appArchive", appId=encode(Kind.APP, machine.organization_id, machine.actor.app_id))
            assert await told.code() == "UNAUTHENTICATED"
            assert await told.closed() == 4403
            assert await idle.closed() == 4403
            assert await streamed.code() == "UNAUTHENTICATED"


async def test_a_listener_that_is_cut_off_misses_nothing(
    opened: Open, world: World, shop: Shop, ledger: Ledger
) -> None:
    """What is said while nobody can listen is not heard, and is told all the same."""
    before = await ears(ledger)
    async with opened() as url, told_at(url, world) as told:
        await told.subscribe(ORDERS, t=shop.tenant.gid)
        assert counted(await told.next()) == [0]
        await sell(shop, 1)
        assert counted(await told.next()) == [1]
        (ear,) = await ears(ledger) - before
        await ledger.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT 0")
        try:
            await ledger.execute("SELECT pg_terminate_backend($1)", ear)
            await sell(shop, 2)
            await told.silence()
        finally:
            await ledger.execute(f"ALTER ROLE {APPLICATION} CONNECTION LIMIT -1")
        assert counted(await told.next()) == [2]
        await sell(shop, 3)
        assert counted(await told.next()) == [3]
        assert len(await ears(ledger) - before - {ear}) == 1


async def ears(ledger: Ledger) -> set[int]:
    listening = "SELECT pid FROM pg_stat_activity WHERE application_name = 'azimuth-notices'"
    return {row["pid"] for row in await ledger.connection.fetch(listening)}


async def test_a_server_that_stops_sends_everybody_away_in_order(opened: Open, world: World, shop: Shop) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        async with opened() as url:
            http.base_url = httpx2.URL(url)
            token = await token_at(url, world.agency.machine)
            connected = subscriber(url, token)
            told = await connected.__aenter__()
            streaming = stream(http, token, ORDERS, t=shop.tenant.gid)
            streamed = await streaming.__aenter__()
            await told.subscribe(ORDERS, t=shop.tenant.gid)
            await told.next()
            await streamed.next()
            leaving = asyncio.gather(told.closed(), streamed.ended())
        assert (await leaving)[0] == 1001
        await connected.__aexit__(None, None, None)
        await streaming.__aexit__(None, None, None)

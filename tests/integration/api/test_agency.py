"""An agency with fifty clients, from the first invitation to a client that leaves: each step stands on the one before.

Outbound events and exports are not part of it yet, nor starter packs: a template is rolled out instead of one.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.ids import Kind, decode_as
from domain.connections.house import House
from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, Audience
from tenants.registry.profile import get_profile
from tenants.scope import Scope
from tests.factories.jobs import work_off
from tests.factories.organizations import Machine, new_machine
from tests.factories.people import PASSWORD, KnownPerson
from tests.factories.plans import Planner
from tests.factories.shops import new_provider_app, new_shop, order
from tests.factories.tenants import Tenancy, change_grants
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import MANAGE, new_address, sign_in_to
from tests.integration.api.subscriber import subscriber
from tests.integration.api.world import World
from tests.integration.oauth.browser import press
from tests.integration.oauth.world import KnownApp, new_app

COUNT, OF_A = 50, 20
"""Clients, and those of them that team A looks after; team B has the others."""
PROGRESS = "subscription($job: ID!) { jobProgress(id: $job) { state total done failed } }"
RESULTS = """query($id: ID!) { node(id: $id) { ... on Job { state done failed
  results(first: 100) { nodes { tenantId code } } } } }"""
CLIENTS = """query($filter: PortfolioFilter, $order: PortfolioOrder) {
  portfolio(filter: $filter, orderBy: $order, first: 100) {
    totalCount denied { tenantId reason }
    nodes { tenant { id name } tags status worstKpi { kpi { metricKey } gap } connectionsNeedingAttention } } }"""
NAME = "query($id: ID!) { tenant(id: $id) { name } }"
ACROSS = """{ portfolio { metric(metricKey: "average_order_value") {
  acrossClients { currency n median p25 p75 } byClient(first: 100) { nodes { tenantId value percentile } } } } }"""
DRIFT = """query($id: ID!) { node(id: $id) { ... on Template { newest
  drift(first: 100) { nodes { tenantId version denied { code } fromNewest { kind name state } } } } } }"""
READERS = """query($id: ID!) { tenant(id: $id) {
  readers(since: "2026-01-01T00:00:00Z") { organization { name } requests } grants { nodes { revokedAt } } } }"""
USED = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Tenant { usage(since: "2026-01-01T00:00:00Z") {
  requests points recordsSynced } } } }"""


@dataclass
class Agency:
    """And what came of the steps so far. `clients` are by name."""

    world: World
    http: httpx2.AsyncClient
    browser: httpx2.AsyncClient
    address: str
    house: House
    ledger: Ledger
    machine: Machine
    caller: Caller
    front_end: KnownApp
    clients: dict[str, str] = field(default_factory=dict)

    async def join(self, url: str, address: str) -> Caller:
        """Somebody who was invited makes an account, and signs in to the agency's front end."""
        self.browser.cookies.clear()
        await press(self.browser, await self.browser.get(url), "account", password=PASSWORD)
        return await sign_in_to(self.http, self.front_end, KnownPerson(UUID(int=0), address), *MANAGE)

    async def carried_out(self, job: str) -> dict[str, str]:
        """The code of each client, once a subscriber was told that all is done."""
        async with subscriber(self.address, self.caller.token) as socket:
            await socket.subscribe(PROGRESS, job=job)
            told = (await socket.next())["jobProgress"]
            await work_off(self.house, self.ledger.connection, job)
            while told["state"] != "DONE":
                told = (await socket.next())["jobProgress"]
        found = (await self.caller.ask(RESULTS, id=job)).data["node"]
        assert told == {"state": "DONE", "total": told["total"], "done": found["done"], "failed": found["failed"]}
        return {each["tenantId"]: each["code"] for each in found["results"]["nodes"]}

    async def portfolio(self, caller: Caller | None = None, **given: Any) -> dict[str, Any]:
        return dict((await (caller or self.caller).ask(CLIENTS, **given)).data["portfolio"])

    async def tenancy(self, gid: str) -> Tenancy:
        tenant_id = decode_as(Kind.TENANT, gid).owner
        async with self.world.database.snapshot(Scope.of_tenant(tenant_id)) as session:
            return Tenancy(await get_profile(session, tenant_id))


@pytest.fixture
async def agency(
    world: World,
    http: httpx2.AsyncClient,
    browser: httpx2.AsyncClient,
    address: str,
    worker_house: House,
    ledger: Ledger,
) -> Agency:
    machine = await new_machine(world.database)
    front_end = await new_app(
        world.database,
        machine.organization_id,
        AppKind.PUBLIC,
        scopes=tuple(ApiScope),
        audience=Audience.ANY_ORGANIZATION,
    )
    caller = await sign_in(http, machine)
    return Agency(world, http, browser, address, worker_house, ledger, machine, caller, front_end)


async def test_an_agency_with_fifty_clients(agency: Agency) -> None:
    await win_clients(agency)
    owner = await hand_over(agency, "Client 00")
    managers = await share_out(agency)
    await keep_apart(agency, managers)
    template = await roll_out(agency)
    await look_at_all(agency)
    await compare(agency)
    await lose_one_in_the_middle(agency, template, managers)
    await part(agency, owner)


async def win_clients(agency: Agency) -> None:
    inputs = [
        {"name": f"Client {at:02}", "currency": "EUR", "timeZone": "UTC", "industry": ("RETAIL", "FOOD")[at % 2]}
        for at in range(COUNT)
    ]
    for input in inputs:
        made = await agency.caller.change("tenantCreate", "tenant { id name }", **input)
        agency.clients[made["tenant"]["name"]] = made["tenant"]["id"]
    for name in ("Client 00", "Client 01", "Client 30"):
        await agency.caller.change("clientTagsSet", clientId=agency.clients[name], tags=["key account"])
    await sell(agency)


async def sell(agency: Agency) -> None:
    """Four of them, for a month: their orders are worth 10, 20, 30 and 40 euros each."""
    app = await new_provider_app(agency.world.database, agency.world.keyring, agency.machine.organization_id)
    at = (datetime.now(UTC).replace(day=1) - timedelta(days=10)).replace(hour=12)
    for worth, name in enumerate(("Client 00", "Client 01", "Client 02", "Client 30"), start=1):
        tenant = await agency.tenancy(agency.clients[name])
        shop = await new_shop(agency.world.database, agency.world.keyring, tenant, provider_app_id=app)
        await shop.sell(*(order(number, at, 1000 * worth) for number in range(1, 3)))
        if name == "Client 01":
            await shop.stand("NEEDS_REAUTH")


async def hand_over(agency: Agency, name: str) -> Caller:
    """A client gets its owner, who decides from then on who may read it."""
    address = new_address()
    client = agency.clients[name]
    made = await agency.caller.change("tenantOwnerInvite", "url", tenantId=client, address=address)
    owner = await agency.join(made["url"], address)
    assert (await owner.ask(NAME, id=client)).data["tenant"]["name"] == name
    return owner


async def share_out(agency: Agency) -> dict[str, Caller]:
    """Two teams, each with a manager, and a job that gives each team its clients."""
    managers = {}
    for name, clients in (
        ("Team A", list(agency.clients.values())[:OF_A]),
        ("Team B", list(agency.clients.values())[OF_A:]),
    ):
        team = (await agency.caller.change("organizationCreate", "organization { id }", name=name))["organization"][
            "id"
        ]
        given = {
            "organizationId": team,
            "tenantIds": clients,
            "role": "ANALYST",
            "scopes": ["READ_METRICS", "READ_CONNECTIONS"],
        }
        job = (await agency.caller.change("clientsAssign", "job { id }", **given))["job"]["id"]
        assert await agency.carried_out(job) == dict.fromkeys(clients, "DONE")
        address = new_address()
        invited = await agency.caller.change(
            "invitationCreate", "url", address=address, role="OWNER", organizationId=team
        )
        managers[name] = await agency.join(invited["url"], address)
    return managers


async def keep_apart(agency: Agency, managers: dict[str, Caller]) -> None:
    """Each manager has exactly the clients of the team, and is told nothing of the others, however it is asked."""
    gids = list(agency.clients.values())
    for name, own in (("Team A", gids[:OF_A]), ("Team B", gids[OF_A:])):
        manager, foreign = managers[name], next(gid for gid in gids if gid not in own)
        assert {each["tenant"]["id"] for each in (await agency.portfolio(manager))["nodes"]} == set(own)
        assert (await manager.ask(NAME, id=foreign)).code == "NOT_FOUND"
        asked = (await manager.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[own[0], foreign])).data
        assert asked["nodes"] == [{"id": own[0]}, None]
        sought = await agency.portfolio(manager, filter={"tenantIds": [own[0], foreign]})
        assert sought["denied"] == [{"tenantId": foreign, "reason": "NOT_FOUND"}]
        assert [each["tenant"]["id"] for each in sought["nodes"]] == [own[0]]
        async with subscriber(agency.address, manager.token) as socket:
            await socket.subscribe("subscription($t: ID!) { metricChanged(tenantId: $t) { kpis { id } } }", t=foreign)
            assert await socket.code() == "NOT_FOUND"


async def roll_out(agency: Agency) -> str:
    """The plan of the best client becomes everybody's. Who has no baseline yet gets all but the target."""
    best = agency.clients["Client 30"]
    planner = Planner(agency.world.database, agency.machine.actor, await agency.tenancy(best))
    kpi = await planner.kpi("net_revenue")
    await planner.objective("Sell more", kpis=(kpi, await planner.kpi("average_order_value")))
    today = datetime.now(UTC).date()
    begun, due = today - timedelta(days=90), today + timedelta(days=270)
    await planner.target(kpi, start_value=Decimal(100), value=Decimal(110), start_on=begun, due_on=due)
    made = await agency.caller.change("templateCreate", "template { id newest }", tenantId=best, name="Retail")
    template: str = made["template"]["id"]
    others = [gid for gid in agency.clients.values() if gid != best]
    given = {"templateId": template, "tenantIds": others, "startsOn": "2026-01-01"}
    job = (await agency.caller.change("templateApply", "job { id }", **given))["job"]["id"]
    assert await agency.carried_out(job) == dict.fromkeys(others, "PARTLY_DONE")
    kpis = "query($id: ID!) { tenant(id: $id) { kpis { nodes { metricKey } } objectives { nodes { title } } } }"
    tenant = (await agency.caller.ask(kpis, id=others[7])).data["tenant"]
    assert [each["metricKey"] for each in tenant["kpis"]["nodes"]] == ["net_revenue", "average_order_value"]
    assert tenant["objectives"]["nodes"] == [{"title": "Sell more"}]
    return template


async def look_at_all(agency: Agency) -> None:
    portfolio = await agency.portfolio(order={"field": "NAME"})
    assert (portfolio["totalCount"], portfolio["denied"]) == (COUNT, [])
    assert [each["tenant"]["name"] for each in portfolio["nodes"]] == sorted(agency.clients)
    (behind,) = [each for each in portfolio["nodes"] if each["worstKpi"]]
    assert (behind["tenant"]["name"], behind["worstKpi"]["kpi"]["metricKey"]) == ("Client 30", "net_revenue")
    key_accounts = (await agency.portfolio(filter={"tags": ["key account"]}))["nodes"]
    assert [each["tenant"]["name"] for each in key_accounts] == ["Client 00", "Client 01", "Client 30"]
    assert [each["connectionsNeedingAttention"] for each in key_accounts] == [0, 1, 0]
    waiting = (await agency.portfolio(filter={"needsAttention": True}))["nodes"]
    assert [each["tenant"]["name"] for each in waiting] == ["Client 01"]


async def compare(agency: Agency) -> None:
    """By baskets of 10, 20, 30 and 40 euros."""
    metric = (await agency.caller.ask(ACROSS)).data["portfolio"]["metric"]
    assert metric["acrossClients"] == [{"currency": "EUR", "n": 4, "median": "25.00", "p25": "17.50", "p75": "32.50"}]
    found = {each["tenantId"]: each for each in metric["byClient"]["nodes"]}
    assert len(found) == COUNT
    assert found[agency.clients["Client 30"]]["value"] == "40.00"
    assert found[agency.clients["Client 30"]]["percentile"] == "0.875"
    assert found[agency.clients["Client 49"]]["value"] is None


async def lose_one_in_the_middle(agency: Agency, template: str, managers: dict[str, Caller]) -> None:
    """Forty-nine answers and one denial, whichever way they are asked."""
    lost = agency.clients["Client 25"]
    await change_grants(agency.world.database, await agency.tenancy(lost), revoked_at=datetime.now(UTC))
    for caller, count in ((agency.caller, COUNT), (managers["Team B"], COUNT - OF_A)):
        portfolio = await agency.portfolio(caller)
        assert portfolio["totalCount"] == count - 1
        assert portfolio["denied"] == [{"tenantId": lost, "reason": "GRANT_ENDED"}]
        assert lost not in {each["tenant"]["id"] for each in portfolio["nodes"]}
        assert (await caller.ask(NAME, id=lost)).code == "GRANT_ENDED"
    await ask_one_by_one(agency, lost)
    drift = (await agency.caller.ask(DRIFT, id=template)).data["node"]["drift"]["nodes"]
    assert {each["tenantId"]: each["denied"]["code"] for each in drift if each["denied"]} == {lost: "GRANT_ENDED"}
    assert len(drift) == COUNT - 1, "the best client is where it comes from"
    given = {
        "templateId": template,
        "tenantIds": list(agency.clients.values()),
        "startsOn": "2026-01-01",
        "dryRun": True,
    }
    job = (await agency.caller.change("templateApply", "job { id }", **given))["job"]["id"]
    codes = await agency.carried_out(job)
    assert codes.pop(lost) == "GRANT_ENDED"
    assert len(codes) == COUNT - 1
    assert "GRANT_ENDED" not in codes.values()
    used = (await agency.caller.ask(USED, ids=list(agency.clients.values()))).data["nodes"]
    assert [each for each in used if each is None] == [None]


async def ask_one_by_one(agency: Agency, lost: str) -> None:
    """All in one document, under a name each: one error, and null in one place."""
    named = " ".join(f't{at}: tenant(id: "{gid}") {{ id }}' for at, gid in enumerate(agency.clients.values()))
    told = await agency.caller.ask(f"{{ {named} }}")
    assert told.code == "GRANT_ENDED"
    assert [each and each["id"] for each in told.body["data"].values()] == [
        None if gid == lost else gid for gid in agency.clients.values()
    ]


async def part(agency: Agency, owner: Caller) -> None:
    """A client leaves: it keeps its data and knows who read what; the agency and its team have no way in any more."""
    gone = agency.clients["Client 00"]
    await agency.caller.change("tenantLeave", tenantId=gone)
    assert (await agency.caller.ask(NAME, id=gone)).code == "GRANT_ENDED"
    assert (await agency.portfolio())["totalCount"] == COUNT - 2
    tenant = (await owner.ask(READERS, id=gone)).data["tenant"]
    assert all(each["revokedAt"] for each in tenant["grants"]["nodes"])
    kept = "query($id: ID!) { tenant(id: $id) { kpis { nodes { metricKey value { value } } } } }"
    values = {
        each["metricKey"]: each["value"]["value"]
        for each in (await owner.ask(kept, id=gone)).data["tenant"]["kpis"]["nodes"]
    }
    assert values["net_revenue"] == "20.00"

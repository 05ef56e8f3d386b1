"""Many clients in one query: who is there, who is missing and why, in what order, and what they come to together."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from api.ids import tenant_gid
from domain.kpis.trajectories import Trajectory
from tenants.access.actor import ApiScope
from tenants.ids import new_id
from tests.factories.organizations import Machine, new_machine
from tests.factories.plans import Planner
from tests.factories.shops import new_provider_app, new_shop, order
from tests.factories.tenants import Tenancy, change_grants, give_grant, new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.test_embeds import ask, embed
from tests.integration.api.world import World

TODAY = date(2025, 4, 10)
SALES = {  # of March 2025, in minor units
    "Alpha": ("EUR", [10_000, 5_000]),
    "Bravo": ("EUR", [30_000]),
    "Charlie": ("USD", [7_000]),
    "delta": ("EUR", [2_500, 2_500, 2_500, 2_500]),
}
TRAITS = {
    "Alpha": {"industry": "RETAIL", "size_band": "1-9"},
    "Bravo": {"industry": "FOOD", "size_band": "1-9", "business_model": "B2C"},
    "Charlie": {"industry": "RETAIL", "size_band": "10-49"},
    "delta": {},
    "Echo": {"industry": "FOOD"},
}
TARGETS = {"Alpha": Decimal(1000), "Bravo": Decimal(200), "delta": Decimal(103)}
"""To be held, by the revenue of a month. Alpha is far off, delta within its tolerance, Bravo beyond it."""

NAMES = """query($filter: PortfolioFilter, $order: PortfolioOrder, $first: Int = 20, $after: String) {
  portfolio(filter: $filter, orderBy: $order, first: $first, after: $after) {
    totalCount nodes { tenant { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor } } }"""
DENIED = """query($filter: PortfolioFilter) {
  portfolio(filter: $filter) { totalCount denied { tenantId reason endedAt } nodes { tenant { id } } } }"""


@dataclass
class Agency:
    machine: Machine
    caller: Caller
    clients: dict[str, Tenancy]

    async def names(self, order: dict[str, Any] | None = None, **filter_: Any) -> list[str]:
        data = (await self.caller.ask(NAMES, filter=filter_ or None, order=order)).data["portfolio"]
        names = [each["tenant"]["name"] for each in data["nodes"]]
        assert data["totalCount"] == len(names)
        return names

    async def walk(self, order: dict[str, Any], *, first: int) -> list[str]:
        """Page by page."""
        names: list[str] = []
        after = None
        for _ in range(20):
            page = (await self.caller.ask(NAMES, order=order, first=first, after=after)).data["portfolio"]
            names += [each["tenant"]["name"] for each in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return names
        raise AssertionError(names)

    async def tell(self, selection: str, **filter_: Any) -> dict[str, Any]:
        document = f"query($filter: PortfolioFilter) {{ portfolio(filter: $filter) {{ {selection} }} }}"
        told: dict[str, Any] = (await self.caller.ask(document, filter=filter_ or None)).data["portfolio"]
        return told


@pytest.fixture(scope="module")
async def agency(world: World, http: httpx2.AsyncClient) -> Agency:
    """Five clients, of whom four sell and three have a target. Nobody looks at them but this module."""
    machine = await new_machine(world.database)
    provider_app = await new_provider_app(world.database, world.keyring, machine.organization_id)
    shift = (TODAY - datetime.now(UTC).date()).days
    clients: dict[str, Tenancy] = {}
    for name, traits in TRAITS.items():
        currency, amounts = SALES.get(name, ("EUR", []))
        given = {"name": name, "currency": currency, "time_zone": "UTC", "clock_shift_days": shift, **traits}
        tenant = clients[name] = await new_tenant(world.database, world.keyring, machine.actor, **given)
        planner = Planner(world.database, machine.actor, tenant)
        if name in TARGETS:
            kpi = await planner.kpi("net_revenue", name=f"Revenue of {name}")
            await planner.target(
                kpi,
                value=TARGETS[name],
                start_value=TARGETS[name],
                trajectory=Trajectory.HOLD,
                tolerance=Decimal("0.1"),
            )
        if amounts:
            shop = await new_shop(world.database, world.keyring, tenant, provider_app_id=provider_app)
            at = datetime(2025, 3, 5, 12, tzinfo=UTC)
            await shop.sell(
                *(order(n, at, gross, customer=str(n), currency=currency) for n, gross in enumerate(amounts, start=1))
            )
    return Agency(machine, await sign_in(http, machine), clients)


async def test_all_clients_oldest_first(agency: Agency) -> None:
    assert await agency.names() == ["Alpha", "Bravo", "Charlie", "delta", "Echo"]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ({"name": "LPH"}, ["Alpha"]),
        ({"name": "a"}, ["Alpha", "Bravo", "Charlie", "delta"]),
        ({"currencies": ["USD"]}, ["Charlie"]),
        ({"industries": ["RETAIL"]}, ["Alpha", "Charlie"]),
        ({"industries": ["RETAIL", "FOOD"], "sizeBands": ["1-9"]}, ["Alpha", "Bravo"]),
        ({"businessModels": ["B2C"]}, ["Bravo"]),
        ({"statuses": ["OFF_TRACK", "AT_RISK"]}, ["Alpha", "delta"]),
        ({"statuses": ["NO_DATA"]}, ["Charlie", "Echo"]),
        ({"currencies": []}, []),
        ({"needsAttention": True}, []),
    ],
)
async def test_clients_that_have_something(agency: Agency, filter_: dict[str, Any], names: list[str]) -> None:
    assert await agency.names(**filter_) == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({"field": "NAME"}, ["Alpha", "Bravo", "Charlie", "delta", "Echo"]),
        ({"field": "NAME", "direction": "DESC"}, ["Echo", "delta", "Charlie", "Bravo", "Alpha"]),
        ({"field": "STATUS"}, ["Alpha", "delta", "Bravo", "Charlie", "Echo"]),
        ({"field": "STATUS", "direction": "DESC"}, ["Bravo", "delta", "Alpha", "Charlie", "Echo"]),
        ({"field": "METRIC", "metricKey": "orders"}, ["Bravo", "Charlie", "Alpha", "delta", "Echo"]),
        (
            {"field": "METRIC", "metricKey": "orders", "direction": "DESC"},
            ["delta", "Alpha", "Bravo", "Charlie", "Echo"],
        ),
        (
            {"field": "METRIC", "metricKey": "net_revenue", "period": "THIS_MONTH"},
            ["Alpha", "Bravo", "Charlie", "delta", "Echo"],
        ),
    ],
)
async def test_an_order_and_its_pages(agency: Agency, order: dict[str, Any], names: list[str]) -> None:
    assert await agency.names(order) == names
    for first in (1, 2, 5):
        assert await agency.walk(order, first=first) == names


async def test_a_page_says_what_is_around_it(agency: Agency) -> None:
    order = {"field": "NAME"}
    first = (await agency.caller.ask(NAMES, order=order, first=2)).data["portfolio"]
    assert [each["cursor"] for each in first["edges"]] == [
        first["pageInfo"]["startCursor"],
        first["pageInfo"]["endCursor"],
    ]
    assert (first["pageInfo"]["hasNextPage"], first["pageInfo"]["hasPreviousPage"]) == (True, False)
    after = first["pageInfo"]["endCursor"]
    second = (await agency.caller.ask(NAMES, order=order, first=3, after=after)).data["portfolio"]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert second["totalCount"] == first["totalCount"] == 5


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"order": {"field": "METRIC"}}, "METRIC_MISSING", ["orderBy", "metricKey"]),
        ({"order": {"field": "METRIC", "metricKey": "luck"}}, "UNKNOWN_METRIC", ["orderBy", "metricKey"]),
        ({"first": -1}, "INVALID", ["first"]),
        ({"first": 101}, "PAGE_TOO_LARGE", ["first"]),
        ({"after": "nonsense"}, "INVALID_CURSOR", ["after"]),
        ({"after": "WzEsMl0", "order": {"field": "NAME"}}, "INVALID_CURSOR", ["after"]),
        ({"filter": {"tenantIds": ["ten_x"]}}, "NOT_FOUND", ["filter", "tenantIds"]),
        ({"filter": {"tenantIds": [tenant_gid(new_id())] * 1001}}, "TOO_MANY_IDS", ["filter", "tenantIds"]),
    ],
)
async def test_what_is_no_question(agency: Agency, given: dict[str, Any], code: str, field: list[str]) -> None:
    answer = await agency.caller.ask(NAMES, **given)
    assert (answer.code, answer.error["extensions"]["field"]) == (code, field)


@pytest.mark.parametrize(
    ("order", "another"),
    [
        ({"field": "NAME"}, {"field": "STATUS"}),
        ({"field": "NAME"}, None),
        ({"field": "NAME"}, {"field": "NAME", "direction": "DESC"}),
        ({"field": "STATUS"}, {"field": "METRIC", "metricKey": "orders"}),
        ({"field": "METRIC", "metricKey": "orders"}, {"field": "METRIC", "metricKey": "net_revenue"}),
    ],
)
async def test_a_cursor_of_another_order_is_none(agency: Agency, order: dict[str, str], another: Any) -> None:
    page = (await agency.caller.ask(NAMES, order=order, first=1)).data["portfolio"]
    answer = await agency.caller.ask(NAMES, order=another, after=page["pageInfo"]["endCursor"])
    assert answer.code == "INVALID_CURSOR"


async def test_how_clients_stand(agency: Agency) -> None:
    told = await agency.tell(
        'nodes { tenant { name } status connectionsNeedingAttention kpi(metricKey: "net_revenue") { name } '
        "worstKpi { kpi { name } gap progress { status actual { value } judgedBy } } }"
    )
    found = {each["tenant"]["name"]: each for each in told["nodes"]}
    assert {name: each["status"] for name, each in found.items()} == {
        "Alpha": "OFF_TRACK",
        "Bravo": "ON_TRACK",
        "Charlie": "NO_DATA",
        "delta": "AT_RISK",
        "Echo": "NO_DATA",
    }
    assert found["Alpha"]["worstKpi"] == {
        "kpi": {"name": "Revenue of Alpha"},
        "gap": "0.85",
        "progress": {"status": "OFF_TRACK", "actual": {"value": "150.00"}, "judgedBy": "1000.00"},
    }
    assert found["Bravo"]["worstKpi"]["gap"] == "-0.5"
    assert found["Echo"]["worstKpi"] is None
    assert found["Charlie"]["kpi"] is None
    assert found["Bravo"]["kpi"] == {"name": "Revenue of Bravo"}
    assert {each["connectionsNeedingAttention"] for each in told["nodes"]} == {0}


ACROSS = "acrossClients { currency n together p25 median p75 }"


async def test_a_metric_of_money_is_told_by_currency(agency: Agency) -> None:
    told = await agency.tell(f'metric(metricKey: "net_revenue") {{ metric {{ unit }} {ACROSS} }}')
    assert told["metric"]["metric"] == {"unit": "MONEY"}
    assert told["metric"]["acrossClients"] == [
        {"currency": "EUR", "n": 3, "together": "550.00", "p25": "125.00", "median": "150.00", "p75": "225.00"},
        {"currency": "USD", "n": 1, "together": "70.00", "p25": "70.00", "median": "70.00", "p75": "70.00"},
    ]


async def test_a_ratio_over_clients_is_one_of_sums(agency: Agency) -> None:
    """Three baskets of 75, 300 and 25: their mean is 133.33, what all spent by all orders is 550 / 7."""
    told = await agency.tell(f'metric(metricKey: "average_order_value") {{ {ACROSS} }}', currencies=["EUR"])
    (euros,) = told["metric"]["acrossClients"]
    assert euros["together"] == "78.571429"
    assert (euros["p25"], euros["median"], euros["p75"]) == ("50.00", "75.00", "187.50")


async def test_money_of_several_currencies_is_added_up_nowhere(agency: Agency) -> None:
    """Nor below the line of a ratio."""
    told = await agency.tell(f'metric(metricKey: "refund_rate") {{ {ACROSS} }}')
    assert [(each["currency"], each["n"], each["together"]) for each in told["metric"]["acrossClients"]] == [
        ("EUR", 3, "0"),
        ("USD", 1, "0"),
    ]
    told = await agency.tell(f'metric(metricKey: "orders_per_customer") {{ {ACROSS} }}')
    assert [(each["currency"], each["n"]) for each in told["metric"]["acrossClients"]] == [(None, 4)]


async def test_a_client_is_a_point_for_each_metric(agency: Agency) -> None:
    """And for its status: whatever the answer tells of it."""
    one = "m0: metric(metricKey: %s) { metric { key } }"
    orders, revenue = one % '"orders"', one.replace("m0", "m1") % '"net_revenue"'
    again = one.replace("m0", "m2") % '"orders"'
    costs = []
    for selection in (orders, f"{orders} {again}", f"{orders} {revenue}", "nodes { status }", "totalCount"):
        answer = await agency.caller.ask(f"{{ portfolio(first: 1) {{ {selection} }} }}")
        assert answer.data
        costs.append(answer.body["extensions"]["cost"]["actualQueryCost"])
    assert costs == [2 + 2 + 5, 2 + 4 + 5, 2 + 4 + 10, 2 + 1 + 1, 2]


async def test_there_are_only_so_many_metrics_at_once(agency: Agency) -> None:
    periods = ("TODAY", "YESTERDAY", "THIS_WEEK", "LAST_WEEK", "THIS_MONTH", "LAST_MONTH", "THIS_QUARTER")
    asked = " ".join(
        f'a{at}: metric(metricKey: "{key}", period: {period}) {{ metric {{ key }} }}'
        for at, (key, period) in enumerate((key, period) for key in ("orders", "net_revenue") for period in periods)
    )
    assert (await agency.caller.ask(f"{{ portfolio {{ {asked} }} }}")).code == "TOO_MANY_METRICS"


async def test_a_metric_client_by_client(agency: Agency) -> None:
    selection = "nodes { tenantId tenant { name } currency value nullReason percentile } pageInfo { hasNextPage }"
    told = await agency.tell(f'metric(metricKey: "net_revenue") {{ byClient {{ {selection} }} }}')
    figures = {each["tenant"]["name"]: each for each in told["metric"]["byClient"]["nodes"]}
    assert {name: (each["value"], each["percentile"]) for name, each in figures.items()} == {
        "Alpha": ("150.00", "0.5"),
        "Bravo": ("300.00", "0.8333333333"),
        "Charlie": ("70.00", "0.5"),
        "delta": ("100.00", "0.1666666667"),
        "Echo": (None, None),
    }
    assert figures["Echo"]["nullReason"] == "SOURCE_NOT_CONNECTED"
    assert figures["Alpha"]["tenantId"] == agency.clients["Alpha"].gid


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("CURRENCY", [("EUR", 4), ("USD", 1)]),
        ("INDUSTRY", [("FOOD", 2), ("RETAIL", 2), (None, 1)]),
        ("SIZE_BAND", [("1-9", 2), (None, 2), ("10-49", 1)]),
        ("BUSINESS_MODEL", [(None, 4), ("B2C", 1)]),
        ("STATUS", [("NO_DATA", 2), ("AT_RISK", 1), ("OFF_TRACK", 1), ("ON_TRACK", 1)]),
    ],
)
async def test_clients_by_what_they_have_in_common(
    agency: Agency, by: str, groups: list[tuple[str | None, int]]
) -> None:
    told = await agency.tell(f"groups(by: {by}) {{ key totalCount }}")
    assert [(each["key"], each["totalCount"]) for each in told["groups"]] == groups


async def test_a_group_has_its_own_figures(agency: Agency) -> None:
    told = await agency.tell(
        'groups(by: INDUSTRY) { key metric(metricKey: "orders") { acrossClients { n together } } }'
    )
    assert {each["key"]: each["metric"]["acrossClients"] for each in told["groups"]} == {
        "FOOD": [{"n": 1, "together": "1"}],
        "RETAIL": [{"n": 2, "together": "3"}],
        None: [{"n": 1, "together": "4"}],
    }


async def test_tags_are_ones_own(agency: Agency, world: World, http: httpx2.AsyncClient) -> None:
    alpha, bravo = agency.clients["Alpha"], agency.clients["Bravo"]
    told = await agency.caller.change("clientTagsSet", "tags", clientId=alpha.gid, tags=["retail", " north ", "retail"])
    assert told["tags"] == ["north", "retail"]
    await agency.caller.change("clientTagsSet", clientId=bravo.gid, tags=["north"])
    assert await agency.names(tags=["retail"]) == ["Alpha"]
    assert await agency.names(tags=["north", "south"]) == ["Alpha", "Bravo"]
    groups = (await agency.tell("groups(by: TAG) { key totalCount }"))["groups"]
    assert [(each["key"], each["totalCount"]) for each in groups] == [(None, 3), ("north", 2), ("retail", 1)]

    partner = await new_machine(world.database)
    await give_grant(world.database, alpha, partner.organization_id)
    caller = await sign_in(http, partner)
    (seen,) = (await caller.ask("{ portfolio { nodes { tenant { name } tags } } }")).data["portfolio"]["nodes"]
    assert seen == {"tenant": {"name": "Alpha"}, "tags": []}

    await agency.caller.change("clientTagsSet", clientId=alpha.gid, tags=[])
    assert await agency.names(tags=["retail"]) == []


async def test_whoever_sets_tags_at_once_leaves_those_of_one(agency: Agency) -> None:
    client = agency.clients["Charlie"].gid
    wanted = [["a"], ["b"], ["c"], ["a"]]
    await asyncio.gather(*(agency.caller.change("clientTagsSet", clientId=client, tags=tags) for tags in wanted))
    (told,) = (await agency.tell("nodes { tags }", name="Charlie"))["nodes"]
    assert told["tags"] in wanted
    await agency.caller.change("clientTagsSet", clientId=client, tags=[])


async def test_the_page_of_an_end_user_sees_no_tags(agency: Agency, http: httpx2.AsyncClient) -> None:
    """Which may be the client's own, who is not meant to know."""
    alpha = agency.clients["Alpha"]
    await agency.caller.change("clientTagsSet", clientId=alpha.gid, tags=["pays late"])
    token = await embed(http, agency.machine, agency.caller, alpha)
    query = """query($filter: PortfolioFilter) { portfolio(filter: $filter) {
      totalCount denied { tenantId } nodes { tenant { name } tags } groups(by: TAG) { key } } }"""
    told = (await ask(http, token, query)).json()["data"]["portfolio"]
    assert told["nodes"] == [{"tenant": {"name": "Alpha"}, "tags": []}]
    assert (told["totalCount"], told["denied"], told["groups"]) == (1, [], [{"key": None}])
    told = (await ask(http, token, query, filter={"tags": ["pays late"]})).json()["data"]["portfolio"]
    assert told["totalCount"] == 0
    await agency.caller.change("clientTagsSet", clientId=alpha.gid, tags=[])


@pytest.mark.parametrize(
    ("tags", "code"), [(["x" * 51], "INVALID"), ([" "], "INVALID"), ([str(at) for at in range(21)], "TOO_MANY_TAGS")]
)
async def test_what_is_no_tag(agency: Agency, tags: list[str], code: str) -> None:
    refusal = await agency.caller.refusal("clientTagsSet", clientId=agency.clients["Echo"].gid, tags=tags)
    assert (refusal.code, refusal.field) == (code, ("input", "tags"))


async def test_nobody_tags_a_tenant_that_is_not_theirs(agency: Agency, world: World) -> None:
    stranger = world.stranger.tenant.gid
    refusal = await agency.caller.refusal("clientTagsSet", clientId=stranger, tags=["mine"])
    assert (refusal.code, refusal.field) == ("NOT_FOUND", ("input", "clientId"))


async def test_who_is_missing_and_why(world: World, http: httpx2.AsyncClient) -> None:
    machine = await new_machine(world.database)
    caller = await sign_in(http, machine)
    kept, ended, narrow = [await world.another_tenant(name=name) for name in ("Kept", "Ended", "Narrow")]
    await give_grant(world.database, kept, machine.organization_id)
    await give_grant(world.database, narrow, machine.organization_id, scopes=(ApiScope.READ_CONNECTIONS,))
    await give_grant(world.database, ended, machine.organization_id)
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    await change_grants(world.database, ended, revoked_at=at)
    expected = [
        {"tenantId": narrow.gid, "reason": "NO_GRANT", "endedAt": None},
        {"tenantId": ended.gid, "reason": "GRANT_ENDED", "endedAt": "2026-05-04T12:00:00+00:00"},
    ]
    told = (await caller.ask(DENIED)).data["portfolio"]
    assert told == {"totalCount": 1, "denied": expected, "nodes": [{"tenant": {"id": kept.gid}}]}

    asked = [ended.gid, world.stranger.tenant.gid, kept.gid]
    told = (await caller.ask(DENIED, filter={"tenantIds": asked})).data["portfolio"]
    assert told["nodes"] == [{"tenant": {"id": kept.gid}}]
    assert told["denied"] == [
        expected[1],
        {"tenantId": world.stranger.tenant.gid, "reason": "NOT_FOUND", "endedAt": None},
    ]


async def test_who_leaves_in_the_middle_of_a_walk_is_missed_and_nobody_else(
    world: World, http: httpx2.AsyncClient
) -> None:
    machine = await new_machine(world.database)
    caller = await sign_in(http, machine)
    clients = [await new_tenant(world.database, world.keyring, machine.actor, name=f"Client {at}") for at in range(4)]
    order = {"field": "NAME"}
    page = (await caller.ask(NAMES, order=order, first=2)).data["portfolio"]
    await change_grants(world.database, clients[1], revoked_at=datetime.now(UTC))
    rest = (await caller.ask(NAMES, order=order, first=2, after=page["pageInfo"]["endCursor"])).data["portfolio"]
    assert [each["tenant"]["name"] for each in rest["nodes"]] == ["Client 2", "Client 3"]
    assert rest["totalCount"] == 3
    (denial,) = (await caller.ask(DENIED)).data["portfolio"]["denied"]
    assert (denial["tenantId"], denial["reason"]) == (clients[1].gid, "GRANT_ENDED")


async def test_connections_need_a_scope_of_their_own(agency: Agency, http: httpx2.AsyncClient) -> None:
    caller = await sign_in(http, agency.machine, "read_metrics")
    document = "query($f: PortfolioFilter) { portfolio(filter: $f) { nodes { connectionsNeedingAttention } } }"
    told = (await caller.ask(document)).body
    assert told["data"]["portfolio"]["nodes"] == [{"connectionsNeedingAttention": None}] * 5
    assert {each["extensions"]["code"] for each in told["errors"]} == {"FORBIDDEN_SCOPE"}
    assert (await caller.ask(document, f={"needsAttention": True})).code == "FORBIDDEN_SCOPE"


async def test_a_connection_that_waits_for_somebody(world: World, http: httpx2.AsyncClient) -> None:
    machine = await new_machine(world.database)
    provider_app = await new_provider_app(world.database, world.keyring, machine.organization_id)
    clients = [await new_tenant(world.database, world.keyring, machine.actor, name=name) for name in ("Fine", "Waits")]
    for tenant in clients:
        await new_shop(world.database, world.keyring, tenant, provider_app_id=provider_app)
    waiting = await new_shop(world.database, world.keyring, clients[1], provider_app_id=provider_app)
    await waiting.stand("NEEDS_REAUTH")
    agency = Agency(machine, await sign_in(http, machine), {})
    assert await agency.names(needsAttention=True) == ["Waits"]
    assert await agency.names(needsAttention=False) == ["Fine"]
    told = await agency.tell("nodes { connectionsNeedingAttention }")
    assert [each["connectionsNeedingAttention"] for each in told["nodes"]] == [0, 1]


async def test_an_app_without_the_scope_has_no_portfolio(agency: Agency, http: httpx2.AsyncClient) -> None:
    caller = await sign_in(http, agency.machine, "read_connections")
    assert (await caller.ask(DENIED)).code == "FORBIDDEN_SCOPE"

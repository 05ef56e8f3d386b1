"""The first days of an integrator (J1), of an owner (J2), and of a shop whose changes arrive by themselves."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from graphql import build_client_schema, get_introspection_query, lexicographic_sort_schema, print_schema
from graphql.utilities import build_schema

from api.demo import story
from api.demo.client import ApiClient, give_consent
from api.export import SCHEMA_FILE
from api.ids import decode
from domain.metrics.periods import add_months
from tests.integration.api.client import Caller
from tests.integration.api.subscriber import METRICS, STATUS, Socket, subscriber
from tests.journeys.stack import LAST_DAY, ZONE, Client, Stack, started
from tests.pages import ROOT, Reader
from tests.sandbox.client import Store

SHOP = (
    *("--last-day", LAST_DAY.isoformat(), "--seed-customers", "1", "--restore-rate", "4000"),
    *("--retry-seconds", *(["0.3"] * 60)),
)
CUSTOMERS = 40
TODAY = METRICS % "value(period: TODAY) { n }"
ORIGIN = "https://portal.example"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
BOARD = """query Board($t: ID!) { tenant(id: $t) { name objectives(first: 5) { nodes { title status
  kpis(first: 7) { nodes { metricKey target { value dueOn status }
  value(period: LAST_YEAR) { value unit n freshness { source asOf } vsBaseline { relative } vsPrevious { relative } }
  series(granularity: WEEK, last: 12) { starts values }
} } } } } }"""
DEAR = "{ tenants(first: 100) { nodes { objectives(first: 100) { nodes { kpis(first: 100) { nodes { id } } } } } } }"


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with started(tmp_path_factory.mktemp("beginnings"), shop=SHOP) as running:
        yield running


@pytest.fixture(scope="module")
async def http(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stack.settings.public_url, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
async def agency(stack: Stack) -> story.Machine:
    return await stack.open_agency()


@pytest.fixture
def store(stack: Stack) -> Store:
    """A practice shop that nobody has connected yet."""
    domain = f"shop-{secrets.token_hex(5)}.myshopify.com"
    return stack.desk.open_shop(domain, last_day=LAST_DAY.isoformat(), last_customer=CUSTOMERS)


async def signed_in(http: httpx2.AsyncClient, client_id: str, secret: str, *scopes: str) -> Caller:
    form = {"grant_type": "client_credentials"} | ({"scope": " ".join(scopes)} if scopes else {})
    answer = await http.post("/oauth/token", data=form, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"])


async def at_shop(store: Store, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(store.control, method, path, content)


async def delivered(store: Store) -> list[dict[str, Any]]:
    """The shop's webhooks, once all of them have been acknowledged."""
    for _ in range(500):
        sent: list[dict[str, Any]] = (await at_shop(store, "GET", "/deliveries"))["deliveries"]
        if sent and all(each["state"] != "pending" for each in sent):
            return sent
        await asyncio.sleep(0.02)
    raise AssertionError("the shop's webhooks did not arrive")


async def until_read(stack: Stack, caller: Caller, tenant: str) -> None:
    api = ApiClient(stack.http, stack.settings.public_url, caller.token)
    await Client(stack, api, tenant, decode(tenant).owner).until_up_to_date()


async def connect(caller: Caller, tenant: str, store: Store) -> str:
    """Where to send the shop's owner."""
    made = await caller.change(
        "connectionStart", "authorizeUrl", tenantId=tenant, provider="SHOPIFY", account=store.domain
    )
    return str(made["authorizeUrl"])


async def today_of(caller: Caller, tenant: str) -> Any:
    return (await caller.ask("query($t: ID!) { tenant(id: $t) { today } }", t=tenant)).data["tenant"]["today"]


async def test_an_integrator_builds_a_front_end_from_nothing(
    stack: Stack, http: httpx2.AsyncClient, agency: story.Machine, store: Store
) -> None:
    """J1. Instead of `sandboxTenantCreate` and `demoClockAdvance`, which there are not yet, a practice shop is
    connected and sells something. Not yet: benchmarks."""
    first = await signed_in(http, agency.client_id, agency.client_secret)
    scopes = ["READ_METRICS", "WRITE_KPIS", "READ_CONNECTIONS", "WRITE_CONNECTIONS", "MANAGE_TENANTS"]
    made = await first.change(
        "appCreate",
        "app { id clientId } clientSecret",
        name="Board",
        redirectUris=["https://board.example/back"],
        scopes=[*scopes, "MANAGE_ORGANIZATION"],
    )
    app, client_id, secret = made["app"]["id"], made["app"]["clientId"], made["clientSecret"]
    await who_may_not_is_told_why(http, client_id, secret)
    board = await signed_in(http, client_id, secret)
    await what_there_is_can_be_found_out(board)
    tenant = await a_tenant_is_filled(stack, board, store)
    await the_first_screen_is_one_query(board, tenant)
    await a_release_is_asked_for_by_its_operations(http, board, tenant)
    await what_is_too_dear_says_where(board)
    await a_sale_is_told(stack, board, tenant, store)
    await a_secret_is_replaced_without_a_gap(http, board, app, client_id, secret)
    await its_usage_can_be_read(client_id, board)


async def who_may_not_is_told_why(http: httpx2.AsyncClient, client_id: str, secret: str) -> None:
    assert (await http.post("/graphql", json={"query": "{ viewer { clientId } }"})).status_code == 401
    reader = await signed_in(http, client_id, secret, "read_metrics")
    refused = await reader.ask("{ viewer { organization { apps { nodes { id } } } } }")
    assert (refused.code, refused.error["extensions"]["requiredScope"]) == ("FORBIDDEN_SCOPE", "manage_organization")


async def what_there_is_can_be_found_out(board: Caller) -> None:
    told = build_client_schema((await board.ask(get_introspection_query())).data)
    committed = build_schema(SCHEMA_FILE.read_text())
    assert print_schema(lexicographic_sort_schema(told)) == print_schema(lexicographic_sort_schema(committed))
    found = await board.ask(
        "{ apiVersion { current deprecated { coordinate removableAfter reason } } schemaChanges(first: 5) { nodes {"
        " coordinate } } metricCatalog(first: 50, category: SALES_AND_MARKETING) { nodes { key version formula unit"
        " direction sources nullReasons } } }"
    )
    assert found.data["apiVersion"]["current"]
    assert "retention_rate" in [metric["key"] for metric in found.data["metricCatalog"]["nodes"]]


async def a_tenant_is_filled(stack: Stack, board: Caller, store: Store) -> str:
    made = await board.change("tenantCreate", "tenant { id }", name="Board", currency="USD", timeZone=ZONE.key)
    tenant: str = made["tenant"]["id"]
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        await give_consent(browser, await connect(board, tenant, store))
    await until_read(stack, board, tenant)
    return tenant


async def the_first_screen_is_one_query(board: Caller, tenant: str) -> None:
    start = await today_of(board, tenant)
    given = {"tenantId": tenant, "title": "More sales", "startsOn": start}
    refused = await board.refusal("objectiveCreate", **given, dueOn="2020-01-01")
    assert refused.field == ("input", "dueOn")
    made = await board.change("objectiveCreate", "objective { id }", **given, dueOn="2099-12-31")
    kpi = (await board.change("kpiCreate", "kpi { id }", tenantId=tenant, metricKey="net_revenue"))["kpi"]["id"]
    await board.change("objectiveKpiLink", objectiveId=made["objective"]["id"], kpiId=kpi)
    await board.change("targetCreate", kpiId=kpi, value="9000", startValue="1", startOn=start, dueOn="2099-12-31")
    (objective,) = (await board.ask(BOARD, t=tenant)).data["tenant"]["objectives"]["nodes"]
    (shown,) = objective["kpis"]["nodes"]
    assert (objective["title"], shown["target"]["value"]) == ("More sales", "9000.00")
    assert shown["value"]["n"] > 0
    assert shown["value"]["freshness"][0]["source"] == "shopify"
    assert len(shown["series"]["values"]) == 12


async def a_release_is_asked_for_by_its_operations(http: httpx2.AsyncClient, board: Caller, tenant: str) -> None:
    made = await board.change("appCreate", "app { id clientId } clientSecret", name="Front", scopes=["READ_METRICS"])
    registered = await board.change(
        "persistedOperationSetCreate",
        "set { id version operations { id } }",
        appId=made["app"]["id"],
        operations=[{"name": "Board", "document": BOARD}],
        persistedOnly=True,
    )
    front = await signed_in(http, made["app"]["clientId"], made["clientSecret"])
    (operation,) = registered["set"]["operations"]
    answer = await front.post({"documentId": operation["id"], "variables": {"t": tenant}})
    assert answer.json()["data"] == (await board.ask(BOARD, t=tenant)).data
    assert (await front.ask("{ viewer { clientId } }")).code == "PERSISTED_ONLY"


async def what_is_too_dear_says_where(board: Caller) -> None:
    refused = await board.ask(DEAR)
    assert (refused.code, refused.body.get("data")) == ("MAX_COST_EXCEEDED", None)
    dearest, *_ = refused.body["extensions"]["cost"]["breakdown"]
    assert dearest["path"] == "tenants.nodes.objectives.nodes.kpis.nodes"


async def a_sale_is_told(stack: Stack, board: Caller, tenant: str, store: Store) -> None:
    async with subscriber(stack.settings.public_url, board.token) as told:
        await told.subscribe(TODAY, t=tenant, k=["net_revenue"])
        assert sold(await told.next()) == 0
        await at_shop(store, "POST", "/orders", {"lines": [{"unit_price": "9.99"}]})
        assert sold(await told.next()) == 1
        await told.silence()


def sold(data: Any) -> int:
    (kpi,) = data["metricChanged"]["kpis"]
    return int(kpi["value"]["n"])


async def a_secret_is_replaced_without_a_gap(
    http: httpx2.AsyncClient, board: Caller, app: str, client_id: str, old: str
) -> None:
    turned = await board.change("appSecretRotate", "clientSecret app { secrets { expiresAt } }", appId=app)
    assert [each["expiresAt"] is None for each in turned["app"]["secrets"]] == [False, True]
    for secret in (old, turned["clientSecret"]):
        await signed_in(http, client_id, secret)
    last = await board.change("appSecretRotate", "clientSecret", appId=app, overlapSeconds=0)
    form = {"grant_type": "client_credentials"}
    for secret in (old, turned["clientSecret"]):
        assert (await http.post("/oauth/token", data=form, auth=(client_id, secret))).status_code == 401
    await signed_in(http, client_id, last["clientSecret"])


async def its_usage_can_be_read(client_id: str, board: Caller) -> None:
    """What was asked is written down every ten seconds."""
    query = (
        '{ viewer { clientId app { usage(since: "2026-01-01T00:00:00Z") { requests points throttled failed'
        " operations { name requests points } } } } tenants(first: 50) { nodes { name } } }"
    )
    for _ in range(60):
        found = (await board.ask(query)).data
        usage = found["viewer"]["app"]["usage"]
        if "Board" in {each["name"] for each in usage["operations"]}:
            break
        await asyncio.sleep(0.5)
    assert found["viewer"]["clientId"] == client_id
    assert int(usage["points"]) >= int(usage["requests"]) > 10, usage
    assert usage["throttled"] == "0"
    assert found["tenants"]["nodes"] == [{"name": "Board"}], "nobody else's"


@dataclass(frozen=True)
class Page(Caller):
    """The browser of an end user, on a page of the partner's."""

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, "Origin": ORIGIN}


async def page_for(http: httpx2.AsyncClient, partner: Caller, machine: story.Machine, tenant: str, **more: str) -> Page:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": partner.token,
        "subject_token_type": ACCESS_TOKEN,
        "origin": ORIGIN,
        "tenant": tenant,
        "subject": "owner",
        "scope": "read_metrics write_kpis read_connections",
        **more,
    }
    answer = await http.post("/oauth/token", data=form, auth=(machine.client_id, machine.client_secret))
    assert (answer.status_code, answer.json().get("expires_in")) == (200, 900), answer.text
    return Page(http, answer.json()["access_token"])


async def test_an_owner_comes_through_a_partners_front_end(
    stack: Stack, http: httpx2.AsyncClient, agency: story.Machine, store: Store
) -> None:
    """J2, with the shop as the one provider. Not yet: HubSpot and QuickBooks; starter packs, for which KPIs are adopted
    one by one; what an objective lacks to be SMART; targets imported from providers; alignment scores, UNALIGNED and
    `lineOfSight`, for which an objective tells its initiatives; `processProtect` and its warning."""
    partner = await signed_in(http, agency.client_id, agency.client_secret)
    given = {"industry": "RETAIL_BAKERY", "sizeBand": "1-9", "fiscalYearStartMonth": 4}
    made = await partner.change(
        "tenantCreate", "tenant { id }", name="Corner Bakery", currency="USD", timeZone=ZONE.key, **given
    )
    tenant: str = made["tenant"]["id"]
    page = await page_for(http, partner, agency, tenant)
    async with subscriber(stack.settings.public_url, page.token, origin=ORIGIN) as told:
        await told.subscribe(STATUS, t=tenant)
        assert await standing(told) == []
        await the_shop_is_connected(partner, tenant, store, told)
    await until_read(stack, partner, tenant)
    await the_history_is_there(page, tenant)
    kpi = await a_kpi_shows_a_value_and_explains_it(page, tenant)
    await a_course_is_set(page, tenant, kpi)
    await the_page_sees_nothing_else(http, partner, agency, tenant, page)


async def standing(told: Socket) -> list[tuple[str, str | None]]:
    nodes = (await told.next())["connectionStatusChanged"]["connections"]
    return [(node["status"], node["reason"]) for node in nodes]


async def the_shop_is_connected(partner: Caller, tenant: str, store: Store, told: Socket) -> None:
    """Refused at first, then by somebody who makes up the state, then truly."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
        address = await connect(partner, tenant, store)
        assert await standing(told) == [("CONNECTING", None)]
        denied = await browser.post(address, data={"decision": "cancel"})
        assert (await browser.get(denied.headers["location"])).status_code == 400
        assert await standing(told) == [("REVOKED", "CONSENT_DENIED")]
        address = await connect(partner, tenant, store)
        assert await standing(told) == [("CONNECTING", None)]
        target = urlsplit(dict(parse_qsl(urlsplit(address).query))["redirect_uri"])
        forged = target._replace(query=urlencode({"state": "made up", "code": "x", "shop": store.domain}))
        assert (await browser.get(forged.geturl())).status_code == 400
        await give_consent(browser, address)
        assert await standing(told) == [("ACTIVE", None)]


async def the_history_is_there(page: Caller, tenant: str) -> None:
    streams = "streams { stream phase records expectedRecords asOf } runs(first: 4) { status startedAt records }"
    query = f"query($t: ID!) {{ tenant(id: $t) {{ connections {{ nodes {{ provider status {streams} }} }} }} }}"
    (connection,) = (await page.ask(query, t=tenant)).data["tenant"]["connections"]["nodes"]
    assert (connection["provider"], connection["status"]) == ("SHOPIFY", "ACTIVE")
    read = {each["stream"]: (each["phase"], each["records"]) for each in connection["streams"]}
    assert read["customers"] == ("INCREMENT", CUSTOMERS)
    assert read["orders"][1] > CUSTOMERS


async def a_kpi_shows_a_value_and_explains_it(page: Caller, tenant: str) -> str:
    kpis = {}
    for key in ("retention_rate", "average_order_value", "orders"):
        kpis[key] = (await page.change("kpiCreate", "kpi { id }", tenantId=tenant, metricKey=key))["kpi"]["id"]
    shown = await page.ask(
        "query($t: ID!) { tenant(id: $t) { kpis { nodes { metricKey value(period: TRAILING_365_DAYS) { value n }"
        " explain(period: TRAILING_365_DAYS) { formula value n inputs { name value meaning } freshness { source } } } }"
        " } }",
        t=tenant,
    )
    for node in shown.data["tenant"]["kpis"]["nodes"]:
        value, explanation = node["value"], node["explain"]
        assert value["value"] is not None
        assert (explanation["value"], explanation["n"]) == (value["value"], value["n"])
        assert all(each["meaning"] for each in explanation["inputs"])
        assert explanation["freshness"] == [{"source": "shopify"}]
    return str(kpis["orders"])


async def a_course_is_set(page: Caller, tenant: str, kpi: str) -> None:
    start = LAST_DAY.replace(day=1)
    due = add_months(start, 12).isoformat()
    words = "increase customer retention by 15% in the next year"
    made = await page.change(
        "objectiveCreate", "objective { id }", tenantId=tenant, title=words, startsOn=start.isoformat(), dueOn=due
    )
    objective = made["objective"]["id"]
    await page.change("objectiveKpiLink", objectiveId=objective, kpiId=kpi)
    window = {
        "start": add_months(start, -16).isoformat(),
        "end": (add_months(start, -13) - timedelta(days=1)).isoformat(),
    }
    frozen = await page.change("baselineFreeze", "baseline { version value n warnings }", kpiId=kpi, window=window)
    assert (frozen["baseline"]["version"], frozen["baseline"]["value"] is not None) == (1, True)
    assert (await page.refusal("baselineFreeze", kpiId=kpi, window=window)).code == "BASELINE_FROZEN"
    target = {"startOn": start.isoformat(), "dueOn": due, "trajectory": "LINEAR", "rationale": "GOAL"}
    await page.change("targetCreate", kpiId=kpi, value="50", **target)
    made = await page.change(
        "initiativeCreate",
        "initiative { id }",
        tenantId=tenant,
        name="Oven timers",
        kind="OPERATIONS",
        processKey="baking",
        tool="timer",
        goLiveOn=start.isoformat(),
    )
    expected = {"kpiId": kpi, "expectedChange": "0.2", "expectedBy": due}
    await page.change("initiativeLink", initiativeId=made["initiative"]["id"], objectiveId=objective, **expected)
    seen = await page.ask(
        "query($id: ID!) { node(id: $id) { ... on Objective { status kpis { nodes { baseline { version } target {"
        " status } } } initiatives { nodes { expectedChange initiative { name } kpi { metricKey } } } } } }",
        id=objective,
    )
    node = seen.data["node"]
    assert node["status"] == node["kpis"]["nodes"][0]["target"]["status"]
    assert node["initiatives"]["nodes"] == [
        {"expectedChange": "0.2", "initiative": {"name": "Oven timers"}, "kpi": {"metricKey": "orders"}}
    ]


async def the_page_sees_nothing_else(
    http: httpx2.AsyncClient, partner: Caller, machine: story.Machine, tenant: str, page: Caller
) -> None:
    """Neither the partner's other customers, nor fields that its token does not name."""
    made = await partner.change("tenantCreate", "tenant { id }", name="Other", currency="EUR", timeZone="UTC")
    name = "query($t: ID!) { tenant(id: $t) { name } }"
    assert (await page.ask(name, t=made["tenant"]["id"])).code == "NOT_FOUND"
    assert (await page.ask("{ tenants { nodes { name } } }")).data["tenants"]["nodes"] == [{"name": "Corner Bakery"}]
    narrow = await page_for(http, partner, machine, tenant, fields="Query.tenant Tenant.name")
    assert (await narrow.ask(name, t=tenant)).data["tenant"] == {"name": "Corner Bakery"}
    refused = await narrow.ask("query($t: ID!) { tenant(id: $t) { currency } }", t=tenant)
    assert (refused.code, refused.error["extensions"]["forbiddenFields"]) == ("FORBIDDEN_FIELD", ["Tenant.currency"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
async def test_what_the_page_about_webhooks_says_is_so(
    stack: Stack, http: httpx2.AsyncClient, agency: story.Machine, store: Store, tmp_path: Path
) -> None:
    async def agree(reader: Reader) -> None:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as browser:
            await give_consent(browser, reader.known["AUTHORIZE_URL"])

    async def read(reader: Reader) -> None:
        await until_read(stack, Caller(http, reader.known["TOKEN"]), reader.known["TENANT"])

    async def buy(reader: Reader) -> None:
        await at_shop(store, "POST", "/orders", {"lines": [{"unit_price": "9.99"}]})
        (sent, *_) = await delivered(store)
        await at_shop(store, "POST", f"/deliveries/{sent['id']}/resend")
        await delivered(store)
        await read(reader)

    known = {"AZIMUTH": stack.settings.public_url, "SHOP": store.domain}
    known |= {"CLIENT_ID": agency.client_id, "CLIENT_SECRET": agency.client_secret}
    deeds = {
        "the owner: agrees": agree,
        "the worker: has read all": read,
        "a customer: buys, and the shop tells it twice": buy,
    }
    await Reader(known, tmp_path, deeds).follow(ROOT / "docs" / "quickstart" / "webhooks.md")

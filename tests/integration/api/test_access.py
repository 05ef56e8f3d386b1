"""Who is let in, what they may ask for, and that nobody learns of what is not theirs."""

import secrets
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from api.ids import OF_PEOPLE, OWNERS, Kind, decode, encode
from api.oauth.tokens import Terms, sign_access_token
from tenants.access.actor import ApiScope
from tenants.access.clients import find_client
from tenants.access.keys import SigningKeys
from tenants.ids import new_id
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
NOTHING = (None, {"node": None}, {"tenant": None})
TENANT = "query($id: ID!) { tenant(id: $id) { name } }"


async def _with(http: httpx2.AsyncClient, authorization: str | None) -> httpx2.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await http.post("/graphql", json={"query": "{ viewer { clientId } }"}, headers=headers)


def _is_refused(answer: httpx2.Response, *, error: bool) -> None:
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="')
    assert ('error="invalid_token"' in challenge) == error
    body = answer.json()
    assert set(body) == {"errors", "extensions"}
    assert [each["extensions"]["code"] for each in body["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic dTpw", "Token x", "bearer:x"])
async def test_who_brings_no_token_is_told_to_bring_one(http: httpx2.AsyncClient, authorization: str | None) -> None:
    _is_refused(await _with(http, authorization), error=False)


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "....", "x" * 10_000, "e30.e30.e30", '"', "a b", "\u00e4", "eyJhbGciOiJub25lIn0.e30.", "a,b"],
)
async def test_garbage_is_no_token(http: httpx2.AsyncClient, token: str) -> None:
    answer = await http.post(
        "/graphql",
        json={"query": "{ viewer { clientId } }"},
        headers=[(b"Authorization", b"Bearer " + token.encode("latin-1"))],
    )
    _is_refused(answer, error=True)


async def test_a_token_ends(http: httpx2.AsyncClient, address: str, world: World) -> None:
    """The one hour of the settings and a second later, by the keys of the process itself."""
    keys = SigningKeys(world.database, world.keyring)
    terms = Terms(address, 3600)
    machine = world.agency.machine
    async with world.database.unit_of_work() as session:
        client = await find_client(session, client_id=machine.actor.client_id, now=datetime.now(UTC))
    assert client is not None

    async def at(instant: datetime, terms: Terms = terms) -> httpx2.Response:
        token = sign_access_token(
            client, person=None, scopes=client.scopes, key=await keys.private(), terms=terms, now=instant
        )
        return await _with(http, f"Bearer {token}")

    now = datetime.now(UTC)
    assert (await at(now - timedelta(seconds=3500))).status_code == 200
    expired = await at(now - timedelta(seconds=3601))
    _is_refused(expired, error=True)
    assert "expired" in expired.json()["errors"][0]["message"]
    _is_refused(await at(now + timedelta(hours=1)), error=True)
    _is_refused(await at(now, Terms("https://elsewhere.example", 3600)), error=True)


async def test_a_changed_token_is_refused(http: httpx2.AsyncClient, agency: Caller) -> None:
    head, claims, signature = agency.token.split(".")
    middle = len(claims) // 2
    changed = claims[:middle] + ("A" if claims[middle] != "A" else "B") + claims[middle + 1 :]
    _is_refused(await _with(http, f"Bearer {head}.{changed}.{signature}"), error=True)
    _is_refused(await _with(http, f"Bearer {head}.{claims}.{secrets.token_urlsafe(64)}"), error=True)
    assert (await _with(http, f"bEaReR  {agency.token}")).status_code == 200


async def test_a_query_needs_its_scope(http: httpx2.AsyncClient, world: World) -> None:
    writer = await sign_in(http, world.agency.machine, ApiScope.WRITE_KPIS)
    for answer in (
        await writer.ask(TENANT, id=world.agency.tenant.gid),
        await writer.ask(NODE, id=world.agency.gids[Kind.KPI]),
        await writer.ask("{ tenants { nodes { id } } }"),
    ):
        assert answer.body["data"] in NOTHING
        assert answer.code == "FORBIDDEN_SCOPE"
        assert answer.error["extensions"]["requiredScope"] == "read_metrics"
        assert "read_metrics" in answer.error["message"]
    assert (await writer.ask("{ viewer { scopes } }")).data["viewer"]["scopes"] == ["WRITE_KPIS"]
    assert (await writer.ask('{ metric(key: "orders") { name } }')).data["metric"]["name"] == "Orders"


async def test_connections_need_a_scope_of_their_own(http: httpx2.AsyncClient, world: World) -> None:
    reader = await sign_in(http, world.agency.machine, ApiScope.READ_METRICS)
    for selection in ("connections { nodes { account } }", "recomputeRuns { days }"):
        query = f"query($id: ID!) {{ tenant(id: $id) {{ name {selection} }} }}"
        answer = await reader.ask(query, id=world.agency.tenant.gid)
        assert answer.code == "FORBIDDEN_SCOPE"
        assert answer.error["extensions"]["requiredScope"] == "read_connections"
    refused = await reader.ask(NODE, id=world.agency.gids[Kind.CONNECTION])
    assert refused.error["extensions"]["requiredScope"] == "read_connections"
    watcher = await sign_in(http, world.agency.machine, ApiScope.READ_CONNECTIONS)
    seen = await watcher.ask(NODE, id=world.agency.gids[Kind.CONNECTION])
    assert seen.data["node"]["__typename"] == "ConnectedAccount"


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in OF_PEOPLE])
async def test_a_strangers_thing_answers_like_one_that_never_was(
    agency: Caller, stranger: Caller, world: World, kind: Kind
) -> None:
    """To the byte, but for the id of the request."""
    foreign = world.stranger.gids[kind]
    unknown = encode(kind, new_id(), new_id())
    answers = [await agency.ask(NODE, id=foreign), await agency.ask(NODE, id=unknown)]
    if kind is Kind.TENANT:
        answers += [await agency.ask(TENANT, id=foreign), await agency.ask(TENANT, id=unknown)]
    if kind not in OWNERS:
        home = decode(world.agency.gids[kind]).owner
        answers += [
            await agency.ask(NODE, id=encode(kind, home, new_id())),
            await agency.ask(NODE, id=encode(kind, home, decode(foreign).id)),
        ]
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert (first.body["data"] in NOTHING, first.code) == (True, "NOT_FOUND")
        assert first.error["extensions"]["field"] == ["id"]
        assert first.anonymous == second.anonymous
    assert (await stranger.ask(NODE, id=foreign)).data["node"]["id"] == foreign


async def test_what_people_have_of_their_own_nobody_looks_up(agency: Caller, world: World) -> None:
    gids = [world.agency.gids[kind] for kind in OF_PEOPLE]
    for gid in gids:
        assert (await agency.ask(NODE, id=gid)).code == "NOT_FOUND"
    both = await agency.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=gids)
    assert both.data["nodes"] == [None] * len(gids)


async def test_an_id_of_another_kind_is_not_found(agency: Caller, world: World) -> None:
    for kind, gid in world.agency.gids.items():
        if kind is not Kind.TENANT:
            assert (await agency.ask(TENANT, id=gid)).code == "NOT_FOUND"
    swapped = world.agency.gids[Kind.KPI].replace("kpi_", "obj_")
    assert (await agency.ask(NODE, id=swapped)).code == "NOT_FOUND"


async def test_a_writer_is_told_what_it_made(http: httpx2.AsyncClient, world: World, ledger: Ledger) -> None:
    """Its plain fields; what is looked up needs the scope to read, and is refused before anything is done."""
    writer = await sign_in(http, world.agency.machine, ApiScope.WRITE_KPIS)
    tenant, kpi = world.agency.tenant.gid, world.agency.gids[Kind.KPI]
    own = "kpi { __typename ... on Node { id } ...Plain @include(if: true) value @skip(if: true) { value } }"
    plain = "fragment Plain on Kpi { tenantId metricKey name segment archivedAt }"
    document = f"mutation M($input: KpiCreateInput!) {{ kpiCreate(input: $input) {{ {own} }} }} {plain}"
    told = (await writer.ask(document, input={"tenantId": tenant, "metricKey": "orders"})).data["kpiCreate"]["kpi"]
    assert (told["tenantId"], told["metricKey"], told["name"]) == (tenant, "orders", "Orders")
    assert decode(told["id"]).kind is Kind.KPI
    initiative = await world.agency.planner.initiative("Trays")
    link = await writer.change(
        "initiativeLink",
        "link { expectedChange initiativeId }",
        initiativeId=initiative,
        objectiveId=await world.agency.planner.objective(),
        expectedChange="0.1",
    )
    assert link["link"] == {"expectedChange": "0.1", "initiativeId": initiative}
    before = await ledger.read()
    window = {"start": "2025-01-01", "end": "2025-01-31"}
    for mutation, selection, input in (
        ("kpiCreate", "kpi { id value { value } }", {"tenantId": tenant, "metricKey": "orders"}),
        ("kpiCreate", "kpi { id } kpi { ... { target { id } } }", {"tenantId": tenant, "metricKey": "orders"}),
        ("kpiArchive", "a: kpi { id } b: kpi { baselines { value } }", {"kpiId": kpi}),
        ("baselineRevise", "baseline { id value }", {"kpiId": kpi, "window": window, "reason": "To peek."}),
        ("baselineRevise", "baseline { n }", {"kpiId": kpi, "window": window, "reason": "To peek."}),
    ):
        refused = await writer.attempt(mutation, input, selection)
        assert refused.code == "FORBIDDEN_SCOPE"
        assert refused.error["extensions"]["requiredScope"] == "read_metrics"
    assert await ledger.read() == before


async def test_whoever_opens_or_connects_is_told_what(http: httpx2.AsyncClient, world: World, ledger: Ledger) -> None:
    founder = await sign_in(http, world.agency.machine, ApiScope.MANAGE_TENANTS)
    new = {"name": "Crumb's", "currency": "EUR", "timeZone": "Europe/Berlin"}
    opened = await founder.change("tenantCreate", "tenant { id name today }", **new)
    assert opened["tenant"]["name"] == "Crumb's"
    before = await ledger.read()
    assert (await founder.attempt("tenantCreate", new, "tenant { kpis { nodes { id } } }")).code == "FORBIDDEN_SCOPE"
    connector = await sign_in(http, world.agency.machine, ApiScope.WRITE_CONNECTIONS)
    shop = {"tenantId": world.agency.tenant.gid, "provider": "SHOPIFY", "account": "told-back.myshopify.com"}
    refused = await connector.attempt("connectionStart", shop, "connection { streams { stream } }")
    assert refused.error["extensions"]["requiredScope"] == "read_connections"
    assert await ledger.read() == before
    started = await connector.change("connectionStart", "connection { id account status } authorizeUrl", **shop)
    assert started["connection"]["status"] == "CONNECTING"
    assert started["authorizeUrl"].startswith("http")

"""Two organizations, and one of them goes everywhere: no answer, header or error has anything of the other's.

What is asked is read from the schema and from the routes. That it would notice is shown by a house without guards.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx2
import pytest
from graphql import GraphQLArgument, GraphQLID, GraphQLInputType, GraphQLString, OperationType, parse

import api.context
from api.execution.coordinates import fields_of
from api.ids import Kind, decode, encode
from tenants.access.kinds import AppKind
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tenants.registry import service as registry
from tests.factories.organizations import new_machine
from tests.factories.people import new_person
from tests.factories.shops import new_provider_app
from tests.integration.api.client import sign_in
from tests.integration.api.ledger import Connection, Ledger
from tests.integration.api.people import person_at
from tests.integration.api.shapes import CORE, OF_PEOPLE, Input, mutations
from tests.integration.api.statements import Statements
from tests.integration.api.subscriber import ORDERS, PROGRESS, subscriber
from tests.integration.api.world import new_household
from tests.integration.oauth.browser import Visit
from tests.integration.oauth.world import new_app
from tests.isolation.walk.canaries import Row
from tests.isolation.walk.conftest import OpenPlace, Place
from tests.isolation.walk.documents import Asked, documents, object_types, payload
from tests.isolation.walk.guard import readable, settings_in
from tests.isolation.walk.paths import VISITS, Known, knock, routes
from tests.isolation.walk.town import Town, Visitor, machine, manager, visitors
from tests.isolation.walk.walking import Walk, inputs_for

QUESTIONS = documents(OperationType.QUERY)
PLAIN_ONES = [each for each in QUESTIONS if not each.part]
BARE = documents(OperationType.QUERY, bare=True)
SUBSCRIPTIONS = documents(OperationType.SUBSCRIPTION)
NAMES = ("machine", "team", "embed", "owner", "admin", "analyst", "reviewer", "viewer")
DENIED = {"NOT_FOUND", "FORBIDDEN_SCOPE", "PERSONS_ONLY", "INTROSPECTION_FORBIDDEN", "INVALID_CURSOR"}
"""What else may be said of foreign ids than that nothing is found: nothing about them."""


@pytest.fixture(scope="module")
async def everybody(place: Place, town: Town) -> dict[str, Visitor]:
    return {each.name: each for each in await visitors(town, place.http, place.embedded)}


@pytest.fixture(params=NAMES)
def visitor(request: pytest.FixtureRequest, everybody: dict[str, Visitor]) -> Visitor:
    return everybody[request.param]


# That it goes everywhere


def test_every_field_is_asked_for() -> None:
    texts = [each.text for each in (*QUESTIONS, *SUBSCRIPTIONS)]
    texts += [f"mutation {{ {name}(input: $i) {{ {payload(name)} }} }}" for name in mutations()]
    asked = set().union(*(fields_of(CORE, parse(text)) for text in texts))
    there = {f"{kind.name}.{name}" for kind in object_types() for name in kind.fields}
    assert there - asked == set()


def test_every_argument_is_given() -> None:
    given = {asked.coordinate for each in (*QUESTIONS, *SUBSCRIPTIONS) for asked in each.asked.values()}
    there = {
        f"{kind.name}.{name}({argument}:)"
        for kind in object_types()
        if kind is not CORE.mutation_type
        for name, each in kind.fields.items()
        for argument in each.args
    }
    assert there - given == set()


@pytest.mark.parametrize(("name", "kind"), [("mood", GraphQLString), ("wishId", GraphQLID)])
def test_an_argument_that_nobody_has_a_value_for_fails(name: str, kind: GraphQLInputType) -> None:
    asked = Asked(f"Query.wish({name}:)", name, GraphQLArgument(kind), "Wish")
    with pytest.raises(AssertionError, match=rf"documents.py .* Query.wish\({name}:\)"):
        asked.value(lambda _: "x", None)


def test_every_path_is_visited(place: Place) -> None:
    assert routes(place.app) == VISITS.keys()


def test_what_must_not_be_met_is_known(town: Town) -> None:
    """All that has an id, the words and the takings: of whoever is a stranger to somebody."""
    for home, canaries in (
        (town.world.stranger, town.strange),
        (town.neighbor, town.strange),
        (town.world.sister, town.others),
    ):
        missing = {kind for kind, gid in home.gids.items() if decode(gid).id not in canaries.ids}
        assert missing <= {Kind.ORGANIZATION, Kind.APP}, home.tenant.profile.name
        assert home.tenant.profile.name in canaries.words
        assert town.takings(home) in canaries.figures
    assert decode(town.world.stranger.gids[Kind.APP]).id in town.strange.ids


async def test_who_is_at_home_meets_it_all(place: Place, town: Town) -> None:
    """So that what is not met below could have been."""
    home = town.world.stranger
    caller = await sign_in(place.http, home.machine)
    walk = Walk(Visitor("stranger", caller, home, town.strange, ()))
    await walk.ask_for_own(QUESTIONS)
    met = {each.rpartition(": ")[2] for each in walk.leaks}
    assert {home.tenant.profile.name, town.takings(home)} <= met
    assert {gid for kind, gid in home.gids.items() if kind not in (Kind.CONSENT, Kind.SIGN_IN)} <= met


# The walk


@pytest.fixture(scope="module")
async def own(everybody: dict[str, Visitor]) -> dict[str, Walk]:
    """Everybody's walk among what is theirs. Of people the owner goes everywhere: lesser roles are let in less."""
    walks = {name: Walk(visitor) for name, visitor in everybody.items()}
    questions = {"machine": QUESTIONS, "team": QUESTIONS, "embed": QUESTIONS, "owner": BARE}
    for name, walk in walks.items():
        await walk.ask_for_own(questions.get(name, PLAIN_ONES))
    return walks


@pytest.fixture(scope="module")
async def inputs(town: Town) -> dict[str, Input]:
    """Of every mutation, one that would go through: nobody carries it out."""
    return await inputs_for(town.world.agency, mutations())


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_meets_what_is_not_theirs_among_their_own(own: dict[str, Walk], name: str) -> None:
    assert own[name].leaks == []
    assert own[name].codes <= DENIED


async def test_all_kinds_of_things_are_met(own: dict[str, Walk]) -> None:
    """Somebody comes to an object of every type there is, and an app to all but what is people's own."""
    met = set().union(*(walk.types for walk in own.values()))
    there = {each.partition(".")[0] for question in QUESTIONS for each in fields_of(CORE, parse(question.text))}
    assert sorted(there - met) == ["Deprecation", "Query"], "nothing is deprecated"
    assert own["machine"].codes == {"PERSONS_ONLY"}


async def test_foreign_ids_lead_nowhere(visitor: Visitor) -> None:
    """An app asks for all of each thing; where nobody is let in, the others need not look behind the door."""
    walk = Walk(visitor)
    await walk.ask_for_foreign(
        QUESTIONS if visitor.name == "machine" else [each for each in QUESTIONS if not each.part]
    )
    assert walk.leaks == []
    assert walk.codes <= DENIED


async def test_foreign_ids_change_nothing(
    visitor: Visitor, inputs: dict[str, Input], administrator: Connection
) -> None:
    ledger = await Ledger.of(administrator)
    before = await ledger.read()
    walk = Walk(visitor)
    await walk.change_foreign(inputs)
    assert walk.leaks == []
    assert walk.codes <= DENIED
    assert await ledger.read() == before


async def test_words_of_strangers_lead_nowhere(place: Place, town: Town) -> None:
    """An address, a shop, an app: they may be known, and nothing more is told by them. What is called by them is in a
    house of its own."""
    database, keyring, stranger = town.world.database, town.world.keyring, town.world.stranger
    newcomer = await new_machine(database)
    app = await new_provider_app(database, keyring, newcomer.organization_id)
    home = await new_household(database, keyring, newcomer, app)
    walk = Walk(Visitor("newcomer", await sign_in(place.http, newcomer), home, town.strange, ()))
    shop = f"shop-{stranger.shop.connection_id}.myshopify.com"
    words = (stranger.person.address, shop, stranger.machine.actor.client_id)
    await walk.change_by(words, await inputs_for(home, _of_apps()))
    assert walk.leaks == []
    assert not walk.codes & {"INTERNAL_ERROR", "VALIDATION_FAILED"}


async def test_whoever_changes_something_is_told_of_nothing_else(everybody: dict[str, Visitor]) -> None:
    walk = Walk(everybody["machine"])
    await walk.change_own(await inputs_for(walk.visitor.home, _of_apps()))
    assert (walk.leaks, walk.codes) == ([], set())


async def test_who_changes_what_is_their_own_is_told_of_nothing_else(
    everybody: dict[str, Visitor], place: Place, town: Town
) -> None:
    """As somebody who is not here for anything else: they leave in the end."""
    home = everybody["viewer"].home
    home = replace(home, person=await new_person(town.world.database, home.machine.organization_id))
    caller = await person_at(town.world, home, place.http, place.address).sign_in()
    walk = Walk(replace(everybody["viewer"], caller=caller, home=home))
    await walk.change_own(await inputs_for(home, OF_PEOPLE))
    assert (walk.leaks, walk.codes) == ([], set())


async def test_who_listens_hears_of_their_own_alone(visitor: Visitor, place: Place) -> None:
    walk = Walk(visitor)
    await walk.listen_to_own(place.address, SUBSCRIPTIONS)
    await walk.listen_to_foreign(place.address, SUBSCRIPTIONS)
    assert walk.leaks == []
    assert {"NOT_FOUND"} <= walk.codes <= {"NOT_FOUND", "FORBIDDEN_SCOPE"}
    assert {"MetricChange", "ConnectionStatusChange", "SyncProgress"} <= walk.types


# The other paths


@pytest.fixture(scope="module")
async def known(place: Place, town: Town) -> Known:
    """Whoever knocks holds tokens of the stranger's that somebody lost."""
    home = town.world.stranger
    front_end = await new_app(town.world.database, home.machine.organization_id, AppKind.PUBLIC)
    async with httpx2.AsyncClient(base_url=place.address, trust_env=False) as browser:
        visit = Visit(browser, front_end)
        answer = await visit.redeem((await visit.authorize(home.person))["code"])
    told = answer.json()
    return Known(town.world.agency, home, (told["access_token"], told["refresh_token"]))


@pytest.fixture(scope="module")
async def browser(place: Place, town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    """Of somebody of the agency who is signed in."""
    home = town.world.agency
    front_end = await new_app(town.world.database, home.machine.organization_id, AppKind.PUBLIC)
    async with httpx2.AsyncClient(base_url=place.address, trust_env=False, timeout=30) as browser:
        assert "allow" in (await Visit(browser, front_end).sign_in(home.person)).text
        yield browser


@pytest.mark.parametrize("path", VISITS, ids=" ".join)
async def test_a_path_tells_nothing(
    path: tuple[str, str], known: Known, browser: httpx2.AsyncClient, town: Town
) -> None:
    for each in VISITS[path](known):
        answer = await knock(browser, each)
        assert answer.status_code < 500
        sent = f"{answer.request.url} {answer.request.content.decode()}"
        assert town.strange.met_by(answer, besides=sent) == [], each


# An account manager who tries the ids of another's clients


async def test_a_manager_finds_nothing_of_anothers_clients(
    everybody: dict[str, Visitor], place: Place, town: Town
) -> None:
    """By an alias, in a list, below a thing of their own, as an argument, in a change and by listening: as if it were
    not there."""
    caller, own, theirs = everybody["team"].caller, town.world.agency.gids, town.world.sister.gids
    unknown = {kind: encode(kind, new_id(), new_id()) for kind in theirs}
    alias = "query($own: ID!, $id: ID!) { own: node(id: $own) { id } b: node(id: $id) { ... on Kpi { name } } }"
    told = []
    for gids in (theirs, unknown):
        kpi = gids[Kind.KPI]
        mixed = encode(Kind.KPI, decode(own[Kind.KPI]).owner, decode(kpi).id)
        answers = [
            await caller.ask(alias, own=own[Kind.KPI], id=kpi),
            await caller.ask(alias, own=own[Kind.KPI], id=mixed),
            await caller.ask("query($id: ID!) { tenant(id: $id) { kpis { nodes { name } } } }", id=gids[Kind.TENANT]),
        ]
        assert {each.code for each in answers} == {"NOT_FOUND"}
        listed = await caller.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[own[Kind.KPI], kpi, mixed])
        assert listed.data["nodes"] == [{"id": own[Kind.KPI]}, None, None]
        told.append([each.anonymous for each in answers])
        for mutation, input in (
            ("objectiveKpiLink", {"objectiveId": own[Kind.OBJECTIVE], "kpiId": kpi}),
            ("objectiveKpiLink", {"objectiveId": own[Kind.OBJECTIVE], "kpiId": mixed}),
            ("kpiArchive", {"kpiId": kpi}),
        ):
            refusal = await caller.refusal(mutation, **input)
            assert (refusal.code, refusal.message) == ("NOT_FOUND", "Nothing with this id is visible to you.")
        async with subscriber(place.address, caller.token) as listening:
            for query, name, id in ((ORDERS, "t", gids[Kind.TENANT]), (PROGRESS, "c", gids[Kind.CONNECTION])):
                await listening.subscribe(query, **{name: id})
                assert await listening.code() == "NOT_FOUND"
    assert told[0] == told[1], "and in the same words"
    seen = await caller.ask("{ tenants { nodes { id } } }")
    assert seen.data["tenants"]["nodes"] == [{"id": own[Kind.TENANT]}]


# What is not told, and could have been


@pytest.fixture
async def application(urls: DatabaseUrls) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(urls.application)
    yield connection
    await connection.close()


async def overlooked(opened: OpenPlace, town: Town, application: Connection) -> list[str]:
    """What a statement without a filter could have read of others, wherever the manager's own walk came by."""
    with Statements().listening() as heard:
        async with opened() as place:
            team = await manager(town, place.http)
            begin = len(heard.sent)
            await Walk(team).ask_for_own(QUESTIONS)
            settings = settings_in(heard.since(begin))
    assert any("app.tenant_ids" in dict(each) for each in settings)
    told = frozenset[Row]().union(*[await readable(application, each) for each in settings])
    assert {"kpis", "grants", "organizations", "apps"} <= {table for table, _ in told}
    return team.forbidden.met_among(told)


async def test_a_statement_that_forgets_its_filter_reads_nothing_else(
    opened: OpenPlace, town: Town, application: Connection
) -> None:
    assert await overlooked(opened, town, application) == []


# That it would notice


@pytest.fixture
async def without_row_security(administrator: Connection) -> AsyncIterator[None]:
    tables = await administrator.fetch("SELECT relname FROM pg_class WHERE relrowsecurity")
    for state in ("DISABLE", "ENABLE"):
        for row in tables:
            await administrator.execute(f"ALTER TABLE {row['relname']} {state} ROW LEVEL SECURITY")
        if state == "DISABLE":
            yield


@pytest.fixture
def without_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (registry, api.context):
        monkeypatch.setattr(module, "refused", lambda *_, **__: None)


async def test_without_row_security_it_finds_leaks(
    opened: OpenPlace, town: Town, application: Connection, without_row_security: None
) -> None:
    """In answers only of what no statement narrows by itself: which registration at a provider is whose."""
    async with opened() as place:
        walk = Walk(await machine(town, place.http))
        await walk.ask_for_foreign(PLAIN_ONES)
        await walk.change_own(await inputs_for(walk.visitor.home, _of_apps()))
    assert any(each.startswith("machine connectionStart: client-") for each in walk.leaks)
    tables = {each.partition(":")[0] for each in await overlooked(opened, town, application)}
    assert {"kpis", "day_components", "tenant_profiles", "apps", "memberships", "invitations"} <= tables


async def test_without_the_check_of_grants_it_finds_leaks(opened: OpenPlace, town: Town, without_grants: None) -> None:
    stranger = town.world.stranger
    async with opened() as place:
        walk = Walk(replace(await machine(town, place.http), foreign=[stranger.gids]))
        await walk.ask_for_foreign(QUESTIONS)
    met = {each.rpartition(": ")[2] for each in walk.leaks}
    assert {stranger.tenant.profile.name, stranger.gids[Kind.KPI], town.takings(stranger)} <= met


def _of_apps() -> list[str]:
    return [each for each in mutations() if each not in OF_PEOPLE]

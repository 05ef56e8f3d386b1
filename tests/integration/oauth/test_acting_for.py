"""A person belongs to several organizations and acts for one of them at a time, through an app that is made for it."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest

from api.ids import organization_gid
from api.oauth.tokens import AccessTokens
from tenants.access import service
from tenants.access.actor import Actor, ApiScope
from tenants.access.callers import CallerEnded, Callers
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind
from tenants.access.models import App, Membership
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.organizations import new_organization
from tests.factories.people import KnownPerson, new_person
from tests.integration.oauth.browser import Page, Visit, error_of, press, received
from tests.integration.oauth.world import KnownApp, World, new_app

EVERYTHING = tuple(ApiScope)
ASKED: dict[str, str | None] = {"scope": " ".join(sorted(EVERYTHING))}


@pytest.fixture
async def business(database: Database) -> UUID:
    """The organization of a tenant, which knows nothing of the agency."""
    return await new_organization(database, name="Corner Bakery", kind=OrganizationKind.TENANT)


@pytest.fixture
async def baker(database: Database, business: UUID) -> KnownPerson:
    return await new_person(database, business, MemberRole.OWNER)


@pytest.fixture
async def open_app(database: Database, world: World) -> KnownApp:
    """The agency's, for anybody."""
    return await new_app(
        database, world.organization_id, AppKind.PUBLIC, scopes=EVERYTHING, audience=Audience.ANY_ORGANIZATION
    )


async def join(
    database: Database, person: KnownPerson, organization_id: UUID, role: MemberRole = MemberRole.OWNER
) -> None:
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        await service.membership_add(session, organization_id=organization_id, person_id=person.person_id, role=role)


async def leave(database: Database, person: KnownPerson, organization_id: UUID) -> None:
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        membership = await session.get_one(Membership, (organization_id, person.person_id))
        await session.delete(membership)


async def actor_of(tokens: AccessTokens, visit: Visit, code: str) -> Actor:
    answer = await visit.redeem(code)
    assert answer.status_code == 200, answer.text
    return await tokens.verify(answer.json()["access_token"])


async def test_an_app_for_anybody_acts_for_the_persons_organization(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World, business: UUID, baker: KnownPerson, open_app: KnownApp
) -> None:
    visit = Visit(http, open_app, ASKED)
    page = await visit.sign_in(baker)
    assert "of North & Sons wants to act for you at Corner Bakery" in Page(page.text).text
    actor = await actor_of(tokens, visit, received(await visit.submit(page, "allow"))["code"])
    assert (actor.organization_id, actor.person_id) == (business, baker.person_id)
    assert actor.app_key == (world.organization_id, open_app.app_id)


async def test_nobody_manages_an_organization_through_a_strangers_app(
    http: httpx2.AsyncClient, tokens: AccessTokens, baker: KnownPerson, open_app: KnownApp
) -> None:
    visit = Visit(http, open_app, ASKED)
    page = await visit.sign_in(baker)
    assert "manage the organization" not in page.text
    actor = await actor_of(tokens, visit, received(await visit.submit(page, "allow"))["code"])
    assert actor.scopes == set(EVERYTHING) - {ApiScope.MANAGE_ORGANIZATION, ApiScope.MANAGE_ACCOUNT}


async def test_the_operators_app_manages_any(
    http: httpx2.AsyncClient, tokens: AccessTokens, database: Database, baker: KnownPerson
) -> None:
    operator = await new_organization(database, name="Operator", kind=OrganizationKind.OPERATOR)
    console = await new_app(database, operator, AppKind.PUBLIC, scopes=EVERYTHING, audience=Audience.ANY_ORGANIZATION)
    visit = Visit(http, console, ASKED)
    actor = await actor_of(tokens, visit, (await visit.authorize(baker))["code"])
    assert actor.scopes == set(EVERYTHING)


async def test_an_app_is_for_its_own_people_unless_it_says_otherwise(
    http: httpx2.AsyncClient, world: World, baker: KnownPerson
) -> None:
    visit = Visit(http, world.front_end)
    page = await visit.sign_in(baker)
    assert page.status_code == 403
    assert "not a member of North & Sons" in Page(page.text).text
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"


async def test_the_people_of_a_team_use_the_agencys_apps(
    http: httpx2.AsyncClient, tokens: AccessTokens, database: Database, world: World
) -> None:
    team = await new_organization(database, name="Retail team", parent_id=world.organization_id)
    manager = await new_person(database, team, MemberRole.OWNER)
    own = await new_app(database, world.organization_id, AppKind.PUBLIC, scopes=EVERYTHING)
    visit = Visit(http, own, ASKED)
    actor = await actor_of(tokens, visit, (await visit.authorize(manager))["code"])
    assert actor.organization_id == team
    assert actor.scopes == set(EVERYTHING)


async def test_who_belongs_to_several_says_for_which(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    database: Database,
    business: UUID,
    baker: KnownPerson,
    open_app: KnownApp,
) -> None:
    mill = await new_organization(database, name='<i>Mill</i> & "Co"', kind=OrganizationKind.TENANT)
    await join(database, baker, mill, MemberRole.VIEWER)
    visit = Visit(http, open_app, ASKED)
    page = await visit.sign_in(baker)
    text = Page(page.text).text
    assert "Corner Bakery" in text
    assert '<i>Mill</i> & "Co"' in text
    assert "allow" not in page.text
    # Without a choice there is nothing to allow, whoever fills in the form by hand.
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"
    chosen = await http.get(page.url.join(link_to(page, "&lt;i&gt;Mill")))
    assert "for you at" in Page(chosen.text).text
    again = link_to(chosen, "Choose another")
    actor = await actor_of(tokens, visit, received(await press(http, chosen, "allow"))["code"])
    assert actor.organization_id == mill
    assert actor.scopes == {"read_metrics", "read_connections"}
    assert "For which of your organizations" in Page((await http.get(page.url.join(again))).text).text


def link_to(page: httpx2.Response, words: str) -> str:
    before, _, _ = page.text.partition(f'">{words}')
    return before.rpartition('href="')[2].replace("&amp;", "&")


async def test_the_app_may_ask_for_a_certain_organization(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    database: Database,
    business: UUID,
    baker: KnownPerson,
    open_app: KnownApp,
) -> None:
    mill = await new_organization(database, name="Mill", kind=OrganizationKind.TENANT)
    await join(database, baker, mill)
    visit = Visit(http, open_app, {"organization": organization_gid(mill)})
    actor = await actor_of(tokens, visit, (await visit.authorize(baker))["code"])
    assert actor.organization_id == mill


@pytest.mark.parametrize("wanted", ["stranger", "nonsense", "own of the app"])
async def test_of_an_organization_that_is_not_theirs_nothing_is_told(
    http: httpx2.AsyncClient, database: Database, world: World, baker: KnownPerson, open_app: KnownApp, wanted: str
) -> None:
    stranger = await new_organization(database, name="Undisclosed")
    asked = {"stranger": stranger, "own of the app": world.organization_id}
    gid = organization_gid(asked[wanted]) if wanted in asked else "org_"
    visit = Visit(http, open_app, {"organization": gid})
    page = await visit.sign_in(baker)
    assert page.status_code == 403
    assert "not a member of the organization" in Page(page.text).text
    assert "Undisclosed" not in page.text
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"


async def test_consent_is_for_the_organization_it_was_asked_for(
    http: httpx2.AsyncClient, database: Database, business: UUID, baker: KnownPerson, open_app: KnownApp
) -> None:
    """Though the person belongs to another by the time they press the button."""
    visit = Visit(http, open_app)
    page = await visit.sign_in(baker)
    mill = await new_organization(database, name="Mill", kind=OrganizationKind.TENANT)
    await join(database, baker, mill)
    await leave(database, baker, business)
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"


async def test_a_refresh_acts_for_the_same_organization_while_they_belong_to_it(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    database: Database,
    business: UUID,
    baker: KnownPerson,
    open_app: KnownApp,
) -> None:
    visit = Visit(http, open_app)
    first = (await visit.redeem((await visit.authorize(baker))["code"])).json()
    await join(database, baker, await new_organization(database, name="Mill", kind=OrganizationKind.TENANT))
    second = await refresh(http, open_app, first["refresh_token"])
    assert (await tokens.verify(second.json()["access_token"])).organization_id == business
    await leave(database, baker, business)
    assert error_of(await refresh(http, open_app, second.json()["refresh_token"])) == "invalid_grant"


async def refresh(http: httpx2.AsyncClient, app: KnownApp, token: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": token}
    return await http.post("/oauth/token", data=form)


async def test_who_left_the_organization_acts_for_it_no_more(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    callers: Callers,
    database: Database,
    business: UUID,
    baker: KnownPerson,
    open_app: KnownApp,
) -> None:
    visit = Visit(http, open_app)
    actor = await actor_of(tokens, visit, (await visit.authorize(baker))["code"])
    assert await callers.admit(actor) is actor
    # Nor by a token that says it is for another organization than was consented to.
    with pytest.raises(CallerEnded):
        await callers.admit(replace(actor, organization_id=actor.app_key[0], app_owner_id=None))
    await leave(database, baker, business)
    with pytest.raises(CallerEnded):
        await callers.admit(actor)


async def test_an_app_that_is_for_its_own_people_again_lends_others_nothing(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    callers: Callers,
    database: Database,
    world: World,
    baker: KnownPerson,
    open_app: KnownApp,
) -> None:
    visit = Visit(http, open_app)
    actor = await actor_of(tokens, visit, (await visit.authorize(baker))["code"])
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        app = await session.get_one(App, open_app.app_id)
        app.audience = Audience.OWN_ORGANIZATION
    with pytest.raises(CallerEnded):
        await callers.admit(actor)


async def test_the_organization_is_no_part_of_what_the_app_receives(
    http: httpx2.AsyncClient, baker: KnownPerson, open_app: KnownApp
) -> None:
    visit = Visit(http, open_app)
    answer = await visit.submit(await visit.sign_in(baker), "allow")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert set(query) == {"from", "code", "state", "iss"}

"""People let an app act for them: the code, and what it can be exchanged for."""

import asyncio

import httpx2
import pytest
from sqlalchemy import delete, update

from api.oauth.tokens import AccessTokens
from tenants.access.kinds import AppKind, MemberRole
from tenants.access.models import App, Membership, Person
from tenants.access.service import membership_add
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.people import KnownPerson, new_person
from tests.integration.oauth.browser import Visit, error_of
from tests.integration.oauth.world import ManualClock, World, new_app


async def test_a_person_lets_a_front_end_in(http: httpx2.AsyncClient, tokens: AccessTokens, world: World) -> None:
    visit = Visit(http, world.front_end)
    arrived = await visit.authorize(world.owner)
    assert arrived["state"] == visit.state
    assert arrived["iss"] == str(http.base_url).rstrip("/")
    assert arrived["from"] == "azimuth"
    answer = await visit.redeem(arrived["code"])
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "organization"}
    actor = await tokens.verify(answer.json()["access_token"])
    assert actor.person_id == world.owner.person_id
    assert actor.app_id == world.front_end.app_id
    assert actor.organization_id == world.organization_id
    assert actor.scopes == {"read_metrics"}
    assert world.owner.address not in actor.name


async def test_a_server_of_a_partner_proves_itself_too(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World
) -> None:
    visit = Visit(http, world.machine, {"scope": None})
    code = (await visit.authorize(world.owner))["code"]
    answer = await visit.redeem(code)
    assert set(answer.json()["scope"].split()) == {"read_metrics", "write_kpis"}
    assert (await tokens.verify(answer.json()["access_token"])).person_id == world.owner.person_id


async def test_a_confidential_app_without_its_secret_gets_nothing(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.machine)
    code = (await visit.authorize(world.owner))["code"]
    answer = await visit.redeem(code, client_secret=None)
    assert (answer.status_code, error_of(answer)) == (401, "invalid_client")


async def test_an_app_acting_for_somebody_may_no_more_than_they_may(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World
) -> None:
    visit = Visit(http, world.front_end, {"scope": "read_metrics write_kpis"})
    consent = await visit.sign_in(world.viewer)
    assert "see metrics" in consent.text
    assert "adopt and change" not in consent.text
    answer = await visit.redeem((await visit.authorize(world.viewer))["code"])
    assert answer.json()["scope"] == "read_metrics"
    assert (await tokens.verify(answer.json()["access_token"])).scopes == {"read_metrics"}


@pytest.mark.parametrize("verifier", ["x" * 43, "short", "", None])
async def test_without_the_right_verifier_the_code_is_worth_nothing(
    http: httpx2.AsyncClient, world: World, verifier: str | None
) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    answer = await visit.redeem(code, code_verifier=verifier)
    assert answer.status_code == 400
    assert error_of(answer) in {"invalid_grant", "invalid_request"}
    # Who presents a code wrongly may have stolen it: it is used up for everybody.
    assert error_of(await visit.redeem(code)) == "invalid_grant"


async def test_a_code_works_once(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    assert (await visit.redeem(code)).status_code == 200
    again = await visit.redeem(code)
    assert (again.status_code, error_of(again)) == (400, "invalid_grant")


async def test_of_many_who_redeem_a_code_at_once_one_gets_a_token(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    answers = await asyncio.gather(*(visit.redeem(code) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_a_code_expires_within_a_minute(http: httpx2.AsyncClient, world: World, clock: ManualClock) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    clock.advance(seconds=60)
    answer = await visit.redeem(code)
    assert (answer.status_code, error_of(answer)) == (400, "invalid_grant")


async def test_a_code_is_for_the_app_it_was_issued_to(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    thief = await new_app(database, world.organization_id, AppKind.PUBLIC)
    stolen = await visit.redeem(code, client_id=thief.client_id)
    assert (stolen.status_code, error_of(stolen)) == (400, "invalid_grant")
    assert (await visit.redeem(code)).status_code == 200


@pytest.mark.parametrize("redirect_uri", ["https://evil.example/", None])
async def test_a_code_is_for_the_address_it_was_sent_to(
    http: httpx2.AsyncClient, world: World, redirect_uri: str | None
) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    answer = await visit.redeem(code, redirect_uri=redirect_uri)
    assert (answer.status_code, error_of(answer)) == (400, "invalid_grant")


async def test_an_invented_code_is_refused(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    invented = await visit.redeem("azo_invented")
    assert (invented.status_code, error_of(invented)) == (400, "invalid_grant")
    missing = await visit.redeem("")
    assert (missing.status_code, error_of(missing)) == (400, "invalid_request")


async def test_who_left_meanwhile_is_not_acted_for(http: httpx2.AsyncClient, database: Database, world: World) -> None:
    leaver = await new_person(database, world.organization_id)
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(leaver))["code"]
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(delete(Membership).where(Membership.person_id == leaver.person_id))
    assert error_of(await visit.redeem(code)) == "invalid_grant"


async def test_who_was_disabled_meanwhile_is_not_acted_for(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    disabled = await new_person(database, world.organization_id)
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(disabled))["code"]
    await _disable(database, disabled, clock)
    assert error_of(await visit.redeem(code)) == "invalid_grant"
    http.cookies.clear()
    assert "do not belong together" in (await visit.sign_in(disabled)).text


async def test_a_role_that_shrank_meanwhile_lends_less(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    analyst = await new_person(database, world.organization_id, MemberRole.ANALYST)
    both = Visit(http, world.front_end, {"scope": "read_metrics write_kpis"})
    code = (await both.authorize(analyst))["code"]
    only_writing = Visit(http, world.front_end, {"scope": "write_kpis"})
    other_code = (await only_writing.authorize(analyst))["code"]
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await membership_add(
            session, organization_id=world.organization_id, person_id=analyst.person_id, role=MemberRole.VIEWER
        )
    assert (await both.redeem(code)).json()["scope"] == "read_metrics"
    assert error_of(await only_writing.redeem(other_code)) == "invalid_grant"


async def test_an_app_that_may_less_meanwhile_gets_less(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    app = await new_app(database, world.organization_id, AppKind.PUBLIC)
    both = Visit(http, app, {"scope": "read_metrics write_kpis"})
    code = (await both.authorize(world.owner))["code"]
    only_writing = Visit(http, app, {"scope": "write_kpis"})
    other_code = (await only_writing.authorize(world.owner))["code"]
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(update(App).where(App.id == app.app_id).values(scopes=["read_metrics"]))
    assert (await both.redeem(code)).json()["scope"] == "read_metrics"
    assert error_of(await only_writing.redeem(other_code)) == "invalid_grant"


async def _disable(database: Database, person: KnownPerson, clock: ManualClock) -> None:
    async with database.unit_of_work(Scope(person_id=person.person_id)) as session:
        await session.execute(update(Person).where(Person.id == person.person_id).values(disabled_at=clock.now()))

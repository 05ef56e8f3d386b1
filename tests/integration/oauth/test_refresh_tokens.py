"""A person is asked once; after that the app renews its tokens, each refresh token once, until somebody ends it."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, select, update

from api.ids import organization_gid
from api.oauth.bearer import Unauthorized, authenticate
from api.oauth.tokens import AccessTokens
from tenants.access.authorizations import IDLE, LIFETIME
from tenants.access.callers import Callers
from tenants.access.kinds import AppKind, MemberRole
from tenants.access.models import App, Membership, RefreshToken
from tenants.access.service import membership_add
from tenants.audit.models import OrganizationAuditEntry
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.organizations import new_machine
from tests.factories.people import new_person
from tests.integration.oauth.browser import Visit, error_of
from tests.integration.oauth.world import KnownApp, ManualClock, World, new_app


async def signed_in(http: httpx2.AsyncClient, world: World, **extra: str | None) -> dict[str, Any]:
    visit = Visit(http, world.front_end, extra)
    answer = await visit.redeem((await visit.authorize(world.owner))["code"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refresh(http: httpx2.AsyncClient, app: KnownApp, token: str, **more: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client_id, **more}
    if app.secret:
        form["client_secret"] = app.secret
    return await http.post("/oauth/token", data=form)


async def renewed(http: httpx2.AsyncClient, app: KnownApp, token: str, **more: str) -> dict[str, Any]:
    answer = await refresh(http, app, token, **more)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def is_refused(http: httpx2.AsyncClient, app: KnownApp, token: str) -> None:
    answer = await refresh(http, app, token)
    assert (answer.status_code, error_of(answer)) == (400, "invalid_grant")


async def acts(tokens: AccessTokens, callers: Callers, body: dict[str, Any]) -> bool:
    try:
        await authenticate(f"Bearer {body['access_token']}", tokens, callers)
    except Unauthorized:
        return False
    return True


async def test_a_refresh_token_brings_both_tokens_anew(
    http: httpx2.AsyncClient, tokens: AccessTokens, callers: Callers, world: World
) -> None:
    first = await signed_in(http, world)
    second = await renewed(http, world.front_end, first["refresh_token"])
    assert set(second) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "organization"}
    assert second["refresh_token"] != first["refresh_token"]
    before, after = [await tokens.verify(body["access_token"]) for body in (first, second)]
    assert after == before
    assert after.person_id == world.owner.person_id
    assert await acts(tokens, callers, second)
    third = await renewed(http, world.front_end, second["refresh_token"])
    assert third["scope"] == first["scope"]


async def test_one_that_comes_twice_ends_everything_it_led_to(
    http: httpx2.AsyncClient, tokens: AccessTokens, callers: Callers, world: World
) -> None:
    first = await signed_in(http, world)
    other = await signed_in(http, world)
    second = await renewed(http, world.front_end, first["refresh_token"])
    await is_refused(http, world.front_end, first["refresh_token"])
    await is_refused(http, world.front_end, second["refresh_token"])
    assert [await acts(tokens, callers, body) for body in (first, second)] == [False, False]
    assert await acts(tokens, callers, other)
    await renewed(http, world.front_end, other["refresh_token"])


async def test_of_many_who_come_at_once_one_gets_through_and_the_rest_end_it(
    http: httpx2.AsyncClient, world: World
) -> None:
    first = await signed_in(http, world)
    answers = await asyncio.gather(*(refresh(http, world.front_end, first["refresh_token"]) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    (one,) = [answer.json() for answer in answers if answer.status_code == 200]
    await is_refused(http, world.front_end, one["refresh_token"])


async def test_it_may_be_asked_for_less_but_not_for_more(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World
) -> None:
    first = await signed_in(http, world, scope="read_metrics write_kpis")
    less = await renewed(http, world.front_end, first["refresh_token"], scope="read_metrics")
    assert (await tokens.verify(less["access_token"])).scopes == {"read_metrics"}
    whole = await renewed(http, world.front_end, less["refresh_token"])
    assert set(whole["scope"].split()) == {"read_metrics", "write_kpis"}
    more = await refresh(http, world.front_end, whole["refresh_token"], scope="read_metrics manage_tenants")
    assert (more.status_code, error_of(more)) == (400, "invalid_scope")


async def test_another_app_gets_nothing_by_it_and_takes_nothing_away(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    first = await signed_in(http, world)
    thief = await new_app(database, world.organization_id, AppKind.PUBLIC)
    await is_refused(http, thief, first["refresh_token"])
    await renewed(http, world.front_end, first["refresh_token"])


@pytest.mark.parametrize("token", ["", "azr_x", "x" * 5000, "\0", "é"])
async def test_garbage_is_no_refresh_token(http: httpx2.AsyncClient, world: World, token: str) -> None:
    answer = await refresh(http, world.front_end, token)
    assert answer.status_code == 400
    assert error_of(answer) in {"invalid_grant", "invalid_request"}


async def test_a_confidential_app_proves_itself_each_time(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.machine)
    first = (await visit.redeem((await visit.authorize(world.owner))["code"])).json()
    bare = KnownApp(world.machine.app_id, world.machine.client_id, "")
    answer = await refresh(http, bare, first["refresh_token"])
    assert (answer.status_code, error_of(answer)) == (401, "invalid_client")
    await renewed(http, world.machine, first["refresh_token"])


async def test_it_ends_when_nobody_came_for_a_month_and_after_a_year(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    first = await signed_in(http, world)
    idle = await signed_in(http, world)
    clock.advance(seconds=IDLE.total_seconds() - 60)
    first = await renewed(http, world.front_end, first["refresh_token"])
    clock.advance(seconds=120)
    await is_refused(http, world.front_end, idle["refresh_token"])
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(update(RefreshToken).values(expires_at=RefreshToken.expires_at + 2 * LIFETIME))
    clock.advance(seconds=LIFETIME.total_seconds())
    await is_refused(http, world.front_end, first["refresh_token"])


async def test_who_left_renews_nothing(http: httpx2.AsyncClient, database: Database, world: World) -> None:
    person = await new_person(database, world.organization_id, MemberRole.ANALYST)
    visit = Visit(http, world.front_end)
    first = (await visit.redeem((await visit.authorize(person))["code"])).json()
    scope = Scope(organization_id=world.organization_id)
    async with database.unit_of_work(scope) as session:
        await session.execute(delete(Membership).where(Membership.person_id == person.person_id))
    await is_refused(http, world.front_end, first["refresh_token"])


async def test_what_a_person_may_since_holds_for_what_is_renewed(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    person = await new_person(database, world.organization_id, MemberRole.ANALYST)
    visit = Visit(http, world.front_end, {"scope": "read_metrics write_kpis"})
    first = (await visit.redeem((await visit.authorize(person))["code"])).json()
    assert set(first["scope"].split()) == {"read_metrics", "write_kpis"}
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await membership_add(
            session, organization_id=world.organization_id, person_id=person.person_id, role=MemberRole.VIEWER
        )
    assert (await renewed(http, world.front_end, first["refresh_token"]))["scope"] == "read_metrics"


async def test_no_refresh_token_is_kept_in_the_clear(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    token = (await signed_in(http, world))["refresh_token"]
    assert token.startswith("azr_")
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        hashes = (await session.scalars(select(RefreshToken.token_hash))).all()
    assert hashes
    assert not any(token.encode() in kept or kept in token.encode() for kept in hashes)


async def test_a_code_that_comes_again_ends_what_it_led_to(
    http: httpx2.AsyncClient, tokens: AccessTokens, callers: Callers, world: World
) -> None:
    visit = Visit(http, world.front_end)
    code = (await visit.authorize(world.owner))["code"]
    first = (await visit.redeem(code)).json()
    assert await acts(tokens, callers, first)
    assert error_of(await visit.redeem(code)) == "invalid_grant"
    assert not await acts(tokens, callers, first)
    await is_refused(http, world.front_end, first["refresh_token"])


async def test_an_end_is_in_the_organizations_audit(http: httpx2.AsyncClient, database: Database, world: World) -> None:
    first = await signed_in(http, world)
    await renewed(http, world.front_end, first["refresh_token"])
    await is_refused(http, world.front_end, first["refresh_token"])
    await is_refused(http, world.front_end, first["refresh_token"])
    async with database.snapshot(Scope(organization_id=world.organization_id)) as session:
        ends = select(OrganizationAuditEntry).where(OrganizationAuditEntry.action == "authorizationEnd")
        entries = (await session.scalars(ends.order_by(OrganizationAuditEntry.id))).all()
    last = entries[-1]
    assert (last.changes, last.actor_id) == ({"code": "TOKEN_REUSED"}, str(world.front_end.app_id))
    assert len({entry.subject_id for entry in entries}) == len(entries)


# Revocation


async def revoke(http: httpx2.AsyncClient, app: KnownApp, token: str, **more: str) -> httpx2.Response:
    return await http.post("/oauth/revoke", data={"token": token, **credentials(app), **more})


def credentials(app: KnownApp) -> dict[str, str]:
    return {"client_id": app.client_id, **({"client_secret": app.secret} if app.secret else {})}


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "access_token"}, {"token_type_hint": "refresh_token"}])
async def test_an_app_signs_its_person_out(
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    callers: Callers,
    world: World,
    kind: str,
    hint: dict[str, str],
) -> None:
    first = await signed_in(http, world)
    answer = await revoke(http, world.front_end, first[kind], **hint)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert not await acts(tokens, callers, first)
    await is_refused(http, world.front_end, first["refresh_token"])
    assert (await revoke(http, world.front_end, first[kind], **hint)).status_code == 200


async def test_a_token_of_another_app_is_not_revoked_and_nobody_is_told(
    http: httpx2.AsyncClient, tokens: AccessTokens, callers: Callers, database: Database, world: World
) -> None:
    first = await signed_in(http, world)
    other = await new_app(database, world.organization_id, AppKind.PUBLIC)
    for token in (first["refresh_token"], first["access_token"], "azr_unknown", "x.y.z"):
        assert (await revoke(http, other, token)).status_code == 200
    assert await acts(tokens, callers, first)
    await renewed(http, world.front_end, first["refresh_token"])


async def test_a_revocation_that_makes_no_sense(http: httpx2.AsyncClient, world: World) -> None:
    bare = await http.post("/oauth/revoke", data=credentials(world.front_end))
    assert (bare.status_code, error_of(bare)) == (400, "invalid_request")
    odd = await revoke(http, world.front_end, "x", token_type_hint="cookie")
    assert odd.status_code == 200, "a hint nobody knows is none"
    nobody = await http.post("/oauth/revoke", data={"token": "x", "client_id": "azc_nobody"})
    assert (nobody.status_code, error_of(nobody)) == (401, "invalid_client")


# Introspection


async def described(http: httpx2.AsyncClient, app: KnownApp, token: str) -> dict[str, Any]:
    answer = await http.post("/oauth/introspect", data={"token": token}, auth=(app.client_id, app.secret))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_server_asks_what_a_token_allows(http: httpx2.AsyncClient, world: World, clock: ManualClock) -> None:
    first = await signed_in(http, world)
    told = await described(http, world.machine, first["access_token"])
    assert 0 < told.pop("exp") - clock.now().timestamp() <= 600
    issuer = str(http.base_url).rstrip("/")
    assert told == {
        "active": True,
        "token_type": "Bearer",
        "scope": "read_metrics",
        "client_id": world.front_end.client_id,
        "sub": str(world.owner.person_id),
        "iss": issuer,
        "aud": f"{issuer}/graphql",
        "organization": organization_gid(world.organization_id),
    }
    await revoke(http, world.front_end, first["refresh_token"])
    assert await described(http, world.machine, first["access_token"]) == {"active": False}


async def test_it_is_told_what_is_left_of_it(http: httpx2.AsyncClient, database: Database, world: World) -> None:
    person = await new_person(database, world.organization_id, MemberRole.ANALYST)
    visit = Visit(http, world.front_end, {"scope": "read_metrics write_kpis"})
    first = (await visit.redeem((await visit.authorize(person))["code"])).json()
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await membership_add(
            session, organization_id=world.organization_id, person_id=person.person_id, role=MemberRole.VIEWER
        )
    assert (await described(http, world.machine, first["access_token"]))["scope"] == "read_metrics"


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("token", ["WyJhbGciXQ.e30.eA", "e30.e30.", "a.b", "x" * 5000, "\0"])
async def test_garbage_is_no_token_of_anybodys(http: httpx2.AsyncClient, world: World, path: str, token: str) -> None:
    answer = await http.post(path, data={"token": token, **credentials(world.machine)})
    assert (answer.status_code, answer.json()) in [(200, {}), (200, {"active": False})]


async def test_of_others_tokens_and_of_none_it_is_told_nothing(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    first = await signed_in(http, world)
    stranger = await new_machine(database)
    outside = KnownApp(stranger.actor.app_id, *stranger.credentials)
    for app, token in (
        (outside, first["access_token"]),
        (world.machine, first["refresh_token"]),
        (world.machine, "x.y.z"),
        (world.machine, f"{first['access_token']}x"),
    ):
        assert await described(http, app, token) == {"active": False}
    clock.advance(seconds=601)
    assert await described(http, world.machine, first["access_token"]) == {"active": False}


async def test_a_public_app_may_not_ask(http: httpx2.AsyncClient, world: World) -> None:
    first = await signed_in(http, world)
    answer = await http.post(
        "/oauth/introspect", data={"token": first["access_token"], "client_id": world.front_end.client_id}
    )
    assert (answer.status_code, error_of(answer)) == (401, "invalid_client")


async def test_a_token_of_an_app_that_was_put_away_is_not_active(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL)
    form = {"grant_type": "client_credentials"}
    token = (await http.post("/oauth/token", data=form, auth=(app.client_id, app.secret))).json()["access_token"]
    assert (await described(http, world.machine, token))["active"]
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(update(App).where(App.id == app.app_id).values(archived_at=App.created_at))
    assert await described(http, world.machine, token) == {"active": False}

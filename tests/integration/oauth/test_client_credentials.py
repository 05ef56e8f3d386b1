"""Machines get tokens with their own credentials."""

import asyncio
import base64
import secrets
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import update

from api.oauth.tokens import AccessTokens
from tenants.access.kinds import AppKind
from tenants.access.models import App, AppSecret
from tenants.database import Database
from tenants.scope import Scope
from tests.integration.oauth.browser import error_of
from tests.integration.oauth.world import SCOPES, ManualClock, World, new_app

GRANT = {"grant_type": "client_credentials"}


async def test_a_machine_gets_a_token_for_itself(http: httpx2.AsyncClient, tokens: AccessTokens, world: World) -> None:
    answer = await http.post("/oauth/token", data=GRANT, auth=(world.machine.client_id, world.machine.secret))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert set(body["scope"].split()) == set(SCOPES)
    actor = await tokens.verify(body["access_token"])
    assert actor.organization_id == world.organization_id
    assert actor.app_id == world.machine.app_id
    assert actor.client_id == world.machine.client_id
    assert actor.scopes == set(SCOPES)
    assert actor.person_id is None


async def test_the_secret_may_come_in_the_form(http: httpx2.AsyncClient, tokens: AccessTokens, world: World) -> None:
    answer = await http.post("/oauth/token", data={**GRANT, **_in_form(world), "scope": "read_metrics"})
    assert answer.json()["scope"] == "read_metrics"
    assert (await tokens.verify(answer.json()["access_token"])).scopes == {"read_metrics"}


async def test_a_front_end_in_a_browser_may_read_the_answer(http: httpx2.AsyncClient, world: World) -> None:
    answer = await http.post("/oauth/token", data={**GRANT, **_in_form(world)}, headers={"Origin": "https://a.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_wrong_credentials_are_refused_in_the_same_words(http: httpx2.AsyncClient, world: World) -> None:
    known, unknown = world.machine.client_id, "azc_" + secrets.token_hex(12)
    answers = [
        await http.post("/oauth/token", data=GRANT, auth=(known, "azs_wrong")),
        await http.post("/oauth/token", data=GRANT, auth=(unknown, world.machine.secret)),
        await http.post("/oauth/token", data=GRANT, auth=(unknown + "\0'\"--", "x")),
        await http.post("/oauth/token", data={**GRANT, "client_id": known, "client_secret": "azs_wrong"}),
        await http.post("/oauth/token", data={**GRANT, "client_id": unknown, "client_secret": "azs_wrong"}),
        await http.post("/oauth/token", data={**GRANT, "client_id": known}),
        await http.post("/oauth/token", data={**GRANT, "client_id": world.front_end.client_id}),
        await http.post("/oauth/token", data=GRANT),
        await http.post("/oauth/token", data=GRANT, headers={"Authorization": "Basic ///"}),
        await http.post("/oauth/token", data=GRANT, headers={"Authorization": _basic(b"\xff\xfe:\xfd")}),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert error_of(answer) == "invalid_client"
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
    assert len({answer.text for answer in answers}) == 1


async def test_a_client_authenticates_in_one_way_and_as_one(http: httpx2.AsyncClient, world: World) -> None:
    credentials = (world.machine.client_id, world.machine.secret)
    twice = await http.post("/oauth/token", data={**GRANT, **_in_form(world)}, auth=credentials)
    assert (twice.status_code, error_of(twice)) == (400, "invalid_request")
    other = await http.post("/oauth/token", data={**GRANT, "client_id": world.front_end.client_id}, auth=credentials)
    assert (other.status_code, error_of(other)) == (401, "invalid_client")


@pytest.mark.parametrize("scope", ["manage_organization", "read_metrics manage_tenants", "unheard_of", '"\\'])
async def test_a_scope_the_app_does_not_have_is_refused(http: httpx2.AsyncClient, world: World, scope: str) -> None:
    answer = await http.post("/oauth/token", data={**GRANT, **_in_form(world), "scope": scope})
    assert (answer.status_code, error_of(answer)) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=password&username=x&password=x", "unsupported_grant_type"),
        ('grant_type="%22\\%00%C3%A9', "unsupported_grant_type"),
        ("&".join(f"f{at}=1" for at in range(100)), "invalid_request"),
    ],
)
async def test_a_malformed_request_is_named_so(http: httpx2.AsyncClient, content: str, error: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/oauth/token", content=content, headers=headers)
    assert (answer.status_code, error_of(answer)) == (400, error)
    assert answer.json()["error_description"].isascii()
    assert not {'"', "\\"} & set(answer.json()["error_description"])


async def test_only_a_form_of_sensible_size_is_read(http: httpx2.AsyncClient, world: World) -> None:
    as_json = await http.post("/oauth/token", json={**GRANT, **_in_form(world)})
    assert (as_json.status_code, error_of(as_json)) == (400, "invalid_request")
    large = await http.post("/oauth/token", data={**GRANT, **_in_form(world), "padding": "x" * 20_000})
    assert (large.status_code, error_of(large)) == (413, "invalid_request")
    assert (await http.get("/oauth/token", params={**GRANT, **_in_form(world)})).status_code == 405


async def test_a_body_without_end_is_not_read_to_its_end(address: str) -> None:
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    writer.write(
        b"POST /oauth/token HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    )
    status = await asyncio.wait_for(reader.readline(), timeout=5)
    writer.close()
    await writer.wait_closed()
    assert status.split()[1] == b"413"


async def test_an_archived_app_and_an_expired_secret_get_nothing(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL)
    credentials = (app.client_id, app.secret)
    until = clock.now() + timedelta(hours=1)
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(update(AppSecret).where(AppSecret.app_id == app.app_id).values(expires_at=until))
    assert (await http.post("/oauth/token", data=GRANT, auth=credentials)).status_code == 200
    clock.advance(hours=1)
    assert (await http.post("/oauth/token", data=GRANT, auth=credentials)).status_code == 401
    clock.advance(hours=-1)
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        await session.execute(update(App).where(App.id == app.app_id).values(archived_at=clock.now()))
    assert (await http.post("/oauth/token", data=GRANT, auth=credentials)).status_code == 401


def _in_form(world: World) -> dict[str, str]:
    return {"client_id": world.machine.client_id, "client_secret": world.machine.secret}


def _basic(content: bytes) -> str:
    return "Basic " + base64.b64encode(content).decode()

"""Tokens are for one resource, which a client may name (RFC 8707) and can find (RFC 9728)."""

import base64
import json
from typing import Any

import httpx2
import pytest

from tests.integration.oauth.browser import Visit, error_of, received
from tests.integration.oauth.world import World

STRANGE = ["https://evil.example/graphql", "{issuer}", "{issuer}/graphql/", "{issuer}/graphql#here", "graphql", "\0"]


@pytest.fixture
def resource(http: httpx2.AsyncClient) -> str:
    return f"{str(http.base_url).rstrip('/')}/graphql"


def strange(resource: str) -> list[str]:
    return [each.format(issuer=resource.removesuffix("/graphql")) for each in STRANGE]


def audience(answer: httpx2.Response) -> Any:
    assert answer.status_code == 200, answer.text
    claims = answer.json()["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=="))["aud"]


async def test_a_machine_names_what_its_token_is_for(http: httpx2.AsyncClient, world: World, resource: str) -> None:
    form = {"grant_type": "client_credentials"}
    credentials = (world.machine.client_id, world.machine.secret)
    for named in ({}, {"resource": resource}, {"resource": ""}):
        assert audience(await http.post("/oauth/token", data={**form, **named}, auth=credentials)) == resource
    for each in strange(resource):
        answer = await http.post("/oauth/token", data={**form, "resource": each}, auth=credentials)
        assert (answer.status_code, error_of(answer)) == (400, "invalid_target")
    twice = await http.post("/oauth/token", data={**form, "resource": [resource, resource]}, auth=credentials)
    assert (twice.status_code, error_of(twice)) == (400, "invalid_request")


async def test_an_app_of_people_keeps_to_what_it_named(http: httpx2.AsyncClient, world: World, resource: str) -> None:
    visit = Visit(http, world.front_end, {"resource": resource})
    code = (await visit.authorize(world.owner))["code"]
    for each in strange(resource):
        assert error_of(await visit.redeem(code, resource=each)) == "invalid_target"
    first = await visit.redeem(code, resource=resource)
    assert audience(first) == resource
    form = {"grant_type": "refresh_token", "client_id": world.front_end.client_id}
    token = first.json()["refresh_token"]
    for each in strange(resource):
        refused = await http.post("/oauth/token", data={**form, "refresh_token": token, "resource": each})
        assert error_of(refused) == "invalid_target"
    for named in ({"resource": resource}, {}):
        answer = await http.post("/oauth/token", data={**form, "refresh_token": token, **named})
        assert audience(answer) == resource
        token = answer.json()["refresh_token"]


async def test_an_app_that_asks_for_another_is_told_so(http: httpx2.AsyncClient, world: World, resource: str) -> None:
    """At its own address, before anybody is asked to consent."""
    for each in strange(resource):
        visit = Visit(http, world.front_end, {"resource": each})
        arrived = received(await visit.open())
        assert (arrived["error"], arrived["state"]) == ("invalid_target", visit.state)
        assert resource in arrived["error_description"]


async def test_the_resource_says_who_issues_tokens_for_it(http: httpx2.AsyncClient, resource: str) -> None:
    issuer = resource.removesuffix("/graphql")
    answer = await http.get("/.well-known/oauth-protected-resource/graphql")
    told = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (told["resource"], told["authorization_servers"]) == (resource, [issuer])
    described = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert described["protected_resources"] == [resource]
    assert described["scopes_supported"] == told["scopes_supported"]

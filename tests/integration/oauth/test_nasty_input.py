"""Whatever is put into a parameter, the answer is a refusal and never a breakdown."""

import httpx2
import pytest

from tests.integration.oauth.browser import Page, Visit
from tests.integration.oauth.world import REDIRECT, World

NASTY = (
    "\0",
    '"><script>alert(1)</script>',
    "\u00e9\u4e2d\U0001f600",
    "a\r\nSet-Cookie: x=y",
    "\ufffe\u202e",
    "x" * 3000,
)


@pytest.mark.parametrize(
    "name",
    ["grant_type", "client_id", "client_secret", "client_assertion", "scope", "resource", "code", "redirect_uri"],
)
@pytest.mark.parametrize("grant", ["client_credentials", "authorization_code"])
async def test_the_token_endpoint(http: httpx2.AsyncClient, world: World, grant: str, name: str) -> None:
    sound = {
        "grant_type": grant,
        "client_id": world.machine.client_id,
        "client_secret": world.machine.secret,
        "code": "azo_x",
        "redirect_uri": REDIRECT,
        "code_verifier": "v" * 43,
    }
    for value in NASTY:
        answer = await http.post("/oauth/token", data={**sound, name: value})
        assert answer.status_code in {200, 400, 401}
        assert "set-cookie" not in answer.headers
        assert answer.json()


@pytest.mark.parametrize(
    "name",
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"],
)
async def test_the_authorization_page(http: httpx2.AsyncClient, world: World, name: str) -> None:
    for value in NASTY:
        answer = await Visit(http, world.front_end, {name: value}).open()
        assert answer.status_code in {200, 303, 400}
        assert "script" not in Page(answer.text).tags
        assert answer.headers.get("location", REDIRECT).startswith(REDIRECT)
        if name == "state" and answer.status_code == 200:
            denied = await Visit(http, world.front_end).submit(answer, "deny")
            assert httpx2.URL(denied.headers["location"]).params["state"] == value


@pytest.mark.parametrize("name", ["address", "password", "action", "form_token"])
async def test_the_sign_in_form(http: httpx2.AsyncClient, world: World, name: str) -> None:
    visit = Visit(http, world.front_end)
    page = await visit.open()
    for value in NASTY:
        fields = {"address": "x@y.example", "password": "wrong password", "action": "sign_in"}
        answer = await http.post(page.url, data={**Page(page.text).fields, **fields, name: value})
        assert answer.status_code in {400, 403, 429}
        assert "script" not in Page(answer.text).tags

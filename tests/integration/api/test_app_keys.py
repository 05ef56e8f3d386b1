"""Keys by which apps sign in instead of by a secret: registered with the app or later, listed, taken away."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc.jwk import Key

from tenants.access.actor import ApiScope
from tenants.access.public_keys import MOST_KEYS
from tests.factories.keys import ASSERTION_TYPE, assertion, jwk_of, jwks_of, known_key, new_key
from tests.factories.organizations import Machine
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger

APP = "app { id clientId keys { kid algorithm } secrets { expiresAt } }"
MADE = f"{APP} clientSecret"


async def signs_in(http: httpx2.AsyncClient, client_id: str, by: Key | str) -> bool:
    """By a key or a secret."""
    form = {"grant_type": "client_credentials", "client_id": client_id}
    if isinstance(by, str):
        form["client_secret"] = by
    else:
        expires = int(datetime.now(UTC).timestamp()) + 60
        issuer = str(http.base_url).rstrip("/")
        form["client_assertion_type"] = ASSERTION_TYPE
        form["client_assertion"] = assertion(by, client_id, issuer, exp=expires)
    answer = await http.post("/oauth/token", data=form)
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def new_app(caller: Caller, **more: Any) -> dict[str, Any]:
    return await caller.change("appCreate", MADE, name="Board", scopes=["READ_METRICS"], **more)


async def test_an_app_that_comes_with_keys_needs_no_secret(http: httpx2.AsyncClient, caller: Caller) -> None:
    one, other = new_key(), known_key("RS256")
    made = await new_app(caller, jwks=jwks_of(one, other))
    app = made["app"]
    assert (made["clientSecret"], app["secrets"]) == (None, [])
    named = [{"kid": one.kid, "algorithm": "ES256"}, {"kid": other.kid, "algorithm": "RS256"}]
    assert app["keys"] == named
    assert [await signs_in(http, app["clientId"], each) for each in (one, other, new_key())] == [True, True, False]


async def test_an_app_changes_over_to_keys(http: httpx2.AsyncClient, caller: Caller) -> None:
    made, key = await new_app(caller), new_key()
    app, secret = made["app"], made["clientSecret"]
    added = (await caller.change("appKeyAdd", APP, appId=app["id"], jwk=jwk_of(key)))["app"]
    assert added["secrets"] == [{"expiresAt": None}]
    assert [await signs_in(http, app["clientId"], each) for each in (key, secret)] == [True, True]
    second = new_key()
    added = await caller.change("appKeyAdd", APP, appId=app["id"], jwk=jwk_of(second), secretOverlapSeconds=0)
    assert added["app"]["secrets"] == []
    assert [await signs_in(http, app["clientId"], each) for each in (key, second, secret)] == [True, True, False]
    back = (await caller.change("appSecretRotate", MADE, appId=app["id"]))["clientSecret"]
    assert await signs_in(http, app["clientId"], back), "there is a way back"


async def test_a_key_is_taken_away_at_once_and_its_name_with_it(http: httpx2.AsyncClient, caller: Caller) -> None:
    kept, lost = new_key(), new_key(kid="of-2026")
    app = (await new_app(caller, jwks=jwks_of(kept, lost)))["app"]
    left = (await caller.change("appKeyRevoke", APP, appId=app["id"], kid="of-2026"))["app"]
    assert [key["kid"] for key in left["keys"]] == [kept.kid]
    assert [await signs_in(http, app["clientId"], each) for each in (kept, lost)] == [True, False]
    for kid in ("of-2026", "unknown"):
        refused = await caller.refusal("appKeyRevoke", appId=app["id"], kid=kid)
        assert (refused.code, refused.field) == ("NOT_FOUND", ("input", "kid"))
    for key in (new_key(kid="of-2026"), kept):
        refused = await caller.refusal("appKeyAdd", appId=app["id"], jwk=jwk_of(key))
        assert (refused.code, refused.field) == ("KEY_EXISTS", ("input", "jwk"))


async def test_an_app_that_is_put_away_signs_in_no_more(http: httpx2.AsyncClient, caller: Caller) -> None:
    key = new_key()
    app = (await new_app(caller, jwks=jwks_of(key)))["app"]
    assert (await caller.change("appArchive", APP, appId=app["id"]))["app"]["keys"] == []
    assert not await signs_in(http, app["clientId"], key)
    for mutation, more in (("appKeyAdd", {"jwk": jwk_of(new_key())}), ("appKeyRevoke", {"kid": key.kid})):
        assert (await caller.refusal(mutation, appId=app["id"], **more)).code == "ALREADY_ARCHIVED"


async def test_a_private_key_is_refused_and_kept_nowhere(caller: Caller, ledger: Ledger) -> None:
    app = (await new_app(caller))["app"]
    key = new_key()
    private = json.dumps(key.as_dict(private=True))
    before = await ledger.read()
    for mutation, field, input in (
        ("appKeyAdd", "jwk", {"appId": app["id"], "jwk": private}),
        ("appKeyAdd", "jwk", {"appId": app["id"], "jwk": key.as_pem(private=True).decode()}),  # type: ignore[union-attr]
        ("appCreate", "jwks", {"name": "Board", "scopes": ["READ_METRICS"], "jwks": f'{{"keys": [{private}]}}'}),
    ):
        refused = await caller.refusal(mutation, **input)
        assert (refused.code, refused.field) == ("KEY_PRIVATE", ("input", field))
        assert "private key" in refused.message
        assert str(key.as_dict(private=True)["d"]) not in refused.message
    assert await ledger.read() == before


async def test_keys_are_for_apps_with_a_server_and_not_without_end(caller: Caller, ledger: Ledger) -> None:
    public = {"kind": "PUBLIC", "redirectUris": ["https://front.example/"]}
    app = (await new_app(caller, **public))["app"]
    full = (await new_app(caller, jwks=jwks_of(*(new_key() for _ in range(MOST_KEYS)))))["app"]
    before = await ledger.read()
    refused = await caller.refusal("appCreate", name="x", scopes=["READ_METRICS"], jwks=jwks_of(new_key()), **public)
    assert (refused.code, refused.field) == ("APP_WITHOUT_SECRET", ("input", "jwks"))
    refused = await caller.refusal("appKeyAdd", appId=app["id"], jwk=jwk_of(new_key()))
    assert (refused.code, refused.field) == ("APP_WITHOUT_SECRET", ("input", "appId"))
    refused = await caller.refusal("appKeyAdd", appId=full["id"], jwk=jwk_of(new_key()))
    assert (refused.code, refused.field) == ("KEYS_TOO_MANY", ("input", "jwk"))
    assert await ledger.read() == before
    await caller.change("appKeyRevoke", appId=full["id"], kid=full["keys"][0]["kid"])
    await caller.change("appKeyAdd", appId=full["id"], jwk=jwk_of(new_key()))


async def test_whoever_adds_a_key_may_what_the_app_may(
    http: httpx2.AsyncClient, machine: Machine, caller: Caller, ledger: Ledger
) -> None:
    """By it they could. Taking one away needs no more than to manage the organization."""
    key = new_key()
    app = (await new_app(caller, jwks=jwks_of(key)))["app"]
    manager = await sign_in(http, machine, ApiScope.MANAGE_ORGANIZATION)
    before = await ledger.read()
    refused = await manager.refusal("appKeyAdd", appId=app["id"], jwk=jwk_of(new_key()))
    assert (refused.code, refused.field) == ("SCOPE_BEYOND_YOURS", ("input", "appId"))
    assert await ledger.read() == before
    await manager.change("appKeyRevoke", appId=app["id"], kid=key.kid)


@pytest.mark.parametrize("selection", ["keys { kid }", "secrets { createdAt }"])
async def test_a_reader_is_not_told_of_them(http: httpx2.AsyncClient, machine: Machine, selection: str) -> None:
    reader = await sign_in(http, machine, ApiScope.READ_METRICS)
    assert (await reader.ask(f"{{ viewer {{ app {{ {selection} }} }} }}")).code == "FORBIDDEN_SCOPE"

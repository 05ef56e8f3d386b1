"""What a provider's own words may not lead us to, and what of them we need not understand."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from connectors.openid.id_token import read_keys
from connectors.openid.provider import OpenIdProvider
from domain.ports.errors import AnswerUnusable, ConsentRefused
from domain.ports.identity import Errand, Registration
from tests.unit.connectors.shopify.stage import Wire

ISSUER = "https://id.example/tenant"
OURS = Registration("acme", "Acme", ISSUER, "us & co", "it's a secret")
ERRAND = Errand("https://api.example/oauth/signed-in/acme", "the-state", "the-nonce", "v" * 64)
CONFIGURATION = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize?policy=strict",
    "token_endpoint": "https://login.example/token",
    "jwks_uri": "https://keys.example/keys",
}
KEYS = {"keys": [{"kty": "new"}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, "nonsense"]}


def provider(wire: Wire) -> OpenIdProvider:
    return OpenIdProvider(wire.http(), OURS, seconds=1)


def answers(configuration: Mapping[str, Any] = CONFIGURATION, *more: httpx2.Response) -> Wire:
    return Wire(httpx2.Response(200, json=dict(configuration)), httpx2.Response(200, json=KEYS), *more)


async def test_who_is_sent_carries_what_ties_the_answer_to_them() -> None:
    wire = answers()
    address = urlsplit(await provider(wire).authorize_url(ERRAND))
    query = dict(parse_qsl(address.query))
    assert (address.netloc, query["policy"], query["client_id"]) == ("login.example", "strict", "us & co")
    assert (query["state"], query["nonce"], query["code_challenge_method"]) == ("the-state", "the-nonce", "S256")
    assert query["scope"].split() == ["openid", "email"]
    assert "v" * 64 not in address.query
    assert str(wire.requests[0].url) == f"{ISSUER}/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://id.example/tenant/"},
        {"issuer": None},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https:///nowhere"},
    ],
)
async def test_a_configuration_leads_nowhere_unsafe(changed: dict[str, Any]) -> None:
    wire = answers({**CONFIGURATION, **changed})
    with pytest.raises(AnswerUnusable):
        await provider(wire).authorize_url(ERRAND)
    assert len(wire.requests) == 1


async def test_a_practice_provider_is_spoken_to_in_the_clear_at_its_own_address_only() -> None:
    ours = Registration("acme", "Acme", "http://127.0.0.1:9/id", "us", "secret")
    here = {name: value.replace(ISSUER, ours.issuer) for name, value in CONFIGURATION.items()}
    wire = answers({**here, "token_endpoint": "http://127.0.0.1:8400/token"})
    with pytest.raises(AnswerUnusable, match="token_endpoint is not https"):
        await OpenIdProvider(wire.http(), ours, seconds=1).authorize_url(ERRAND)


async def test_what_was_said_is_kept_for_an_hour() -> None:
    wire, at = answers(), [0.0]
    acme = OpenIdProvider(wire.http(), OURS, seconds=1, monotonic=lambda: at[0])
    for at[0] in (0.0, 3599.0):
        await acme.authorize_url(ERRAND)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(("methods", "by_basic"), [(None, True), (["client_secret_post"], False)])
async def test_the_secret_goes_as_the_provider_takes_it(methods: list[str] | None, by_basic: bool) -> None:
    more = {} if methods is None else {"token_endpoint_auth_methods_supported": methods}
    wire = answers({**CONFIGURATION, **more}, httpx2.Response(400, json={"error": "invalid_grant"}))
    with pytest.raises(ConsentRefused):
        await provider(wire).identify(ERRAND, {"code": "the-code"})
    sent = wire.requests[-1]
    form = dict(parse_qsl(sent.content.decode()))
    assert (form["code"], form["code_verifier"], form["redirect_uri"]) == ("the-code", "v" * 64, ERRAND.redirect_uri)
    credentials = base64.b64encode(b"us%20%26%20co:it%27s%20a%20secret").decode()
    assert sent.headers.get("authorization") == (f"Basic {credentials}" if by_basic else None)
    assert form.get("client_secret") == (None if by_basic else "it's a secret")


def test_keys_that_are_none_of_ours_are_passed_over() -> None:
    assert list(read_keys(KEYS)) == []
    wrong: list[Any] = [{}, {"keys": {}}, [], None]
    for nonsense in wrong:
        with pytest.raises(AnswerUnusable):
            read_keys(nonsense)


@pytest.mark.parametrize("token", [None, 5, "", "a.b", "a.b.c", "x" * 20_000, json.dumps({"alg": "none"})])
async def test_what_is_no_token_names_nobody(token: Any) -> None:
    wire = answers(CONFIGURATION, httpx2.Response(200, json={"id_token": token}))
    with pytest.raises(ConsentRefused):
        await provider(wire).identify(ERRAND, {"code": "the-code"})

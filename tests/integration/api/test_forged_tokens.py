"""Tokens that a forger, another server or an older day might show at the door: signed by us, or made to look so."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tenants.access.keys import SigningKeys
from tenants.ids import new_id
from tests.factories.keys import new_key
from tests.factories.organizations import Machine, give_key, new_machine
from tests.factories.tenants import new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.test_embeds import ORIGIN, embed
from tests.integration.api.world import World

QUERY = {"query": "{ viewer { clientId } }"}


@dataclass(frozen=True)
class Mint:
    """With the server's own private key, whatever it is told to say."""

    key: ECKey
    kid: str
    header: dict[str, Any]
    claims: dict[str, Any]

    def coin(self, header: dict[str, Any] | None = None, key: ECKey | None = None, **changes: Any) -> str:
        """A token like the one that was given out, but for the changes; a change to None leaves the claim out."""
        claims = {name: each for name, each in {**self.claims, **changes}.items() if each is not None}
        head = {**self.header, **(header or {})}
        return jws.serialize_compact(head, json.dumps(claims), key or self.key, algorithms=["ES256"])

    def shared(self, algorithm: str, secret: bytes) -> str:
        """Signed as if the key were a secret, or by nobody."""
        signed = f"{_part({**self.header, 'alg': algorithm})}.{_part(self.claims)}"
        return f"{signed}.{_text(hmac.digest(secret, signed.encode(), hashlib.sha256)) if secret else ''}"


@pytest.fixture
async def mint(world: World, caller: Caller) -> Mint:
    private = await SigningKeys(world.database, world.keyring).private()
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in caller.token.split(".")[:2])
    return Mint(ECKey.import_key(private.pem), private.kid, header, claims)


async def shown(http: httpx2.AsyncClient, token: str, **headers: str) -> httpx2.Response:
    return await http.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {token}", **headers})


async def is_refused(http: httpx2.AsyncClient, token: str, **headers: str) -> None:
    answer = await shown(http, token, **headers)
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_the_server_signed_is_believed(http: httpx2.AsyncClient, mint: Mint) -> None:
    """So that what is refused below is refused for what was changed."""
    assert (await shown(http, mint.coin())).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "{issuer}"},
        {"aud": "{issuer}/oauth/token"},
        {"aud": "https://evil.example/graphql"},
        {"aud": ["{issuer}/graphql", "https://evil.example"]},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iat": 33_000_000_000},
        {"app": str(new_id())},
        {"org": str(new_id())},
        {"embed": str(new_id())},
    ],
)
async def test_a_token_for_another_or_from_another_day(
    http: httpx2.AsyncClient, mint: Mint, changes: dict[str, Any]
) -> None:
    written = json.loads(json.dumps(changes).replace("{issuer}", mint.claims["iss"]))
    await is_refused(http, mint.coin(**written))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"kid": "of-nobody"},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/certificate"},
        {"jwk": {}},
    ],
)
async def test_a_key_or_a_kind_of_the_forgers_choice(
    http: httpx2.AsyncClient, mint: Mint, header: dict[str, Any]
) -> None:
    theirs = ECKey.generate_key("P-256")
    if "jwk" in header:
        header = {"jwk": theirs.as_dict(private=False)}
    await is_refused(http, mint.coin(header, None if "typ" in header else theirs))


async def test_the_published_key_is_no_secret_and_no_signature_is_none(http: httpx2.AsyncClient, mint: Mint) -> None:
    published = (await http.get("/oauth/jwks")).json()["keys"]
    public = next(each for each in published if each["kid"] == mint.kid)
    for secret in (mint.key.as_pem(private=False), json.dumps(public).encode(), public["x"].encode()):
        await is_refused(http, mint.shared("HS256", secret))
    await is_refused(http, mint.shared("none", b""))
    await is_refused(http, mint.shared("ES256", b""))


async def test_a_key_that_is_known_here_for_something_else(
    http: httpx2.AsyncClient, world: World, machine: Machine, mint: Mint
) -> None:
    """An app's own, by which it signs in: it signs no access tokens, under its name or under the server's."""
    theirs = new_key()
    kid = await give_key(world.database, machine, theirs)
    assert isinstance(theirs, ECKey)
    await is_refused(http, mint.coin({"kid": kid}, theirs))
    await is_refused(http, mint.coin(None, theirs))
    await is_refused(http, mint.coin({"kid": kid}))


Embed = Callable[[], Awaitable[tuple[str, dict[str, Any]]]]


@pytest.fixture
def embedded(http: httpx2.AsyncClient, world: World, machine: Machine, caller: Caller) -> Embed:
    async def make() -> tuple[str, dict[str, Any]]:
        tenant = await new_tenant(world.database, world.keyring, machine.actor)
        token = await embed(http, machine, caller, tenant)
        return token, json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    return make


async def test_an_embed_token_that_has_expired(http: httpx2.AsyncClient, mint: Mint, embedded: Embed) -> None:
    token, claims = await embedded()
    assert (await shown(http, token, Origin=ORIGIN)).status_code == 200
    past = int(datetime.now(UTC).timestamp()) - 1
    await is_refused(http, mint.coin(**{**claims, "exp": past}), Origin=ORIGIN)


async def test_an_embed_token_of_another_app(
    http: httpx2.AsyncClient, world: World, machine: Machine, mint: Mint, embedded: Embed
) -> None:
    """Of the same organization: its row is not the other's, so it opens nothing, and nobody there may look into it."""
    token, claims = await embedded()
    other = await new_machine(world.database, organization_id=machine.organization_id)
    theirs = {"app": str(other.actor.app_id), "client_id": other.actor.client_id}
    await is_refused(http, mint.coin(**{**claims, **theirs}), Origin=ORIGIN)
    stranger = await new_machine(world.database)
    told = await http.post("/oauth/introspect", data={"token": token}, auth=stranger.credentials)
    assert told.json() == {"active": False}


async def test_a_machine_asks_for_no_more_than_it_has(http: httpx2.AsyncClient, world: World, machine: Machine) -> None:
    """Neither at the token endpoint nor by writing it into a token of its own making."""
    small = await new_machine(world.database, organization_id=machine.organization_id, scopes=["read_metrics"])
    form = {"grant_type": "client_credentials", "scope": "read_metrics manage_organization"}
    refused = await http.post("/oauth/token", data=form, auth=small.credentials)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    caller = await sign_in(http, small)
    claims = json.loads(base64.urlsafe_b64decode(caller.token.split(".")[1] + "=="))
    private = await SigningKeys(world.database, world.keyring).private()
    header = {"alg": "ES256", "typ": "at+jwt", "kid": private.kid}
    richer = Mint(ECKey.import_key(private.pem), private.kid, header, {**claims, "scope": form["scope"]}).coin()
    scopes = await Caller(http, richer).ask("{ viewer { scopes } }")
    assert scopes.data["viewer"]["scopes"] == ["READ_METRICS"], "what its app may counts, though the token says more"


def _part(content: dict[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

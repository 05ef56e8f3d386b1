"""An app signs in by what it signs with a key of its own: private_key_jwt."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from joserfc.jwk import Key
from sqlalchemy import func, select, update

from api.oauth.tokens import AccessTokens
from tenants.access.kinds import AppKind
from tenants.access.models import AppKey, ClientAssertion
from tenants.access.public_keys import ALGORITHMS
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.keys import ASSERTION_TYPE, assertion, jwks_of, known_key, new_key
from tests.integration.oauth.browser import Visit, error_of
from tests.integration.oauth.world import KnownApp, ManualClock, World, new_app

GRANT = {"grant_type": "client_credentials"}
GENERIC = "Client authentication failed."


@dataclass(frozen=True)
class Signer:
    """An app with one key."""

    http: httpx2.AsyncClient
    clock: ManualClock
    app: KnownApp
    key: Key

    @property
    def issuer(self) -> str:
        return str(self.http.base_url).rstrip("/")

    def now(self, **ahead: float) -> int:
        return int(self.clock.now().timestamp()) + int(ahead.get("seconds", 0))

    def proof(self, key: Key | None = None, /, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        claims = {"exp": self.now(seconds=60), "aud": self.issuer, **changes}
        return assertion(key or self.key, self.app.client_id, claims.pop("aud"), header=header, **claims)

    async def send(self, proof: str, path: str = "/oauth/token", /, **form: str) -> httpx2.Response:
        asserted = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proof}
        return await self.http.post(path, data={**(GRANT if path == "/oauth/token" else {}), **asserted, **form})


@pytest.fixture(scope="session")
async def app(database: Database, world: World) -> KnownApp:
    return await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(known_key("ES256")))


@pytest.fixture
def signer(http: httpx2.AsyncClient, clock: ManualClock, app: KnownApp) -> Signer:
    return Signer(http, clock, app, known_key("ES256"))


def refusal_of(answer: httpx2.Response) -> str:
    assert (answer.status_code, error_of(answer)) == (401, "invalid_client"), answer.text
    assert answer.headers["www-authenticate"].startswith('Basic realm="')
    return str(answer.json()["error_description"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_an_app_signs_in_by_its_key(
    http: httpx2.AsyncClient,
    database: Database,
    tokens: AccessTokens,
    world: World,
    clock: ManualClock,
    algorithm: str,
) -> None:
    key = known_key(algorithm)
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(key, new_key()))
    answer = await (signer := Signer(http, clock, app, key)).send(signer.proof())
    assert answer.status_code == 200, answer.text
    assert (await tokens.verify(answer.json()["access_token"])).app_id == app.app_id


async def test_an_app_with_keys_was_given_no_secret(app: KnownApp) -> None:
    assert app.secret == ""


async def test_it_names_the_server_or_its_token_endpoint(signer: Signer) -> None:
    for audience in (signer.issuer, f"{signer.issuer}/oauth/token", [signer.issuer]):
        assert (await signer.send(signer.proof(aud=audience))).status_code == 200
    assert (await signer.send(signer.proof(header={"kid": None}))).status_code == 200, "there is only one key"
    assert (await signer.send(signer.proof(), client_id=signer.app.client_id)).status_code == 200


async def test_it_opens_every_endpoint_for_apps(signer: Signer, world: World) -> None:
    token = (await signer.send(signer.proof())).json()["access_token"]
    told = await signer.send(signer.proof(), "/oauth/introspect", token=token)
    assert (told.status_code, told.json()["client_id"]) == (200, signer.app.client_id)
    assert (await signer.send(signer.proof(), "/oauth/revoke", token=token)).status_code == 200
    for path in ("/oauth/introspect", "/oauth/revoke"):
        assert refusal_of(await signer.send(signer.proof(new_key(kid=signer.key.kid)), path, token=token)) == GENERIC


async def test_a_server_of_a_partner_signs_its_people_in(
    http: httpx2.AsyncClient, signer: Signer, tokens: AccessTokens, world: World
) -> None:
    visit = Visit(http, signer.app)
    code = (await visit.authorize(world.owner))["code"]
    form = {"client_assertion_type": ASSERTION_TYPE, "client_id": None}
    first = await visit.redeem(code, client_assertion=signer.proof(), **form)
    assert (await tokens.verify(first.json()["access_token"])).person_id == world.owner.person_id
    again = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    assert (await signer.send(signer.proof(), **again)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": None}, "iss"),
        ({"iss": "azc_somebody"}, "iss"),
        ({"aud": None}, "aud"),
        ({"aud": "https://evil.example"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": 7}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "\ud800"}, None),
    ],
)
async def test_what_it_says_wrongly_is_named(signer: Signer, changes: dict[str, Any], reason: str | None) -> None:
    described = refusal_of(await signer.send(signer.proof(**changes)))
    assert described == (f"The client assertion's {reason} is missing or wrong." if reason else GENERIC)


async def test_it_is_for_this_server_alone(signer: Signer) -> None:
    both = [signer.issuer, "https://evil.example"]
    assert "more than one audience" in refusal_of(await signer.send(signer.proof(aud=both)))


async def test_it_is_fresh(signer: Signer) -> None:
    for seconds in (-59, 3600):
        assert (await signer.send(signer.proof(exp=signer.now(seconds=seconds)))).status_code == 200
    for claim, seconds in (("exp", -61), ("exp", 10**12), ("exp", 3720), ("iat", 120), ("nbf", 120)):
        changes: dict[str, Any] = {claim: signer.now(seconds=seconds)}
        assert "The client assertion" in refusal_of(await signer.send(signer.proof(**changes))), changes


@pytest.mark.parametrize("sub", [None, "azc_somebody", 7, ["x"], "\0", "\ud800"])
async def test_for_whom_it_is_must_be_an_app(signer: Signer, sub: Any) -> None:
    assert refusal_of(await signer.send(signer.proof(sub=sub))) == GENERIC


async def test_nobody_signs_in_for_another(signer: Signer, database: Database, world: World) -> None:
    """Neither as an app with other keys, nor as one without any, nor as one that anybody can read."""
    theirs = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(new_key(kid="theirs")))
    for other in (theirs, world.machine, world.front_end):
        for header in ({}, {"kid": None}, {"kid": "theirs"}):
            forged = signer.proof(iss=other.client_id, sub=other.client_id, header=header)
            assert refusal_of(await signer.send(forged)) == GENERIC
    named = await signer.send(signer.proof(), client_id=world.machine.client_id)
    assert refusal_of(named) == GENERIC


async def test_a_key_that_comes_with_it_is_not_believed(signer: Signer) -> None:
    mine = new_key(kid=signer.key.kid)
    for header in (
        {},
        {"jwk": mine.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/certificate"},
        {"kid": "of-nobody"},
        {"kid": None},
    ):
        assert refusal_of(await signer.send(signer.proof(mine, header=header))) == GENERIC


async def test_a_key_is_for_one_algorithm(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    key = known_key("PS256")
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(key))
    signer = Signer(http, clock, app, key)
    assert (await signer.send(signer.proof())).status_code == 200
    same = type(key).import_key({**key.as_dict(private=True), "alg": "RS256"})
    for header in ({}, {"kid": None}):
        assert refusal_of(await signer.send(signer.proof(same, header=header))) == GENERIC


async def test_a_public_key_is_no_shared_secret_and_no_signature_is_none(signer: Signer) -> None:
    head, claims, signature = signer.proof().split(".")
    public = signer.key.as_pem(private=False)  # type: ignore[union-attr]
    for algorithm in ("HS256", "none", "ES512", "unheard-of"):
        forged_head = part({"alg": algorithm, "kid": signer.key.kid})
        mac = encoded(hmac.digest(public, f"{forged_head}.{claims}".encode(), hashlib.sha256))
        for proof in ("", signature, mac):
            assert refusal_of(await signer.send(f"{forged_head}.{claims}.{proof}")) == GENERIC
    longer = part({**json.loads(base64.urlsafe_b64decode(claims + "==")), "exp": signer.now(seconds=3000)})
    assert refusal_of(await signer.send(f"{head}.{longer}.{signature}")) == GENERIC


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "..", "\0", "é", "e30.e30.", "x" * 9000, "eyJhbGciOiJFUzI1NiJ9." + "W1tb" * 3500 + ".AAAA"]
)
async def test_what_is_no_assertion_proves_nothing(signer: Signer, token: str) -> None:
    assert refusal_of(await signer.send(token)) == GENERIC


async def test_a_kind_of_assertion_nobody_knows_proves_nothing(http: httpx2.AsyncClient, signer: Signer) -> None:
    """Nor half of one."""
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    sound = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signer.proof()}
    for form in ({**sound, "client_assertion_type": saml}, *({name: value} for name, value in sound.items())):
        answer = await http.post("/oauth/token", data={**GRANT, "client_id": signer.app.client_id, **form})
        assert refusal_of(answer) == GENERIC


async def test_a_client_proves_itself_in_one_way(http: httpx2.AsyncClient, signer: Signer, world: World) -> None:
    asserted = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signer.proof()}
    by_secret = {"client_id": world.machine.client_id, "client_secret": world.machine.secret}
    for answer in (
        await http.post("/oauth/token", data={**GRANT, **asserted, **by_secret}),
        await http.post(
            "/oauth/token", data={**GRANT, **asserted}, auth=(world.machine.client_id, world.machine.secret)
        ),
    ):
        assert (answer.status_code, error_of(answer)) == (400, "invalid_request")


async def test_it_works_once(signer: Signer, database: Database, world: World) -> None:
    token = signer.proof()
    assert (await signer.send(token)).status_code == 200
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        assert refusal_of(await signer.send(token, path, token="x")) == "The client assertion was used before."
    same_id = signer.proof(jti="mine")
    other = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(signer.key))
    assert (await signer.send(same_id)).status_code == 200
    theirs = Signer(signer.http, signer.clock, other, signer.key)
    assert (await theirs.send(theirs.proof(jti="mine"))).status_code == 200


async def test_it_is_used_up_whatever_it_was_for(signer: Signer) -> None:
    token = signer.proof()
    assert error_of(await signer.send(token, scope="manage_organization")) == "invalid_scope"
    assert refusal_of(await signer.send(token)) == "The client assertion was used before."


async def test_of_many_at_once_one_gets_through(signer: Signer) -> None:
    token = signer.proof()
    answers = await asyncio.gather(*(signer.send(token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


async def test_it_is_remembered_for_as_long_as_it_would_be_accepted(
    signer: Signer, database: Database, world: World
) -> None:
    """And only that of an app: whoever invents assertions fills nothing."""
    scope = Scope(organization_id=world.organization_id)
    counted = select(func.count()).select_from(ClientAssertion)
    async with database.snapshot(scope) as session:
        before = await session.scalar(counted)
    expires = signer.now(seconds=60)
    assert (await signer.send(signer.proof(exp=expires))).status_code == 200
    await signer.send(signer.proof(new_key(kid=signer.key.kid)))
    async with database.snapshot(scope) as session:
        assert await session.scalar(counted) == (before or 0) + 1
        last = await session.scalar(
            select(func.max(ClientAssertion.expires_at)).where(ClientAssertion.app_id == signer.app.app_id)
        )
    assert last is not None
    assert last.timestamp() > expires + 60, "when it is forgotten its age alone refuses it"


async def test_a_key_that_has_ended_opens_nothing(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    key = new_key()
    signer = Signer(
        http, clock, await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(key)), key
    )
    assert (await signer.send(signer.proof())).status_code == 200
    async with database.unit_of_work(Scope(organization_id=world.organization_id)) as session:
        ours = AppKey.app_id == signer.app.app_id
        await session.execute(update(AppKey).where(ours).values(expires_at=clock.now()))
    assert refusal_of(await signer.send(signer.proof())) == GENERIC


def part(content: dict[str, Any]) -> str:
    return encoded(json.dumps(content).encode())


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

"""What counts as an access token, tried with forgeries made by hand rather than by the library that verifies."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from api.oauth.tokens import InvalidAccessToken, OnBehalf, Terms, sign_access_token, verify_access_token
from tenants.access.actor import Actor
from tenants.access.clients import Client
from tenants.access.keys import PrivateKey
from tenants.access.kinds import AppKind, Audience, OrganizationKind
from tenants.ids import new_id

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
TERMS = Terms("https://api.example.com", 600)
OURS = ec.generate_private_key(ec.SECP256R1())
CLIENT = Client(
    app_id=new_id(),
    organization_id=new_id(),
    organization_name="North",
    organization_kind=OrganizationKind.AGENCY,
    client_id="azc_1",
    name="Reports",
    kind=AppKind.CONFIDENTIAL,
    redirect_uris=(),
    scopes=frozenset({"read_metrics"}),
    audience=Audience.OWN_ORGANIZATION,
    secret_hashes=(),
)


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": encoded(numbers.x.to_bytes(32)), "y": encoded(numbers.y.to_bytes(32))}


KEYS = {"ours": jwk(OURS)}


def forge(key: ec.EllipticCurvePrivateKey = OURS, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token of ours, but for the changes; a change to None leaves the claim out."""
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "ours", **(header or {})}
    signed = (
        f"{part(head)}.{part({name: value for name, value in {**claims(), **changes}.items() if value is not None})}"
    )
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"


def part(content: dict[str, Any]) -> str:
    return encoded(json.dumps(content).encode())


def claims() -> dict[str, Any]:
    return {
        "iss": TERMS.issuer,
        "aud": TERMS.resource,
        "sub": "azc_1",
        "client_id": "azc_1",
        "scope": "read_metrics write_kpis",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 600,
        "jti": "1",
        "org": str(CLIENT.organization_id),
        "app": str(CLIENT.app_id),
    }


def verified(token: str, now: datetime = NOW) -> Actor:
    return verify_access_token(token, keys=KEYS, terms=TERMS, now=now)[0]


def test_a_token_made_by_hand_to_the_letter_is_accepted() -> None:
    person, authorization = new_id(), new_id()
    actor = verified(forge(person=str(person), sid=str(authorization)))
    assert actor == Actor(
        organization_id=CLIENT.organization_id,
        app_id=CLIENT.app_id,
        client_id="azc_1",
        scopes=frozenset({"read_metrics", "write_kpis"}),
        person_id=person,
        authorization_id=authorization,
    )


@pytest.mark.parametrize("acts_for", [None, CLIENT.organization_id, UUID(int=9)])
def test_what_is_signed_is_what_is_read(acts_for: UUID | None) -> None:
    person = None if acts_for is None else OnBehalf(UUID(int=7), acts_for, UUID(int=8))
    pem = OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token = sign_access_token(
        CLIENT,
        person=person,
        scopes=["read_metrics"],
        key=PrivateKey("ours", pem),
        terms=TERMS,
        now=NOW,
    )
    actor, expires_at = verify_access_token(token, keys=KEYS, terms=TERMS, now=NOW)
    own = Actor(CLIENT.organization_id, CLIENT.app_id, "azc_1", frozenset({"read_metrics"}))
    if person is not None:
        own = replace(own, person_id=person.person_id, authorization_id=person.authorization_id)
    if acts_for == UUID(int=9):
        own = replace(own, organization_id=acts_for, app_owner_id=CLIENT.organization_id)
    assert actor == own
    assert expires_at == NOW.timestamp() + 600
    header, payload = (json.loads(base64.urlsafe_b64decode(text + "==")) for text in token.split(".")[:2])
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": "ours"}
    # RFC 9068, 2.2: what every such token carries.
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(payload)
    assert payload["sub"] == (str(person.person_id) if person else "azc_1")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "https://api.example.com"},
        {"aud": "azc_1"},
        {"aud": None},
        {"aud": ["https://api.example.com/graphql", "https://evil.example"]},
        {"exp": int(NOW.timestamp())},
        {"exp": None},
        {"exp": "never"},
        {"iat": int(NOW.timestamp()) + 120},
        {"iat": None},
        {"org": None},
        {"org": "everyone"},
        {"org": 7},
        {"app": None},
        {"client_id": None},
        {"scope": None},
        {"scope": ["read_metrics"]},
        {"person": "somebody"},
    ],
)
def test_wrong_or_missing_claims_are_refused_though_the_signature_is_ours(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidAccessToken):
        verified(forge(**changes))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "dpop+jwt"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"alg": "ES256K"},
        {"kid": "theirs"},
        {"kid": 7},
        {"kid": ["ours"]},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
    ],
)
def test_a_header_that_says_something_else_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidAccessToken):
        verified(forge(header=header))


def test_an_unsigned_token_is_refused() -> None:
    header = part({"alg": "none", "typ": "at+jwt", "kid": "ours"})
    for signature in ("", "AAAA"):
        with pytest.raises(InvalidAccessToken):
            verified(f"{header}.{part(claims())}.{signature}")
    with pytest.raises(InvalidAccessToken):
        verified(f"{header}.{part(claims())}")


def test_the_public_key_is_no_shared_secret() -> None:
    """HS256 with the public key as the secret, in each form in which a verifier might take it for one."""
    public = OURS.public_key()
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(KEYS["ours"]).encode(),
        base64.urlsafe_b64decode(KEYS["ours"]["x"] + "="),
    ):
        signed = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'ours'})}.{part(claims())}"
        signature = encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))
        with pytest.raises(InvalidAccessToken):
            verified(f"{signed}.{signature}")


def test_a_key_that_comes_with_the_token_is_not_believed() -> None:
    theirs = ec.generate_private_key(ec.SECP256R1())
    for header in ({}, {"jwk": jwk(theirs)}, {"jku": "https://evil.example/jwks"}):
        with pytest.raises(InvalidAccessToken):
            verified(forge(theirs, header=header))


def test_a_tampered_token_is_refused() -> None:
    header, payload, signature = forge().split(".")
    richer = part({**claims(), "scope": "manage_organization"})
    for token in (f"{header}.{richer}.{signature}", f"{header}.{payload}.{signature[::-1]}", f"{header}.{payload}."):
        with pytest.raises(InvalidAccessToken):
            verified(token)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é.é.é", "\0", "{}", "Bearer x", "x" * 5000, "." * 4000])
def test_what_is_no_token_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidAccessToken):
        verified(text)


def test_a_token_lives_until_its_last_second() -> None:
    token = forge()
    assert verified(token, NOW + timedelta(seconds=599.9)).client_id == "azc_1"
    with pytest.raises(InvalidAccessToken, match="expired"):
        verified(token, NOW + timedelta(seconds=600))

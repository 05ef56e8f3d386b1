"""ID tokens and keys, written out by hand: JWS compact serialization with RS256."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.openid.state import Client, Code, Key, Person, Realm

LIFETIME_SECONDS = 600
Claims = dict[str, Any]


def key_set(key: Key) -> Mapping[str, Any]:
    numbers = key.private.public_key().public_numbers()
    shown = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key.kid,
        "n": _number(numbers.n),
        "e": _number(numbers.e),
    }
    # Of a kind that most clients have never heard of, as real sets have them.
    return {"keys": [{"kty": "PQC", "kid": "future"}, shown]}


def id_token(realm: Realm, issuer: str, client: Client, code: Code, fault: str) -> str:
    now = int(time.time())
    claims: Claims = {
        "iss": issuer,
        "sub": code.person.subject,
        "aud": client.client_id,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "nonce": code.nonce,
    }
    if realm.tells_email_at == "id_token":
        claims |= email_of(code.person)
    if fault in BENT:
        BENT[fault](claims)
    if fault == "unsigned":
        return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."
    if fault == "symmetric":
        return _symmetric(claims, client)
    key = Key(kid=realm.key.kid) if fault == "wrong_signature" else realm.key
    return _signed(claims, key)


def email_of(person: Person) -> Claims:
    return {} if person.email is None else {"email": person.email, "email_verified": person.email_verified}


def _other_azp(claims: Claims) -> None:
    claims |= {"aud": [claims["aud"], "another-client"], "azp": "another-client"}


BENT: Mapping[str, Callable[[Claims], object]] = {
    "wrong_nonce": lambda claims: claims.update(nonce="another"),
    "no_nonce": lambda claims: claims.pop("nonce"),
    "other_audience": lambda claims: claims.update(aud="another-client"),
    "several_audiences": lambda claims: claims.update(aud=[claims["aud"], "another-client"]),
    "other_azp": _other_azp,
    "other_issuer": lambda claims: claims.update(iss="https://elsewhere.example"),
    "expired": lambda claims: claims.update(iat=claims["iat"] - 7200, exp=claims["iat"] - 3600),
}


def _signed(claims: Claims, key: Key) -> str:
    content = f"{_encoded({'alg': 'RS256', 'typ': 'JWT', 'kid': key.kid})}.{_encoded(claims)}"
    return f"{content}.{_text(key.private.sign(content.encode(), PKCS1v15(), SHA256()))}"


def _symmetric(claims: Claims, client: Client) -> str:
    content = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{content}.{_text(hmac.digest(client.client_secret.encode(), content.encode(), hashlib.sha256))}"


def _encoded(content: Mapping[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

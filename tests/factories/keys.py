"""Keys of apps, and the assertions they sign in by."""

import json
import secrets
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import Key, generate_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KINDS = {"ES256": ("EC", "P-256"), "Ed25519": ("OKP", "Ed25519"), "PS256": ("RSA", 2048), "RS256": ("RSA", 2048)}


def new_key(algorithm: str = "ES256", **parameters: Any) -> Key:
    kind, size = _KINDS[algorithm]
    return generate_key(kind, size, {"alg": algorithm, "use": "sig", **parameters}, auto_kid=True)  # type: ignore[call-overload, no-any-return]


@cache
def known_key(algorithm: str) -> Key:
    """The same each time: of RSA one takes a moment."""
    return new_key(algorithm)


def jwk_of(key: Key, **changes: Any) -> str:
    """The public half. A change to None leaves the member out."""
    return json.dumps(
        {name: each for name, each in {**key.as_dict(private=False), **changes}.items() if each is not None}
    )


def jwks_of(*keys: Key) -> str:
    return json.dumps({"keys": [json.loads(jwk_of(key)) for key in keys]})


def assertion(
    key: Key, client_id: str, audience: object, *, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A change to None leaves the claim out. Needs `exp`."""
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": secrets.token_urlsafe(), **changes}
    head = {"alg": str(key.alg), "kid": key.kid, **(header or {})}
    return jws.serialize_compact(
        {name: each for name, each in head.items() if each is not None},
        json.dumps({name: each for name, each in claims.items() if each is not None}),
        key,
        algorithms=[head["alg"]],
    )

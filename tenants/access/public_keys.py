"""Public keys by which apps sign in: JWKs (RFC 7517) of a few algorithms, without a private half."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, thumbprint

from tenants.errors import InvalidInput

Jwk = Mapping[str, str]

# By the name RFC 9864 gave it: the older one, EdDSA, leaves the curve open, and the library warns of it.
ALGORITHMS = {"ES256": "EC P-256", "Ed25519": "OKP Ed25519", "PS256": "RSA", "RS256": "RSA"}
"""The kind of key each of them takes."""
MOST_KEYS = 10
LONGEST_TEXT = 16_000
RSA_BITS = (2048, 4096)

_IMPLIED = {"EC P-256": "ES256", "OKP Ed25519": "Ed25519"}
_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KID = re.compile(r"[!-~]{1,200}")
_USUAL_EXPONENT = "AQAB"  # 65537: what is smaller is weak, and what is larger slow to verify by


def read_key(text: str, *, field: tuple[str, ...]) -> Jwk:
    """Of JSON. With `kid`, `alg` and `use`, without whatever else it said. Raises InvalidInput."""
    return _suited(_read(text, field), field)


def read_key_set(text: str, *, field: tuple[str, ...]) -> list[Jwk]:
    """Of a JWK Set. Raises InvalidInput."""
    content = _read(text, field)
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise _invalid(field, "This is no JWK Set: its JSON is an object with a list of keys.")
    if not 1 <= len(members) <= MOST_KEYS:
        raise InvalidInput(f"A JWK Set has 1 to {MOST_KEYS} keys.", field=field, code="KEYS_TOO_MANY")
    keys = [_suited(each, field) for each in members]
    if len({key["kid"] for key in keys}) < len(keys):
        raise _invalid(field, "Two keys have the same kid.")
    return keys


def _read(text: str, field: tuple[str, ...]) -> Any:
    if "PRIVATE KEY" in text:
        raise _private(field)
    try:
        if len(text) <= LONGEST_TEXT:
            return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    raise _invalid(field, f"A public key is told as JSON of at most {LONGEST_TEXT} characters (RFC 7517).")


def _suited(jwk: Any, field: tuple[str, ...]) -> Jwk:
    if not isinstance(jwk, dict):
        raise _invalid(field, "This is no JWK.")
    if _PRIVATE & jwk.keys():
        raise _private(field)
    kind = f"{jwk.get('kty')} {jwk.get('crv', '')}".rstrip()
    algorithm = str(jwk.get("alg") or _IMPLIED.get(kind))
    if ALGORITHMS.get(algorithm) != kind or jwk.get("use", "sig") != "sig":
        raise _unsuited(field)
    kty = str(jwk["kty"])
    public: dict[str, Any] = {"kty": kty, **{name: jwk.get(name) for name in _MEMBERS[kty]}}
    _check_numbers(public, field)
    kid = jwk.get("kid", thumbprint(public))
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise _invalid(field, "A kid has 1 to 200 characters of ASCII, without spaces.")
    return {**public, "kid": kid, "use": "sig", "alg": algorithm}


def _check_numbers(public: dict[str, Any], field: tuple[str, ...]) -> None:
    try:
        if not all(isinstance(each, str) for each in public.values()):
            raise ValueError
        # By what the library's own import uses, which of a key that is too short would only warn.
        key = JWKRegistry.key_types[public["kty"]].binding.import_from_dict(public)
    except (JoseError, ValueError):
        raise _invalid(field, "The numbers of this JWK are no public key.") from None
    if isinstance(key, RSAPublicKey):
        shortest, longest = RSA_BITS
        if not shortest <= key.key_size <= longest or public["e"] != _USUAL_EXPONENT:
            raise _unsuited(field)


def _invalid(field: tuple[str, ...], message: str) -> InvalidInput:
    return InvalidInput(message, field=field, code="KEY_INVALID")


def _unsuited(field: tuple[str, ...]) -> InvalidInput:
    shortest, longest = RSA_BITS
    return InvalidInput(
        f"Keys are for {', '.join(ALGORITHMS)}; of RSA they have {shortest} to {longest} bits, the exponent 65537, and"
        " an alg that says which.",
        field=field,
        code="KEY_UNSUITED",
    )


def _private(field: tuple[str, ...]) -> InvalidInput:
    return InvalidInput(
        "This is a private key, and was not kept. Do not use it any more: make another, and send its public half.",
        field=field,
        code="KEY_PRIVATE",
    )

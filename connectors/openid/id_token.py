"""The ID token: who it says signed in, if everything about it is right. OpenID Connect Core 1.0, 3.1.3.7."""

from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key

from domain.ports.errors import AnswerUnusable, ConsentRefused

# Never `none`, and nothing symmetric: a key that both know proves nothing about who signed.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
KINDS = ("RSA", "EC", "OKP")
SKEW_SECONDS = 60
MOST_CHARACTERS = 16 * 1024
LONGEST_SUBJECT = 255


class KeyUnknown(Exception):
    """The provider may have new keys since we asked."""


def read_keys(content: Any) -> KeySet:
    """Those we can use: a set may hold kinds of keys that are none of ours. Raises AnswerUnusable."""
    given = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(given, list):
        raise AnswerUnusable("the key set is none")
    keys = []
    for each in given:
        if not isinstance(each, dict) or each.get("kty") not in KINDS:
            continue
        try:
            keys.append(import_key(each))
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    return KeySet(keys)


def verify_id_token(
    token: Any, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: float
) -> Mapping[str, Any]:
    """Its claims. Raises ConsentRefused, KeyUnknown."""
    if not isinstance(token, str) or len(token) > MOST_CHARACTERS:
        raise ConsentRefused("the answer has no ID token")
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            params={"nonce": nonce, "client_id": client_id},
        )
        claims.validate(now=int(now), leeway=SKEW_SECONDS)
    except InvalidKeyIdError:
        raise KeyUnknown from None
    except (JoseError, ValueError, TypeError) as error:
        raise ConsentRefused(f"the ID token does not hold: {type(error).__name__}") from None
    subject = claims["sub"]
    if claims["iss"] != issuer:  # a list that holds it would have passed
        raise ConsentRefused("the ID token is another issuer's")
    if not isinstance(subject, str) or not 1 <= len(subject) <= LONGEST_SUBJECT:
        raise ConsentRefused("the ID token names nobody")
    return dict(claims)

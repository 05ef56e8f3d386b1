"""Which keys an app may sign in by, and what is kept of them."""

import json
from typing import Any

import pytest
from joserfc.jwk import generate_key

from tenants.access.public_keys import ALGORITHMS, MOST_KEYS, read_key, read_key_set
from tenants.errors import InvalidInput
from tests.factories.keys import jwk_of, jwks_of, known_key, new_key

FIELD = ("jwk",)


def refused(text: str) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read_key(text, field=FIELD)
    assert refusal.value.field == FIELD
    return refusal.value.code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_of_a_key_its_public_half_is_kept_and_no_more(algorithm: str) -> None:
    key = known_key(algorithm)
    more = {"x5u": "https://evil.example/", "x5c": ["AAAA"], "key_ops": ["verify"], "name": "Maria's"}
    kept = read_key(jwk_of(key, **more), field=FIELD)
    assert kept == key.as_dict(private=False)
    assert kept["alg"] == algorithm


def test_what_only_one_algorithm_takes_need_not_name_it() -> None:
    for algorithm in ("ES256", "Ed25519"):
        assert read_key(jwk_of(known_key(algorithm), alg=None, use=None), field=FIELD)["alg"] == algorithm
    assert refused(jwk_of(known_key("RS256"), alg=None)) == "KEY_UNSUITED"


def test_a_key_without_a_kid_is_named_by_its_thumbprint() -> None:
    key = new_key()
    assert read_key(jwk_of(key, kid=None), field=FIELD)["kid"] == key.thumbprint()
    assert read_key(jwk_of(key, kid="of-2026"), field=FIELD)["kid"] == "of-2026"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_private_key_is_refused_by_name(algorithm: str) -> None:
    key = known_key(algorithm)
    assert refused(json.dumps(key.as_dict(private=True))) == "KEY_PRIVATE"
    assert refused(key.as_pem(private=True).decode()) == "KEY_PRIVATE"  # type: ignore[union-attr]
    with pytest.raises(InvalidInput, match="private key"):
        read_key_set(json.dumps({"keys": [json.loads(jwk_of(new_key())), key.as_dict(private=True)]}), field=FIELD)


def test_a_shared_secret_is_none_of_it() -> None:
    assert refused(json.dumps(generate_key("oct", 256).as_dict(private=True))) == "KEY_PRIVATE"


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "EdDSA"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": 7},
        {"kty": "oct"},
        {"kty": ["EC"]},
        {"use": "enc"},
    ],
)
def test_a_key_for_something_else_is_refused(changes: dict[str, Any]) -> None:
    assert refused(jwk_of(known_key("ES256"), **changes)) == "KEY_UNSUITED"


@pytest.mark.parametrize(
    "changes",
    [
        {"x": "AAAA"},
        {"x": ""},
        {"x": "+/="},
        {"x": "é"},
        {"x": 7},
        {"y": None},
        {"kid": ""},
        {"kid": 7},
        {"kid": "a b"},
        {"kid": "x" * 201},
        {"kid": "\0"},
    ],
)
def test_a_key_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    assert refused(jwk_of(known_key("ES256"), **changes)) == "KEY_INVALID"


def test_rsa_has_sensible_sizes() -> None:
    sound = known_key("PS256")
    short = "w" * 171  # 1026 bits
    for changes, code in (
        ({"n": short}, "KEY_UNSUITED"),
        ({"n": "w" * 700}, "KEY_UNSUITED"),
        ({"e": "Aw"}, "KEY_UNSUITED"),
        ({"n": ""}, "KEY_INVALID"),
        ({"e": "AA"}, "KEY_INVALID"),
    ):
        assert refused(jwk_of(sound, **changes)) == code, changes


@pytest.mark.parametrize("text", ["", "null", "7", "[]", "{", "[" * 5000, "\ud800", "x" * 20_000, '{"kty": "EC"'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    assert refused(text) in {"KEY_INVALID"}
    with pytest.raises(InvalidInput):
        read_key_set(text, field=FIELD)


def test_a_set_has_some_keys_of_different_names() -> None:
    one, other = new_key(), known_key("RS256")
    assert [key["kid"] for key in read_key_set(jwks_of(one, other), field=FIELD)] == [one.kid, other.kid]
    for text in (jwk_of(one), '{"keys": {}}', '{"keys": []}', jwks_of(*[one] * (MOST_KEYS + 1)), jwks_of(one, one)):
        with pytest.raises(InvalidInput):
            read_key_set(text, field=FIELD)

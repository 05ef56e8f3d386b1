"""The practice provider of sign-ins, by the letter of OpenID Connect and without anything of ours."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from tests.sandbox.client import Desk

REDIRECT = "http://127.0.0.1:9/back"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def issuer(sandbox: Desk) -> str:
    client = {"client_id": "us", "client_secret": "hush", "redirect_uris": [REDIRECT]}
    sandbox.call("POST", "/openid/letter/clients", client)
    sandbox.call("POST", "/openid/letter/people", {"subject": "p1", "email": "p1@example.com"})
    return f"{sandbox.url}/openid/letter"


def code(sandbox: Desk, issuer: str, **changes: str) -> dict[str, str]:
    query = {
        "response_type": "code", "client_id": "us", "redirect_uri": REDIRECT, "scope": "openid email",
        "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | changes  # fmt: skip
    answer = sandbox.plain.post(f"{issuer}/authorize", params=query, data={"subject": "p1"})
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def redeem(sandbox: Desk, issuer: str, code: str, **changes: str) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return sandbox.plain.post(f"{issuer}/token", data=form | changes, auth=("us", "hush"))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def number(part: str) -> int:
    return int.from_bytes(decoded(part))


def test_a_sign_in_by_the_letter(sandbox: Desk, issuer: str) -> None:
    told: dict[str, Any] = sandbox.plain.get(f"{issuer}/.well-known/openid-configuration").json()
    assert told["issuer"] == issuer
    arrived = code(sandbox, issuer)
    assert (arrived["state"], arrived["iss"]) == ("s", issuer)
    tokens = redeem(sandbox, issuer, arrived["code"]).json()
    head, body, signature = tokens["id_token"].split(".")
    keys = sandbox.plain.get(told["jwks_uri"]).json()["keys"]
    (key,) = [each for each in keys if each["kid"] == json.loads(decoded(head))["kid"]]
    public = RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    public.verify(decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    claims = json.loads(decoded(body))
    assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (issuer, "us", "p1", "n")
    assert (claims["email"], claims["email_verified"]) == ("p1@example.com", True)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert sandbox.plain.get(told["userinfo_endpoint"], headers=bearer).json()["sub"] == "p1"


def test_a_code_works_once_and_for_its_verifier(sandbox: Desk, issuer: str) -> None:
    first = code(sandbox, issuer)["code"]
    assert redeem(sandbox, issuer, first).status_code == 200
    assert redeem(sandbox, issuer, first).status_code == 400
    assert redeem(sandbox, issuer, code(sandbox, issuer)["code"], code_verifier="w" * 50).status_code == 400
    other = {"grant_type": "authorization_code", "code": code(sandbox, issuer)["code"]}
    assert sandbox.plain.post(f"{issuer}/token", data=other, auth=("us", "wrong")).status_code == 401


def test_what_is_asked_for_wrongly_is_refused(sandbox: Desk, issuer: str) -> None:
    assert code(sandbox, issuer, scope="email")["error"] == "invalid_scope"
    assert code(sandbox, issuer, response_type="token")["error"] == "unsupported_response_type"
    assert code(sandbox, issuer, code_challenge_method="plain")["error"] == "invalid_request"
    stranger = sandbox.plain.get(f"{issuer}/authorize", params={"client_id": "us", "redirect_uri": "http://evil"})
    assert stranger.status_code == 400


def test_a_call_that_makes_no_sense_changes_nothing(sandbox: Desk, issuer: str) -> None:
    wrong = sandbox.http.post("/control/openid/letter/faults", json={"endpoint": "token", "kind": "tempest"})
    assert wrong.status_code == 400
    assert redeem(sandbox, issuer, code(sandbox, issuer)["code"]).status_code == 200

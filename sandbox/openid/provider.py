"""A practice OpenID Connect provider under /openid/{realm}: each realm is an issuer with keys and people of its own."""

import asyncio
import base64
import hashlib
import html
import secrets
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.openid.control import control_routes
from sandbox.openid.state import Client, Code, Realm, Realms
from sandbox.openid.tokens import email_of, id_token, key_set

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Practice sign-in</title>
<h1>Who are you?</h1>
<form method="post">{people}
<button name="subject" value="">Nobody</button></form></html>
"""
BUTTON = '<p><button name="subject" value="{subject}">{email}</button></p>'
Endpoint = Callable[[Request, Realm, str], Awaitable[Response]]


class OpenId:
    def __init__(self) -> None:
        self.realms = Realms()

    def control_routes(self) -> list[BaseRoute]:
        return control_routes(self.realms)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/openid/{realm}/.well-known/openid-configuration", self._in_realm(configuration)),
            Route("/openid/{realm}/keys", self._in_realm(keys)),
            Route("/openid/{realm}/authorize", self._in_realm(authorize), methods=["GET", "POST"]),
            Route("/openid/{realm}/token", self._in_realm(token), methods=["POST"]),
            Route("/openid/{realm}/userinfo", self._in_realm(userinfo)),
        ]

    def _in_realm(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def find(request: Request) -> Response:
            realm = self.realms.find(request.path_params["realm"])
            if realm is None:
                return JSONResponse({"error": "not_found"}, 404)
            return await endpoint(request, realm, f"{request.base_url}openid/{realm.name}")

        return find


async def configuration(request: Request, realm: Realm, issuer: str) -> Response:
    fault = realm.take("configuration")
    await asyncio.sleep(fault.seconds)
    if fault.kind == "http_500":
        return JSONResponse({"error": "server_error"}, 500)
    content = {
        "issuer": "https://elsewhere.example" if fault.kind == "other_issuer" else issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "authorization_response_iss_parameter_supported": True,
    }
    return JSONResponse({**content, "padding": "x" * 10_000_000} if fault.kind == "huge" else content)


async def keys(request: Request, realm: Realm, issuer: str) -> Response:
    return JSONResponse(key_set(realm.key))


async def authorize(request: Request, realm: Realm, issuer: str) -> Response:
    query = request.query_params
    client = realm.clients.get(query.get("client_id", ""))
    if client is None or query.get("redirect_uri") not in client.redirect_uris:
        return HTMLResponse("<h1>Unknown client or redirect URI</h1>", 400)
    if request.method == "GET":
        buttons = (
            BUTTON.format(subject=html.escape(each.subject), email=html.escape(each.email or "without address"))
            for each in realm.people.values()
        )
        return HTMLResponse(PAGE.format(people="".join(buttons)))
    answer = _refused(request) if "openid" in query.get("scope", "").split() else {"error": "invalid_scope"}
    if answer is None:
        async with request.form() as form:
            answer = _allowed(realm, request, str(form.get("subject", "")))
    answer["state"] = query.get("state", "")
    fault = realm.take("authorize").kind
    if fault != "no_iss":
        answer["iss"] = "https://elsewhere.example" if fault == "other_iss" else issuer
    return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 302)


def _refused(request: Request) -> dict[str, str] | None:
    query = request.query_params
    if query.get("response_type") != "code":
        return {"error": "unsupported_response_type"}
    if query.get("code_challenge_method") != "S256" or not query.get("nonce"):
        return {"error": "invalid_request"}
    return None


def _allowed(realm: Realm, request: Request, subject: str) -> dict[str, str]:
    person, query = realm.people.get(subject), request.query_params
    if person is None:
        return {"error": "access_denied"}
    code = secrets.token_urlsafe(24)
    realm.codes[code] = Code(query["client_id"], query["redirect_uri"], query["code_challenge"], query["nonce"], person)
    return {"code": code}


async def token(request: Request, realm: Realm, issuer: str) -> Response:
    fault = realm.take("token")
    await asyncio.sleep(fault.seconds)
    if fault.kind == "http_500":
        return JSONResponse({"error": "server_error"}, 500)
    if fault.kind == "malformed_json":
        return Response('{"id_token": ', media_type="application/json")
    form = dict(parse_qsl((await request.body()).decode()))
    client = _client(realm, request)
    if client is None:
        return JSONResponse({"error": "invalid_client"}, 401)
    code = realm.codes.pop(form.get("code", ""), None)
    if form.get("grant_type") != "authorization_code" or code is None or not _fits(code, client, form):
        return JSONResponse({"error": "invalid_grant"}, 400)
    access_token = secrets.token_urlsafe(24)
    realm.tokens[access_token] = code.person
    answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 600}
    if fault.kind != "no_id_token":
        answer["id_token"] = id_token(realm, issuer, client, code, fault.kind)
    return JSONResponse(answer, headers={"cache-control": "no-store"})


def _client(realm: Realm, request: Request) -> Client | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    client_id, _, secret = (unquote(part) for part in base64.b64decode(given).decode().partition(":"))
    client = realm.clients.get(client_id)
    return client if client is not None and compare_digest(client.client_secret, secret) else None


def _fits(code: Code, client: Client, form: dict[str, str]) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (code.client_id, code.redirect_uri, code.challenge) == (
        client.client_id,
        form.get("redirect_uri"),
        challenge,
    )


async def userinfo(request: Request, realm: Realm, issuer: str) -> Response:
    person = realm.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if person is None:
        return JSONResponse({"error": "invalid_token"}, 401)
    subject = "somebody-else" if realm.take("userinfo").kind == "other_subject" else person.subject
    return JSONResponse({"sub": subject, **email_of(person)})

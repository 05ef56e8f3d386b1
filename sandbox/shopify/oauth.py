"""The authorization code grant: consent page, redirect back, token endpoint."""

import base64
import html
import json
import time
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sandbox.shopify.broken import DroppedResponse
from sandbox.shopify.context import App
from sandbox.shopify.grants import Grant, Issued, RefusedError
from sandbox.shopify.signatures import callback_hmac, encode
from sandbox.shopify.state import ShopifyState
from sandbox.shopify.store import Shop

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Install {title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1.25rem }} li {{ list-style: none }}</style>
<h1>Install {title}</h1>
<p><strong>{title}</strong> asks for access to the practice shop <strong>{shop}</strong>.</p>
<form method="post">
<ul>{scopes}</ul>
<button name="decision" value="install">Install</button>
<button name="decision" value="cancel">Cancel</button>
</form>
</html>
"""
SCOPE = '<li><label><input type="checkbox" name="scope" value="{scope}" checked> {scope}</label></li>'
DENIED = "The merchant denied the request"


def host_of(shop: Shop) -> str:
    """The admin address in unpadded base64, as embedded apps expect it."""
    address = f"admin.shopify.com/store/{shop.domain.removesuffix('.myshopify.com')}"
    return base64.b64encode(address.encode()).decode().rstrip("=")


def requested_scopes(query: Mapping[str, str]) -> list[str]:
    return [scope for scope in query.get("scope", "").replace(" ", ",").split(",") if scope]


def refusal(message: str) -> Response:
    return HTMLResponse(
        f"<!doctype html><title>Oauth error</title><h1>Oauth error</h1><p>{html.escape(message)}</p>", 400
    )


def check_request(state: ShopifyState, query: Mapping[str, str]) -> App | Response:
    app = state.apps.get(query.get("client_id", ""))
    if app is None:
        return refusal("invalid_request: Could not find Shopify API application with api_key")
    if query.get("redirect_uri") not in app.redirect_uris:
        return refusal("invalid_request: The redirect_uri is not whitelisted")
    if not requested_scopes(query):
        return refusal("invalid_scope: The access scope is invalid")
    return app


async def consent(request: Request, state: ShopifyState, shop: Shop) -> Response:
    """GET shows the page, POST is the merchant's answer; both carry the app's parameters in the query."""
    app = check_request(state, request.query_params)
    if isinstance(app, Response):
        return app
    if request.method == "POST":
        return await answer(request, state, shop, app)
    scopes = "".join(SCOPE.format(scope=html.escape(scope)) for scope in requested_scopes(request.query_params))
    return HTMLResponse(PAGE.format(title=html.escape(app.title), shop=html.escape(shop.domain), scopes=scopes))


async def answer(request: Request, state: ShopifyState, shop: Shop, app: App) -> Response:
    query = request.query_params
    async with request.form() as form:
        installed = form.get("decision") == "install"
        ticked = {str(scope) for scope in form.getlist("scope")}
    parameters = {"host": host_of(shop), "shop": shop.domain, "timestamp": str(int(time.time()))}
    if "state" in query:
        parameters["state"] = query["state"]
    if installed:
        scopes = tuple(scope for scope in requested_scopes(query) if scope in ticked)
        grant = Grant(app.client_id, shop.domain, scopes)
        parameters["code"] = state.grants.authorize(grant, query["redirect_uri"])
    else:
        parameters |= {"error": "access_denied", "error_description": DENIED}
    return RedirectResponse(signed_url(query["redirect_uri"], parameters, app.client_secret), 302)


def signed_url(redirect_uri: str, parameters: Mapping[str, str], secret: str) -> str:
    """The signature covers every parameter, those of the redirect URI's own query too."""
    target = urlsplit(redirect_uri)
    everything = dict(parse_qsl(target.query, keep_blank_values=True)) | dict(parameters)
    everything["hmac"] = callback_hmac(secret, everything)
    query = "&".join(f"{encode(key)}={encode(value)}" for key, value in sorted(everything.items()))
    return urlunsplit(target._replace(query=query))


async def parameters_of(request: Request) -> dict[str, str]:
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            content: Any = json.loads(raw or b"{}")
        except ValueError:
            content = None
        return {key: str(value) for key, value in content.items()} if isinstance(content, dict) else {}
    return dict(parse_qsl(raw.decode("utf-8", "replace")))


def refused(code: str, description: str, status: int = 400) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status)


async def token(request: Request, state: ShopifyState, shop: Shop) -> Response:
    parameters = await parameters_of(request)
    app = state.apps.get(parameters.get("client_id", ""))
    if app is None or not compare_digest(app.client_secret.encode(), parameters.get("client_secret", "").encode()):
        return refused("invalid_client", "Client authentication failed", 401)
    refreshing = parameters.get("grant_type") == "refresh_token"
    shop.requests["refreshes" if refreshing else "exchanges"] += 1
    fault = state.faults.take(shop.domain, "token")
    if fault is not None and fault.kind == "http_500":
        return JSONResponse({"errors": "Internal Server Error"}, 500)
    try:
        issued = refresh(state, shop, app, parameters) if refreshing else exchange(state, shop, app, parameters)
    except RefusedError as error:
        return refused(error.code, error.description)
    if fault is not None and fault.kind == "lose_answer":
        return DroppedResponse()
    return JSONResponse(issued.body(), headers={"cache-control": "no-store"})


def exchange(state: ShopifyState, shop: Shop, app: App, parameters: Mapping[str, str]) -> Issued:
    if parameters.get("grant_type", "authorization_code") != "authorization_code":
        raise RefusedError("unsupported_grant_type", "The grant type is not supported")
    return state.grants.exchange(
        parameters.get("code", ""),
        client_id=app.client_id,
        shop=shop.domain,
        expiring=parameters.get("expiring", "").lower() in ("1", "true"),
    )


def refresh(state: ShopifyState, shop: Shop, app: App, parameters: Mapping[str, str]) -> Issued:
    return state.grants.refresh(parameters.get("refresh_token", ""), client_id=app.client_id, shop=shop.domain)

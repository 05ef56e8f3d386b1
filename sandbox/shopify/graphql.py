"""POST /admin/api/{version}/graphql.json"""

import asyncio
import json
import re
import time
from typing import Any
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.shopify.access import Access
from sandbox.shopify.broken import DroppedResponse
from sandbox.shopify.context import App, RequestContext
from sandbox.shopify.engine import Query, run
from sandbox.shopify.faults import Fault
from sandbox.shopify.grants import AccessToken
from sandbox.shopify.resolvers import SERVED_VERSION
from sandbox.shopify.state import ShopifyState
from sandbox.shopify.store import Shop

VERSION = re.compile(r"20\d\d-(?:01|04|07|10)")
VERSION_WARNING = "https://shopify.dev/concepts/about-apis/versioning"
OLDER_VERSION = "2026-07"
UNRECOGNIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
TOO_MANY = "Exceeded 40 calls per second for api client. Reduce request rates to resume uninterrupted service."
PLAIN_FAULTS = {
    "http_402": (402, "Unavailable Shop"),
    "http_423": (423, "Locked"),
    "http_429": (429, TOO_MANY),
    "http_500": (500, "Internal Server Error"),
    "http_502": (502, "Bad Gateway"),
}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    everything = {"x-request-id": f"{uuid4()}-{int(time.time())}", **(headers or {})}
    return Response(orjson.dumps(body), status, everything, "application/json")


def version_headers(asked: str) -> dict[str, str]:
    """An old version is not refused: Shopify answers with the oldest it still has, and says so."""
    headers = {"x-shopify-api-version": SERVED_VERSION}
    if asked != SERVED_VERSION:
        headers["x-shopify-api-version-warning"] = VERSION_WARNING
    return headers


def read_query(raw: bytes) -> Query | None:
    try:
        content = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("query"), str):
        return None
    variables = content.get("variables") or {}
    name = content.get("operationName")
    if not isinstance(variables, dict) or not isinstance(name, str | None):
        return None
    return Query(content["query"], variables, name)


async def endpoint(request: Request, state: ShopifyState, shop: Shop) -> Response:
    asked = request.path_params["version"]
    if not VERSION.fullmatch(asked) or asked > SERVED_VERSION:
        return answer({"errors": "Not Found"}, 404)
    shop.requests["graphql"] += 1
    token = state.grants.active(request.headers.get("x-shopify-access-token", ""), shop.domain)
    app = state.apps.get(token.grant.client_id) if token else None
    if token is None or app is None:
        shop.requests["unauthorized"] += 1
        return answer({"errors": UNRECOGNIZED}, 401)
    query = read_query(await request.body())
    if query is None:
        return answer({"errors": {"query": "Required parameter missing or invalid"}}, 400)
    fault = state.faults.take(shop.domain, "graphql")
    headers = version_headers(asked)
    if fault is None:
        return answer(execute(query, state, shop, app, token), headers=headers)
    shop.requests["faults"] += 1
    return await troubled(fault, query, state, shop, app, token, headers)


def execute(
    query: Query, state: ShopifyState, shop: Shop, app: App, token: AccessToken, *, drained: bool = False
) -> dict[str, Any]:
    context = RequestContext(
        shop=shop,
        app=app,
        access=Access(frozenset(token.grant.scopes), app.approved),
        subscriptions=state.registry.of(app.client_id, shop.domain),
        depth_limit=state.settings.limits.depth,
    )
    bucket = state.bucket(app.client_id, shop.domain)
    body = run(query, context, bucket, query_limit=state.settings.limits.query_cost, drained=drained)
    for error in body.get("errors", ()):
        shop.requests[str(error.get("extensions", {}).get("code", "INVALID"))] += 1
    return body


async def troubled(
    fault: Fault,
    query: Query,
    state: ShopifyState,
    shop: Shop,
    app: App,
    token: AccessToken,
    headers: dict[str, str],
) -> Response:
    if fault.kind in PLAIN_FAULTS:
        status, message = PLAIN_FAULTS[fault.kind]
        extra = {"retry-after": f"{fault.seconds:.1f}"} if status == 429 else {}
        return answer({"errors": message}, status, headers | extra)
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
        return DroppedResponse(headers=headers)
    if fault.kind == "internal_error":
        return answer({"errors": [internal_error()]}, headers=headers)
    body = execute(query, state, shop, app, token, drained=fault.kind == "throttled")
    if fault.kind == "throttled":
        return answer(body, headers=headers)
    if fault.kind == "other_version":
        return answer(body, headers={"x-shopify-api-version": OLDER_VERSION})
    if fault.kind == "partial":
        return answer(halve(body), headers=headers)
    text = orjson.dumps(body)
    if fault.kind == "cut_body":
        return DroppedResponse(text[: len(text) // 2], len(text), headers)
    return Response(text[: len(text) // 2], 200, headers, "application/json")


def internal_error(*path: str | int) -> dict[str, Any]:
    message = "Internal error. Looks like something went wrong on our end."
    error: dict[str, Any] = {
        "message": message,
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": str(uuid4())},
    }
    if path:
        error["path"] = list(path)
    return error


def halve(body: dict[str, Any]) -> dict[str, Any]:
    """Data and errors at once: half of the first page's rows are missing, and pageInfo does not show it."""
    for key, value in (body.get("data") or {}).items():
        rows = next((name for name in ("nodes", "edges") if isinstance(value, dict) and name in value), None)
        if rows is not None:
            kept = value[rows][: len(value[rows]) // 2]
            value[rows] = kept
            body["errors"] = [*body.get("errors", ()), internal_error(key, rows, len(kept))]
    return body

"""The GraphQL endpoint: who asks, how much they may send, and how errors leave the house."""

import logging
import time
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from strawberry.types import ExecutionResult

from api.context import Context
from api.errors import present
from api.http.bodies import BodyTooLarge, is_worth_dropping, read_body
from api.nodes import fetch_node
from api.oauth.bearer import Unauthorized, authenticate
from api.oauth.tokens import AccessTokens
from api.schema import schema
from domain.connections.house import House
from tenants.ids import new_id

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
MOST_LOGGED = 100
JSON = "application/json"


class GraphQLEndpoint:
    def __init__(self, house: House, tokens: AccessTokens) -> None:
        self._house = house
        self._tokens = tokens

    async def answer(self, request: Request) -> Response:
        request_id = str(new_id())
        try:
            actor = await authenticate(request.headers.get("authorization"), self._tokens)
        except Unauthorized as refusal:
            return _refuse(request_id, 401, "UNAUTHENTICATED", refusal.message, refusal.challenge)
        body = await self._body(request, request_id)
        if isinstance(body, Response):
            return body
        started = time.perf_counter()
        context = Context.of(self._house, actor, request_id, fetch_node=fetch_node)
        try:
            result = await schema.execute(
                body["query"],
                variable_values=body.get("variables"),
                operation_name=body.get("operationName"),
                context_value=context,
            )
        finally:
            await context.close()
        log.info(
            "graphql",
            extra={
                "request_id": request_id,
                "operation": (body.get("operationName") or "")[:MOST_LOGGED],
                "client_id": actor.client_id,
                "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                "errors": len(result.errors or ()),
            },
        )
        return _answer(result, request_id)

    async def _body(self, request: Request, request_id: str) -> dict[str, Any] | Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return _refuse(request_id, 415, "UNSUPPORTED_MEDIA_TYPE", f"Send {JSON}.")
        try:
            raw = await read_body(request, most=MOST_BYTES)
        except BodyTooLarge:
            refusal = _refuse(request_id, 413, "BODY_TOO_LARGE", f"A request has at most {MOST_BYTES} bytes.")
            if not is_worth_dropping(request):
                refusal.headers["Connection"] = "close"
            return refusal
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return _refuse(request_id, 400, "MALFORMED_JSON", "The body is not JSON.")
        fault = _fault(body)
        return body if fault is None else _refuse(request_id, 400, "MALFORMED_REQUEST", fault)


def _fault(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "The body is a JSON object with a query."
    if not isinstance(body.get("query"), str) or not body["query"].strip():
        return "`query` is a GraphQL document."
    if not isinstance(body.get("variables"), dict | None):
        return "`variables` is an object."
    if not isinstance(body.get("operationName"), str | None):
        return "`operationName` is a name."
    return None


def _answer(result: ExecutionResult, request_id: str) -> Response:
    content: dict[str, Any] = {"data": result.data}
    if result.errors:
        content["errors"] = [present(error, request_id=request_id) for error in result.errors]
    content["extensions"] = {"requestId": request_id}
    return Response(orjson.dumps(content, default=str), media_type=JSON, headers={"Cache-Control": "no-store"})


def _refuse(request_id: str, status: int, code: str, message: str, challenge: str | None = None) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": challenge} if challenge else {})
    content = {
        "errors": [{"message": message, "extensions": {"code": code}}],
        "extensions": {"requestId": request_id},
    }
    return Response(orjson.dumps(content), status_code=status, media_type=JSON, headers=headers)

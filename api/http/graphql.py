"""The GraphQL endpoint, over HTTP: who asks, how much they may send, and how errors leave the house."""

import logging
import time
from contextlib import suppress
from math import inf
from typing import Any

import orjson
from graphql import GraphQLError, get_operation_ast
from starlette.requests import Request
from starlette.responses import Response
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.context import Context
from api.http.admission import Admission, Credentials, ForbiddenOrigin
from api.http.answers import Asked, answer_of, not_allowed, not_asked, refuse
from api.http.bodies import MOST_BYTES, MOST_KEPT_BYTES, BodyTooLarge, fault_of, is_worth_dropping, read_body
from api.http.media import JSON, RESPONSE, STREAM, answered_in, takes_streams
from api.http.persisted import NotAsked, Persisted
from api.http.sight import describe, measure, milliseconds, particulars
from api.http.sse import EventStream, EventStreams
from api.metering import Meter, Till
from api.nodes import fetch_node
from api.oauth.bearer import Unauthorized
from api.schema import DOCUMENTS, schema
from domain.connections.house import House
from tenants.budgets.errors import Throttled
from tenants.errors import Overloaded
from tenants.ids import new_id
from tenants.telemetry.tally import Tally, tallied

log = logging.getLogger(__name__)

MOST_LOGGED = 100
ALLOWED = {
    "GET": {OperationType.QUERY},
    "HEAD": {OperationType.QUERY},
    "POST": {OperationType.QUERY, OperationType.MUTATION},
}


class GraphQLEndpoint:
    def __init__(
        self,
        house: House,
        admission: Admission,
        streams: EventStreams,
        persisted: Persisted,
        till: Till | None,
        *,
        slow: float = inf,
    ) -> None:
        """Without a till nothing is charged or counted. `slow` in seconds: what takes as long is told at WARNING."""
        self._house = house
        self._admission = admission
        self._streams = streams
        self._persisted = persisted
        self._till = till
        self._slow = slow

    async def answer(self, request: Request) -> Response:
        request_id = str(new_id())
        accept = request.headers.get("accept")
        media = answered_in(accept)
        streams = request.method in {"GET", "POST"} and takes_streams(accept)
        if media is None and not streams:
            answer = refuse(request_id, 406, "NOT_ACCEPTABLE", f"Answers are {JSON} or {RESPONSE}.")
        else:
            answer = await self._answered(request, request_id, media, streams=streams)
        if not isinstance(answer, EventStream):
            answer.headers["Content-Type"] = f"{media or JSON}; charset=utf-8"
        return answer

    async def _answered(self, request: Request, request_id: str, media: str | None, *, streams: bool) -> Response:
        """Without a `media` it is told as a stream, whatever is asked."""
        if request.method not in ALLOWED:
            return not_allowed(request_id, "Ask with POST, or a query with GET.")
        shown = Credentials(request.headers.get("authorization"), request.headers.get("origin"))
        try:
            actor = await self._admission.admit(shown)
        except Unauthorized as refusal:
            return refuse(request_id, 401, "UNAUTHENTICATED", refusal.message, refusal.challenge)
        except ForbiddenOrigin as refusal:
            return refuse(request_id, 403, refusal.code, refusal.message)
        except Overloaded as busy:
            refused = refuse(request_id, 503, busy.code, busy.message)
            refused.headers["Retry-After"] = "1"
            return refused
        body = await self._body(request, request_id)
        if isinstance(body, Response):
            return body
        known, meter = _known(request, body), Meter(actor, self._till)
        try:
            await meter.admit()
            body["query"] = await self._persisted.text_of(actor, body)
        except (NotAsked, Throttled) as refusal:
            await meter.settle("", (), [GraphQLError(refusal.message, original_error=refusal)])
            return not_asked(refusal, request_id, media or JSON)
        if streams and (media is None or _asks_subscription(body)):
            if len(orjson.dumps(body)) > MOST_KEPT_BYTES:
                words = f"A subscription has at most {MOST_KEPT_BYTES} bytes."
                return refuse(request_id, 413, "BODY_TOO_LARGE", words)
            return self._streams.open(body, shown, actor)
        asked = Asked(body, actor, request_id, request.method, media or JSON, meter, known)
        with tallied(request.headers) as tally:
            return await self._carry_out(asked, tally)

    async def _carry_out(self, asked: Asked, tally: Tally) -> Response:
        started = time.perf_counter()
        try:
            result, cost = await self._execute(asked, tally)
            tally.outcome = "errors" if result.errors else "ok"
            return answer_of(result, asked, cost, was_executed=tally.kind != "none")
        except InvalidOperationTypeError as refused:
            tally.outcome = "errors"
            if refused.operation_type is OperationType.SUBSCRIPTION:
                words = f"A subscription is told as {STREAM}, or over a WebSocket."
                return refuse(asked.request_id, 406, "NOT_ACCEPTABLE", words)
            return not_allowed(asked.request_id, "Only queries are asked with GET.")
        finally:
            seconds = time.perf_counter() - started
            measure(tally, seconds)
            describe(tally)
            self._tell(asked, tally, seconds)

    async def _execute(self, asked: Asked, tally: Tally) -> tuple[ExecutionResult, dict[str, Any] | None]:
        """And what it cost, where it came so far."""
        meter = asked.meter
        context = Context.of(self._house, asked.actor, asked.request_id, fetch_node=fetch_node, meter=meter)
        try:
            result = await schema.execute(
                asked.body["query"],
                variable_values=asked.body.get("variables"),
                operation_name=asked.body.get("operationName"),
                context_value=context,
                allowed_operation_types=ALLOWED[asked.method],
            )
            return result, await meter.settle(tally.operation[:MOST_LOGGED], context.entered, result.errors or ())
        finally:
            await context.close()

    def _tell(self, asked: Asked, tally: Tally, seconds: float) -> None:
        facts = {
            "request_id": asked.request_id,
            "operation": (tally.operation or asked.body.get("operationName") or "")[:MOST_LOGGED],
            "client_id": asked.actor.client_id,
            "milliseconds": milliseconds(seconds),
            "outcome": tally.outcome,
        }
        log.info("graphql", extra=facts)
        if seconds >= self._slow:
            log.warning("slow", extra=facts | particulars(asked.body["query"], tally))

    async def _body(self, request: Request, request_id: str) -> dict[str, Any] | Response:
        if request.method != "POST":
            return _judged(_in_address(request), request_id)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return refuse(request_id, 415, "UNSUPPORTED_MEDIA_TYPE", f"Send {JSON}.")
        try:
            raw = await read_body(request, most=MOST_BYTES)
        except BodyTooLarge:
            refusal = refuse(request_id, 413, "BODY_TOO_LARGE", f"A request has at most {MOST_BYTES} bytes.")
            if not is_worth_dropping(request):
                refusal.headers["Connection"] = "close"
            return refusal
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return refuse(request_id, 400, "MALFORMED_JSON", "The body is not JSON.")
        return _judged(body, request_id)


def _in_address(request: Request) -> dict[str, Any]:
    """What a GET asks: objects are JSON, and what is none is left as it is, to be refused."""
    body: dict[str, Any] = {name: value for name, value in request.query_params.items() if value}
    for name in {"variables", "extensions"} & body.keys():
        with suppress(orjson.JSONDecodeError):
            body[name] = orjson.loads(body[name])
    return body


def _asks_subscription(body: dict[str, Any]) -> bool:
    """As far as it can be read; what cannot is refused like any request."""
    try:
        operation = get_operation_ast(DOCUMENTS.read(body["query"]).node, body.get("operationName"))
    except GraphQLError:
        return False
    return operation is not None and operation.operation.value == OperationType.SUBSCRIPTION.value


def _judged(body: Any, request_id: str) -> dict[str, Any] | Response:
    fault = fault_of(body)
    return body if fault is None else refuse(request_id, 400, "MALFORMED_REQUEST", fault)


def _known(request: Request, body: dict[str, Any]) -> str | None:
    """An answer to a document that is asked for by its hash and an address is the same until something changes."""
    is_kept = request.method != "POST" and body.get("query") is None
    return request.headers.get("if-none-match", "") if is_kept else None

"""A request for an operation, and how it is answered: content, status, and what the headers say beside it."""

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import Any

import orjson
from starlette.responses import Response
from strawberry.types import ExecutionResult

from api.errors import present
from api.http.media import JSON, RESPONSE
from api.metering import Meter
from tenants.access.actor import Actor
from tenants.budgets.errors import Throttled
from tenants.errors import Overloaded, Refusal, TooSlow
from tenants.telemetry import meters


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be carried out. `media` is in what its answer is told."""

    body: dict[str, Any]
    actor: Actor
    request_id: str
    method: str
    media: str
    meter: Meter
    known: str | None = None
    """Of an answer that may be kept: the tags of those its caller has."""


def answer_of(result: ExecutionResult, asked: Asked, cost: dict[str, Any] | None, *, was_executed: bool) -> Response:
    """What was not executed has no `data`, and in the newer media type is an error of the request."""
    content: dict[str, Any] = {"data": result.data} if was_executed else {}
    if result.errors:
        content["errors"] = [present(error, request_id=asked.request_id) for error in result.errors]
    content["extensions"] = {"requestId": asked.request_id}
    headers = {"Cache-Control": "no-store"}
    if cost is not None:
        content["extensions"]["cost"] = cost
        headers |= _limits(**cost["throttleStatus"])
    if asked.known is not None and was_executed and not result.errors:
        data = orjson.dumps(result.data, default=str)
        headers |= {"Cache-Control": "private, no-cache", "ETag": _tag(data), "Vary": "Authorization, Accept"}
        if {headers["ETag"], "*"} & {*asked.known.replace(" ", "").split(",")}:
            return Response(status_code=304, headers=headers)
        content["data"] = orjson.Fragment(data)
    status = 200 if was_executed or asked.media == JSON else 400
    if not any(each is not None for each in (result.data or {}).values()):  # nothing that was asked for
        for each in result.errors or ():
            if isinstance(each.original_error, Overloaded):
                headers["Retry-After"], status = "1", 503
            elif isinstance(each.original_error, Throttled):
                headers["Retry-After"], status = str(each.original_error.seconds), 429
            elif isinstance(each.original_error, TooSlow):
                status = 504
    return Response(orjson.dumps(content, default=str), status_code=status, headers=headers)


def _tag(data: bytes) -> str:
    """By the answer itself: whatever it depends on, no change is missed. Weak, for what is said of the request."""
    return f'W/"{hashlib.sha256(data).hexdigest()}"'


def _limits(maximumAvailable: int, currentlyAvailable: int, restoreRate: int) -> dict[str, str]:  # noqa: N803
    """As draft-ietf-httpapi-ratelimit-headers has it: a budget that is empty is full again after `w` seconds."""
    full, missing = ceil(maximumAvailable / restoreRate), maximumAvailable - currentlyAvailable
    return {
        "RateLimit-Policy": f'"cost";q={maximumAvailable};w={full}',
        "RateLimit": f'"cost";r={currentlyAvailable};t={ceil(missing / restoreRate)}',
    }


def refuse(request_id: str, status: int, code: str, message: str, challenge: str | None = None) -> Response:
    meters.REFUSALS.labels(code).inc()
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": challenge} if challenge else {})
    content = {
        "errors": [{"message": message, "extensions": {"code": code}}],
        "extensions": {"requestId": request_id},
    }
    return Response(orjson.dumps(content), status_code=status, headers=headers)


def not_asked(refusal: Refusal, request_id: str, media: str) -> Response:
    if isinstance(refusal, Throttled):
        refused = refuse(request_id, 429, refusal.code, refusal.message)
        refused.headers["Retry-After"] = str(refusal.seconds)
        return refused
    is_of_request = media == RESPONSE or refusal.code == "PERSISTED_QUERY_HASH_MISMATCH"
    return refuse(request_id, 400 if is_of_request else 200, refusal.code, refusal.message)


def not_allowed(request_id: str, message: str) -> Response:
    refused = refuse(request_id, 405, "METHOD_NOT_ALLOWED", message)
    refused.headers["Allow"] = "GET, POST"
    return refused

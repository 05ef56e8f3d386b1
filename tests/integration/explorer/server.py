"""A small GraphQL API behind bearer tokens, as the explorer meets it: two objects, a mutation, a subscription."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from strawberry.extensions import SchemaExtension

from api.http.explorer import explorer_routes

TOKEN = "explorer.test-token_1~"
WRITE_ONLY_TOKEN = "may-not-introspect"
CLIENT = {"client_id": "app_1", "client_secret": "s3cret & more"}
HOSTILE = "<img src=x onerror=\"document.title='broken'\">"


@strawberry.type(description="A metric this business has adopted.")
class Kpi:
    id: strawberry.ID
    name: str = strawberry.field(description="What the owner calls it, such as `Repeat purchases`.")
    value: float | None
    code: str | None = strawberry.field(default=None, deprecation_reason="Use `id`.")


@strawberry.type
class KpiPage:
    nodes: list[Kpi]


@strawberry.type
class UserError:
    field: list[str]
    message: str
    code: str


@strawberry.input
class KpiRename:
    id: strawberry.ID
    name: str
    idempotency_key: str | None = None


@strawberry.type
class KpiRenamed:
    kpi: Kpi | None
    user_errors: list[UserError]


KPIS = [
    Kpi(id=strawberry.ID("1"), name="Repeat purchases", value=0.25),
    Kpi(id=strawberry.ID("2"), name=HOSTILE, value=None),
]


@strawberry.type(description="Everything that can be read.")
class Query:
    @strawberry.field
    def kpis(self, first: int = 10) -> KpiPage:
        return KpiPage(nodes=KPIS[:first])

    @strawberry.field
    def kpi(self, id: strawberry.ID) -> Kpi | None:
        return next((kpi for kpi in KPIS if kpi.id == id), None)

    @strawberry.field
    def broken(self) -> int | None:
        raise ValueError(HOSTILE)

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(30)
        return "late"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def kpi_rename(self, input: KpiRename) -> KpiRenamed:
        error = UserError(field=["input", "name"], message="The name is empty.", code="NAME_EMPTY")
        return KpiRenamed(kpi=None, user_errors=[error]) if not input.name else KpiRenamed(kpi=KPIS[0], user_errors=[])


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, count: int = 2) -> AsyncGenerator[int, None]:
        for number in range(count):
            yield number


class Cost(SchemaExtension):
    def get_results(self) -> dict[str, Any]:
        throttle = {"maximumAvailable": 1000.0, "currentlyAvailable": 880.0, "restoreRate": 50.0}
        return {"cost": {"requestedQueryCost": 14, "actualQueryCost": 12, "throttleStatus": throttle}}


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, extensions=[Cost])


@dataclass
class ExplorerServer:
    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the requests that were let in."""

    async def graphql(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "")
        if bearer not in (f"Bearer {TOKEN}", f"Bearer {WRITE_ONLY_TOKEN}"):
            challenge = 'Bearer error="invalid_token", error_description="The token is not known"'
            refusal = {"errors": [{"message": "No valid token.", "extensions": {"code": "UNAUTHENTICATED"}}]}
            return JSONResponse(refusal, 401, {"WWW-Authenticate": challenge})
        body = await request.json()
        self.seen.append(body)
        if WRITE_ONLY_TOKEN in bearer and "__schema" in body["query"]:
            return JSONResponse({"errors": [{"message": "No introspection."}]}, 403)
        if "text/event-stream" in request.headers["accept"]:
            return StreamingResponse(self._events(body), media_type="text/event-stream")
        result = await SCHEMA.execute(body["query"], body.get("variables"), operation_name=body.get("operationName"))
        return JSONResponse(as_dict(result), 200 if result.data is not None else 400)

    async def _events(self, body: dict[str, Any]) -> AsyncIterator[str]:
        results = await SCHEMA.subscribe(body["query"], body.get("variables"))
        assert isinstance(results, AsyncIterator)
        async for result in results:
            yield f"event: next\ndata: {json.dumps({'data': result.data})}\n\n"
        yield "event: complete\ndata:\n\n"

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            sent = dict(form)
        if {name: sent.get(name) for name in CLIENT} != CLIENT or sent.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "invalid_client", "error_description": "Client authentication failed."}, 401)
        return JSONResponse({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 600})

    @property
    def app(self) -> Starlette:
        own = [Route("/graphql", self.graphql, methods=["POST"]), Route("/oauth/token", self.token, methods=["POST"])]
        return Starlette(routes=[*own, *explorer_routes("/graphql", "/oauth/token")])


def as_dict(result: Any) -> dict[str, Any]:
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return {"data": result.data, **errors, "extensions": result.extensions}


@contextmanager
def serving() -> Iterator[ExplorerServer]:
    """On a free loopback port, in a thread of its own."""
    explorer = ExplorerServer()
    config = uvicorn.Config(explorer.app, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive(), "the server did not start"
    explorer.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield explorer
    server.should_exit = True
    thread.join(10)

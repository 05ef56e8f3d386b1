"""What the reference servers have in common: as little as an HTTP server over a database can have."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.processes import listening, serve_together
from tenants.snapshots import IDLE_SECONDS, MOST_STATEMENTS

HOST = "127.0.0.1"
JSON = "application/json"
OPTIONS: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}

Answer = Callable[[asyncpg.Pool, str, str], Awaitable[Any]]
"""From the pool, the statement and a tenant's id to the body."""


def create_app(answer: Answer, statement: str) -> Starlette:
    pool: asyncpg.Pool

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal pool
        settings = {"application_name": os.environ["BENCH_APPLICATION"]}
        async with asyncpg.create_pool(
            os.environ["BENCH_DATABASE_URL"],
            min_size=pool_size(),
            max_size=pool_size(),
            server_settings=settings,
            reset=_leave_as_it_is,
            max_queries=MOST_STATEMENTS,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            max_cached_statement_lifetime=0,
        ) as pool:
            yield

    async def ready(_: Request) -> Response:
        return Response()

    async def of_tenant(request: Request) -> Response:
        return Response(await answer(pool, statement, request.path_params["tenant"]), media_type=JSON)

    return Starlette(lifespan=lifespan, routes=[Route("/readyz", ready), Route("/{tenant}", of_tenant)])


def pool_size() -> int:
    """As production's for reads."""
    return int(os.environ["BENCH_POOL"])


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """asyncpg's own reset is a round trip, and one statement leaves nothing to be reset."""


def serve(answer: Answer) -> None:
    """`python -m bench.reference.NAME PORT STATEMENT...`, the parts of the statement in files."""
    port, *files = sys.argv[1:]
    run(partial(create_app, answer, "".join(Path(file).read_text() for file in files)), int(port))


def run(make: Callable[[], Starlette], port: int) -> None:
    """In as many processes as production, and by the same means."""
    processes = int(os.environ["BENCH_PROCESSES"])
    if processes == 1:
        uvicorn.run(make(), host=HOST, port=port, workers=1, **OPTIONS)
        return
    with listening(HOST, port) as sockets:
        serve_together(make, sockets, processes=processes, **OPTIONS)

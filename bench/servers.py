"""The servers that are measured: each a process of its own that dies with this one."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx2
import orjson

from api.demo.processes import Program, free_port, running
from api.ids import tenant_gid
from bench.cpu import Charged
from bench.endpoints import HOST, JSON, Endpoint, Request, pid_of, until_all_ready
from bench.seeding import Ground
from bench.shape import Shape
from bench.stage import Stage
from tenants.roles import APPLICATION, MIGRATOR

# The real address is a proxy's; the process behind it listens without TLS.
PUBLIC_URL = "https://azimuth.test"


@asynccontextmanager
async def production(
    stage: Stage, ground: Ground, shape: Shape, *, name: str = "production", remembers: bool = True
) -> AsyncIterator[Endpoint]:
    """`azimuth serve` as an operator runs it, asked with an access token. Else every value is read for each request."""
    port = free_port()
    environment = {
        "AZIMUTH_ENV": "production",
        "AZIMUTH_PUBLIC_URL": PUBLIC_URL,
        "AZIMUTH_STATE_DIR": str(stage.directory / ground.name),
        "AZIMUTH_MASTER_KEY": ground.master_key,
        "AZIMUTH_ACCESS_TOKEN_SECONDS": "86400",
        # Budgets are kept and told, and always by as many digits: answers have one length.
        "AZIMUTH_OPERATION_POINTS": "999999999",
        "AZIMUTH_BUDGET_POINTS": "999999999",
        "AZIMUTH_BUDGET_POINTS_PER_SECOND": "999999999",
        "AZIMUTH_POOL_SIZE": str(stage.crew.pool),
        "DATABASE_URL": ground.urls.application,
        **({} if remembers else {"AZIMUTH_REMEMBERED_VALUES": "0"}),
    }
    listening = ("--host", HOST, "--port", str(port))
    arguments = ("api.cli", "serve", *listening, "--processes", str(stage.crew.processes))
    program = Program(name, arguments, environment, stage.directory / f"api-{port}.log")
    async with running([program]):
        await until_all_ready(program, port)
        headers = {"Authorization": f"Bearer {await _sign_in(program, ground, port)}", "Content-Type": JSON}
        bodies = (
            orjson.dumps({"query": shape.document, "variables": variables})
            for variables in shape.variables_for(ground, tenant_gid)
        )
        requests = [Request("POST", "/graphql", headers, body) for body in bodies]
        # Its connections have a name of their own, which tells them from those of others with the same role.
        charged = Charged(pid_of(program), ground.name, APPLICATION, "azimuth%")
        yield Endpoint(name, port, charged, requests, program, lambda body: body["data"])


@asynccontextmanager
async def reference(stage: Stage, ground: Ground, shape: Shape, *, name: str) -> AsyncIterator[Endpoint]:
    """`bench.reference.NAME`: one statement, no authentication, a role that row-level security does not bind."""
    files = map(str, shape.statement(name))
    async with _unbound(stage, ground, name, files) as (program, port, charged):
        requests = [Request("GET", f"/{subject}") for subject in shape.subjects(ground)]
        yield Endpoint(name, port, charged, requests, program)


@asynccontextmanager
async def usual(stage: Stage, ground: Ground, shape: Shape) -> AsyncIterator[Endpoint]:
    """Asked by our own document, with plain ids."""
    async with _unbound(stage, ground, "usual", ()) as (program, port, charged):
        bodies = (
            orjson.dumps({"query": shape.document, "variables": variables})
            for variables in shape.variables_for(ground, str)
        )
        requests = [Request("POST", "/graphql", {"Content-Type": JSON}, body) for body in bodies]
        yield Endpoint("usual", port, charged, requests, program, lambda body: body["data"])


@asynccontextmanager
async def _unbound(
    stage: Stage, ground: Ground, name: str, arguments: Iterable[str]
) -> AsyncIterator[tuple[Program, int, Charged]]:
    port, application = free_port(), f"bench {name}"
    environment = {
        "BENCH_DATABASE_URL": ground.urls.migration,
        "BENCH_APPLICATION": application,
        **stage.crew.environment,
    }
    module = f"bench.reference.{name}"
    program = Program(name, (module, str(port), *arguments), environment, stage.directory / f"{name}-{port}.log")
    async with running([program]):
        await until_all_ready(program, port)
        yield program, port, Charged(pid_of(program), ground.name, MIGRATOR, application)


async def _sign_in(program: Program, ground: Ground, port: int) -> str:
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(
            f"http://{HOST}:{port}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(ground.client_id, ground.client_secret),
        )
    if not answer.is_success:
        raise program.failure(f"answered {answer.status_code} to the sign-in")
    token: str = answer.json()["access_token"]
    return token

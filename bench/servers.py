"""The servers that are measured: each a process of its own that dies with this one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import orjson

from api.demo.processes import Program, free_port, running, until_ready
from api.ids import tenant_gid
from bench.cpu import Charged
from bench.endpoints import HOST, Endpoint, Request
from bench.seeding import Ground
from bench.stage import Stage
from tenants.roles import APPLICATION, MIGRATOR

# The real address is a proxy's; the process behind it listens without TLS.
PUBLIC_URL = "https://azimuth.test"
JSON = "application/json"


@asynccontextmanager
async def production(
    stage: Stage, ground: Ground, document: str, variables: dict[str, object], *, name: str = "production"
) -> AsyncIterator[Endpoint]:
    """`azimuth serve` as an operator runs it, asked with an access token for each tenant's `document`."""
    port = free_port()
    environment = {
        "AZIMUTH_ENV": "production",
        "AZIMUTH_PUBLIC_URL": PUBLIC_URL,
        "AZIMUTH_STATE_DIR": str(stage.directory / ground.name),
        "AZIMUTH_MASTER_KEY": ground.master_key,
        "AZIMUTH_ACCESS_TOKEN_SECONDS": "86400",
        "DATABASE_URL": ground.urls.application,
    }
    arguments = ("api.cli", "serve", "--host", HOST, "--port", str(port))
    program = Program(name, arguments, environment, stage.directory / f"api-{port}.log")
    async with running([program]):
        await until_ready(program, f"http://{HOST}:{port}/readyz")
        headers = {"Authorization": f"Bearer {await _sign_in(program, ground, port)}", "Content-Type": JSON}
        bodies = (
            orjson.dumps({"query": document, "variables": {**variables, "tenant": tenant_gid(tenant_id)}})
            for tenant_id in ground.tenants
        )
        requests = [Request("POST", "/graphql", headers, body) for body in bodies]
        charged = Charged(_pid(program), ground.name, APPLICATION)
        yield Endpoint(name, port, charged, requests, program, lambda body: body["data"])


@asynccontextmanager
async def reference(
    stage: Stage, ground: Ground, module: str, statement: Sequence[Path], *, name: str
) -> AsyncIterator[Endpoint]:
    """A server of `bench.reference`: one statement, no authentication, a role that row-level security does not bind.

    `statement` is in parts that are put together, since references share their first."""
    port = free_port()
    environment = {"BENCH_DATABASE_URL": ground.urls.migration, "BENCH_APPLICATION": f"bench {name}"}
    arguments = (f"bench.reference.{module}", str(port), *map(str, statement))
    program = Program(name, arguments, environment, stage.directory / f"{name}-{port}.log")
    async with running([program]):
        await until_ready(program, f"http://{HOST}:{port}/readyz")
        charged = Charged(_pid(program), ground.name, MIGRATOR, f"bench {name}")
        yield Endpoint(name, port, charged, _by_tenant(ground), program)


def _by_tenant(ground: Ground) -> Sequence[Request]:
    return [Request("GET", f"/{tenant_id}") for tenant_id in ground.tenants]


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


def _pid(program: Program) -> int:
    assert program.process is not None
    return program.process.pid

"""How much memory `azimuth serve` holds, and whether it grows with thousands of requests that differ."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2
import orjson

from api.demo.processes import Program, free_port, running, until_ready
from api.ids import tenant_gid
from bench.load import Job
from bench.model import Failed, Heat, Reading, Run
from bench.seeding import Ground, Size
from bench.stage import Stage

HOST = "127.0.0.1"
MB = 1_000_000
WANTED_MB = 150
CONNECTIONS = 8
DOCUMENTS = 1200
"""More than the process remembers, so that it forgets and meets some anew all the time."""
SIZE = Size(tenants=5, days=730)

OBJECTIVE_FIELDS = ("title", "startsOn", "dueOn", "status", "id", "description")
KPI_FIELDS = (
    "metricKey",
    "segment",
    "id",
    "baseline { version value windowStart windowEnd n }",
    "target { value startValue dueOn trajectory progress { status } }",
    "month: value(period: LAST_MONTH) { value currency n nullReason period { start end } }",
    "trailing: value(period: TRAILING_90_DAYS) { value unit n flags vsPrevious { absolute relative } }",
    "explain(period: LAST_MONTH) { formula inputs { name value } }",
    "daily: series(granularity: DAY, last: %d) { points { at value n } }",
    "weekly: series(granularity: WEEK, last: %d) { unit starts values }",
)


@dataclass(frozen=True)
class Server:
    program: Program
    port: int
    requests: Sequence[str]
    lengths: Sequence[int]

    @property
    def resident(self) -> int:
        """Bytes, as the kernel counts them."""
        assert self.program.process is not None
        status = Path(f"/proc/{self.program.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


@asynccontextmanager
async def prepare(stage: Stage) -> AsyncIterator[Sequence[Heat]]:
    """Warm is a process that was asked every document twice: its caches are full, its pool is open."""
    ground = await stage.ground(SIZE)
    async with _serving(stage, ground) as server:
        warm = server.resident
        yield [
            Heat(
                "",
                {
                    f"{WANTED_MB} MB": _constant(WANTED_MB * MB),
                    "warm": _constant(warm),
                    "asked on": _asked(stage, server),
                },
            )
        ]


def _constant(resident: int) -> Run:
    async def run(_: float) -> Reading:
        return Reading(count=1, seconds=0, cpu_seconds=0, resident=resident)

    return run


def _asked(stage: Stage, server: Server) -> Run:
    async def run(seconds: float) -> Reading:
        job = Job(server.port, server.requests, server.lengths, CONNECTIONS, seconds)
        try:
            load = await stage.load.carry_out(job)
        except Failed as failure:
            raise Failed(str(server.program.failure(str(failure)))) from None
        notes = {"median_ms": load.median, "p95_ms": load.p95, "generator_busy": load.busy}
        return Reading(load.count, load.seconds, cpu_seconds=0, resident=server.resident, notes=notes)

    return run


@asynccontextmanager
async def _serving(stage: Stage, ground: Ground) -> AsyncIterator[Server]:
    port = free_port()
    environment = {
        "AZIMUTH_ENV": "production",
        "AZIMUTH_PUBLIC_URL": "https://azimuth.test",
        "AZIMUTH_STATE_DIR": str(stage.directory / ground.name),
        "AZIMUTH_MASTER_KEY": ground.master_key,
        "AZIMUTH_ACCESS_TOKEN_SECONDS": "86400",
        "AZIMUTH_PROCESSES": "1",
        "DATABASE_URL": ground.urls.application,
    }
    arguments = ("api.cli", "serve", "--host", HOST, "--port", str(port))
    program = Program("azimuth serve", arguments, environment, stage.directory / f"memory-{port}.log")
    async with running([program]):
        await until_ready(program, f"http://{HOST}:{port}/readyz")
        async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=60) as http:
            token = await _sign_in(http, ground)
            bodies = list(_bodies(ground))
            lengths = [await _length(http, token, body) for body in bodies]
            for body in bodies:
                await _length(http, token, body)
        yield Server(program, port, [_request(port, token, body) for body in bodies], lengths)


async def _sign_in(http: httpx2.AsyncClient, ground: Ground) -> str:
    form = {"grant_type": "client_credentials"}
    answer = await http.post("/oauth/token", data=form, auth=(ground.client_id, ground.client_secret))
    return str(answer.raise_for_status().json()["access_token"])


async def _length(http: httpx2.AsyncClient, token: str, body: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await http.post("/graphql", content=body.encode(), headers=headers)
    if not answer.is_success or b'"errors"' in answer.content:
        raise Failed(f"answered {answer.status_code}: {answer.text[:500]}")
    return len(answer.content)


def _request(port: int, token: str, body: str) -> str:
    headers = f"Host: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
    return f"POST /graphql HTTP/1.1\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def _bodies(ground: Ground) -> Sequence[str]:
    rng = Random(1)
    documents = (_document(rng, number) for number in range(DOCUMENTS))
    return [
        orjson.dumps({"query": each, "variables": {"t": tenant_gid(rng.choice(ground.tenants))}}).decode()
        for each in documents
    ]


def _document(rng: Random, number: int) -> str:
    """Another choice of fields, other sizes and another name each time."""
    objective = " ".join(rng.sample(OBJECTIVE_FIELDS, rng.randint(1, 4)))
    chosen = rng.sample(KPI_FIELDS, rng.randint(2, 6))
    kpi = " ".join(each % rng.randint(5, 60) if "%d" in each else each for each in chosen)
    objectives, kpis = rng.randint(1, 5), rng.randint(1, 3)
    return (
        f"query Varied{number}($t: ID!) {{ tenant(id: $t) {{ name objectives(first: {objectives}) {{ nodes {{"
        f" {objective} kpis(first: {kpis}) {{ nodes {{ name ...Card{number} }} }} }} }} }} }}"
        f" fragment Card{number} on Kpi {{ {kpi} }}"
    )

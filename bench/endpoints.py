"""HTTP servers as variants: their answers compared first, then asked in turn by the load generator."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from api.demo.processes import Program, until_ready
from bench.answers import first_difference, parse
from bench.cpu import Charged, Spent, difference, family, spent_by
from bench.generator import Generator
from bench.load import Job, Load
from bench.model import Failed, Heat, Reading, Run
from bench.stage import Stage

HOST = "127.0.0.1"
JSON = "application/json"
REST_SECONDS = 0.5
REST_PATIENCE_SECONDS = 60.0
AT_REST = 0.1
"""Of a core."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def text(self, port: int) -> str:
        """As it goes over the wire; bytes as latin-1."""
        headers = {"Host": f"{HOST}:{port}", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines) + "\r\n\r\n" + self.body.decode("latin-1")


@dataclass(frozen=True)
class Endpoint:
    """A running server, what it is asked (one request a tenant), and what of its answer is compared."""

    name: str
    port: int
    charged: Charged
    requests: Sequence[Request]
    program: Program
    answer: Callable[[Any], Any] = lambda body: body

    def failure(self, words: str) -> Failed:
        """With the end of the server's log."""
        return Failed(str(self.program.failure(words)))


Lengths = Mapping[str, Sequence[int]]
"""Of each endpoint's answers, in the order of its requests."""


async def compared(endpoints: Sequence[Endpoint]) -> Lengths:
    """Raises Failed where two endpoints do not say the same."""
    bodies = {endpoint.name: await _ask_all(endpoint) for endpoint in endpoints}
    first = endpoints[0]
    for other in endpoints[1:]:
        refuse_difference(first, bodies[first.name], other, bodies[other.name])
    return {name: [len(body) for body in found] for name, found in bodies.items()}


def heat(stage: Stage, name: str, endpoints: Sequence[Endpoint], lengths: Lengths, connections: int) -> Heat:
    return Heat(name, {each.name: _run(stage, each, lengths[each.name], connections) for each in endpoints})


def pid_of(program: Program) -> int:
    assert program.process is not None
    return program.process.pid


async def until_all_ready(program: Program, port: int) -> None:
    """The first of its processes answers, and none is still busy with its start. Raises DidNotStart."""
    await until_ready(program, f"http://{HOST}:{port}/readyz")
    for _ in range(int(REST_PATIENCE_SECONDS / REST_SECONDS)):
        before = _spent(program)
        await asyncio.sleep(REST_SECONDS)
        if difference(before, _spent(program)) <= REST_SECONDS * AT_REST:
            return
    raise program.failure("did not come to rest")


def _spent(program: Program) -> Spent:
    return dict(entry for pid in family(pid_of(program)) if (entry := spent_by(pid)) is not None)


def refuse_difference(one: Endpoint, ones: Sequence[bytes], other: Endpoint, others: Sequence[bytes]) -> None:
    """Over the tenants that both have."""
    for number, (a, b) in enumerate(zip(ones, others, strict=False)):
        found = first_difference(one.answer(parse(a)), other.answer(parse(b)))
        if found is not None:
            raise Failed(f"{one.name} and {other.name} differ for tenant {number + 1}: {found}")


async def _ask_all(endpoint: Endpoint) -> list[bytes]:
    async with httpx2.AsyncClient(base_url=f"http://{HOST}:{endpoint.port}", trust_env=False, timeout=60) as http:
        bodies = []
        for each in endpoint.requests:
            answer = await http.request(each.method, each.path, headers=dict(each.headers), content=each.body)
            if not answer.is_success or b'"errors"' in answer.content:
                raise endpoint.failure(f"answered {answer.status_code}: {answer.text[:500]}")
            bodies.append(answer.content)
    return bodies


def _run(stage: Stage, endpoint: Endpoint, lengths: Sequence[int], concurrency: int) -> Run:
    requests = [each.text(endpoint.port) for each in endpoint.requests]

    async def run(seconds: float) -> Reading:
        before = await stage.meter.read(endpoint.charged)
        load = await _carry_out(stage.load, Job(endpoint.port, requests, lengths, concurrency, seconds), endpoint)
        after = await stage.meter.read(endpoint.charged)
        cpu = difference(before, after)
        processes = set(family(endpoint.charged.process))
        own = [spent - before.get(key, 0.0) for key, spent in after.items() if key[0] in processes]
        notes = {
            "database_cpu_share": (cpu - sum(own)) / cpu if cpu else 0.0,
            "busiest_process_share": max(own) / sum(own) if any(own) else 0.0,
            "median_ms": load.median,
            "p95_ms": load.p95,
            "generator_busy": load.busy,
            "bytes": sum(lengths) / len(lengths),
        }
        return Reading(load.count, load.seconds, cpu, notes)

    return run


async def _carry_out(generator: Generator, job: Job, endpoint: Endpoint) -> Load:
    try:
        return await generator.carry_out(job)
    except Failed as failure:
        raise endpoint.failure(str(failure)) from None

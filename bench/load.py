"""The load: keep-alive connections that ask one after the other. A process of its own: `python -m bench.load`.

Each line of standard input is a job, each line of standard output its result; the end of the input ends it. It does
nothing per request but find the end of the answer, note the time and compare the length, so that it stays far
cheaper than any server it asks.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import cast

import httptools
import orjson
import uvloop

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Job:
    """Whole HTTP/1.1 requests that are sent in turn, and the length of the body each must be answered with."""

    port: int
    requests: Sequence[str]
    lengths: Sequence[int]
    concurrency: int
    seconds: float


@dataclass
class Tally:
    began: float
    latencies: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """What was answered, in how long, how late (in milliseconds), and what was wrong. `busy` is our share of a core."""

    count: int
    seconds: float
    median: float
    p95: float
    busy: float
    complaints: list[str]


class Asker(asyncio.Protocol):
    """One connection, as httptools and asyncio call it."""

    def __init__(
        self, requests: Sequence[bytes], lengths: Sequence[int], first: int, tally: Tally, until: float
    ) -> None:
        self._requests = requests
        self._lengths = lengths
        self._next = first
        self._tally = tally
        self._until = until
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not say so itself
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._tally.complaints.append("the server closed a connection")
            self.done.set_result(None)

    def on_body(self, body: bytes) -> None:
        self._received += len(body)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self._tally.latencies.append(now - self._asked_at)
        status = self._parser.get_status_code()
        if not 200 <= status < 300:
            self._tally.complaints.append(f"status {status}")
        elif self._received != self._lengths[self._current]:
            self._tally.complaints.append(f"{self._received} bytes instead of {self._lengths[self._current]}")
        if now < self._until:
            self._ask()
        else:
            self.done.set_result(None)
            self._transport.close()

    def _ask(self) -> None:
        self._current = self._next
        self._next = (self._next + 1) % len(self._requests)
        self._received = 0
        self._parser = httptools.HttpResponseParser(self)
        self._asked_at = time.perf_counter()
        self._transport.write(self._requests[self._current])


async def carry_out(job: Job) -> Load:
    requests = [request.encode("latin-1") for request in job.requests]
    loop = asyncio.get_running_loop()
    cpu, began = time.process_time(), time.perf_counter()
    tally = Tally(began)
    askers = []
    for number in range(job.concurrency):
        first = number * len(requests) // job.concurrency
        _, asker = await loop.create_connection(
            lambda first=first: Asker(requests, job.lengths, first, tally, began + job.seconds),  # type: ignore[misc]
            "127.0.0.1",
            job.port,
        )
        askers.append(asker.done)
    _, late = await asyncio.wait(askers, timeout=job.seconds + PATIENCE_SECONDS)
    if late:
        tally.complaints.append(f"{len(late)} answers did not come within {PATIENCE_SECONDS:.0f} s")
    seconds = time.perf_counter() - began
    ordered = sorted(tally.latencies) or [0.0]
    return Load(
        count=len(tally.latencies),
        seconds=seconds,
        median=ordered[len(ordered) // 2] * 1000,
        p95=ordered[len(ordered) * 95 // 100] * 1000,
        busy=(time.process_time() - cpu) / seconds,
        complaints=tally.complaints[:5],
    )


def main() -> None:
    # One core at most, always the same one, so that it does not chase the servers around.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-1:])
    for line in sys.stdin.buffer:
        load = uvloop.run(carry_out(Job(**orjson.loads(line))))
        sys.stdout.buffer.write(orjson.dumps(asdict(load)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

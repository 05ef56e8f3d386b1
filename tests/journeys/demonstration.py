"""`azimuth demo` as a user runs it, watched from outside."""

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MARK = "AZIMUTH_TEST_MARK"
# What the surroundings may have set for a product of their own must not reach a demonstration.
ELSEWHERE = {"DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/elsewhere", "AZIMUTH_POOL_SIZE": "4"}


@dataclass
class Demonstration:
    process: asyncio.subprocess.Process
    mark: str
    state: Path
    json_file: Path
    said: bytearray = field(default_factory=bytearray)
    clusters: set[bytes] = field(default_factory=set)

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads(self.json_file.read_text()))

    @property
    def printed(self) -> str:
        return self.said.decode()

    async def until_said(self, words: str, seconds: float = 120) -> None:
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while words.encode() not in self.said:
                    more = await self.process.stdout.read(4096)
                    assert more, f"it ended before it said {words!r}: {self.printed}"
                    self.said += more
        except TimeoutError:
            raise AssertionError(f"it did not say {words!r} in time, but: {self.printed}") from None

    async def until_worker_reads(self, seconds: float = 60) -> None:
        """The backfill has begun: its programs run, and the shop is being asked."""
        await self.until_said("shop installed", seconds)
        await asyncio.sleep(0.7)

    async def ended(self, seconds: float = 120) -> int:
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            self.said += await self.process.stdout.read()
            return await self.process.wait()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def left_running(self) -> list[str]:
        """Command lines of whatever was started by it, or by what it started."""
        self.clusters |= {os.fsencode(link.resolve()) for link in self.state.glob("demo-*/postgres")}
        return [line for pid in processes() if pid != self.process.pid and (line := self._ours(pid))]

    def _ours(self, pid: int) -> str | None:
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return None
        # PostgreSQL writes its titles over its environment, but its command line names its directory.
        ours = self.mark.encode() in environment or any(place in line for place in self.clusters)
        return line.decode(errors="replace") if ours else None

    async def until_nothing_runs(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while running := self.left_running():
            assert time.monotonic() < deadline, running
            await asyncio.sleep(0.1)


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


@asynccontextmanager
async def demonstrated(state: Path, *arguments: str) -> AsyncIterator[Demonstration]:
    """`state` is the state directory, which other demonstrations may share."""
    mark = uuid.uuid4().hex
    json_file = state.parent / f"{mark}.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "api.cli", "demo", "--json", str(json_file), *arguments),
        cwd=ROOT,
        env={**os.environ, **ELSEWHERE, MARK: mark, "AZIMUTH_STATE_DIR": str(state), "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    running = Demonstration(process, mark, state, json_file)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                await running.ended(30)
            except TimeoutError:
                process.kill()

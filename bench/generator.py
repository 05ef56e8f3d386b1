"""Our hold on the process that makes the load."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import orjson

from bench.load import Job, Load
from bench.model import Failed

LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Generator:
    process: asyncio.subprocess.Process

    async def carry_out(self, job: Job) -> Load:
        """Raises Failed for any answer that was not a good one."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(orjson.dumps(asdict(job)) + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        if not line:
            raise Failed("the load generator ended")
        load = Load(**orjson.loads(line))
        if load.complaints:
            raise Failed(f"under load: {'; '.join(load.complaints)}")
        return load


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """It ends when its input does, which a kill -9 of this process brings about too."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=pipe, stdout=pipe, limit=LONGEST_LINE
    )
    try:
        yield Generator(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()

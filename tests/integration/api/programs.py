"""Programs of others that run against the API: what they print, to their end or as they go on."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0

Program = Sequence[str | Path]


async def run(program: Program, folder: Path, **environment: str) -> str:
    """What it prints. Fails where it does."""
    process = await asyncio.create_subprocess_exec(
        *program,
        cwd=folder,
        env=_surroundings(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, said.decode()
    return said.decode()


@asynccontextmanager
async def shown(program: Program, folder: Path, **environment: str) -> AsyncIterator[asyncio.StreamReader]:
    """What a program prints that goes on until it is ended."""
    process = await asyncio.create_subprocess_exec(
        *program, cwd=folder, env=_surroundings(environment), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(printed: asyncio.StreamReader) -> Any:
    return json.loads(await asyncio.wait_for(printed.readline(), PATIENCE_SECONDS))


def _surroundings(environment: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **environment, "NO_PROXY": "*"}

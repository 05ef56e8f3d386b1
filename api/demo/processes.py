"""The programs a demonstration runs: each a process of its own that dies with this one."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2

STOP_SECONDS = 20.0
START_SECONDS = 60.0
# Ends the child when the pipe closes, which a kill -9 of the parent does too.
GUARD = """
import os, runpy, signal, sys, threading, time

def watch(pipe):
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(15)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=watch, args=(int(sys.argv[1]),), daemon=True).start()
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class DidNotStart(Exception):
    """A program of the demonstration ended or stayed silent; the message has the end of its log."""


@dataclass
class Program:
    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        read_end, self._write_end = os.pipe()
        self._log: IO[bytes] = self.log.open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            GUARD,
            str(read_end),
            *self.arguments,
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(read_end,),
            start_new_session=True,
        )
        os.close(read_end)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    async def stop(self) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        os.close(self._write_end)
        self._log.close()
        self.process = None

    def failure(self, words: str) -> DidNotStart:
        tail = [line[:400] for line in self.log.read_text(errors="replace").splitlines()[-8:]]
        return DidNotStart("\n".join([f"{self.name} {words}; the end of {self.log}:", *tail]))

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.returncode is not None


@asynccontextmanager
async def running(programs: list[Program]) -> AsyncIterator[None]:
    """Starts all, stops all, the last one first."""
    try:
        for program in programs:
            await program.start()
        yield
    finally:
        for program in reversed(programs):
            await program.stop()


async def until_ready(program: Program, url: str) -> None:
    """Raises DidNotStart."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        for _ in range(int(START_SECONDS / 0.1)):
            if program.ended:
                raise program.failure("ended at once")
            try:
                if (await http.get(url, timeout=5)).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise program.failure("did not become ready")


async def until_written(program: Program, file: Path) -> dict[str, Any]:
    for _ in range(int(START_SECONDS / 0.05)):
        content = _written(file)
        if content is not None:
            return content
        if program.ended:
            raise program.failure("ended at once")
        await asyncio.sleep(0.05)
    raise program.failure("did not become ready")


def all_alive(programs: Sequence[Program]) -> None:
    """Raises DidNotStart where one of them has ended meanwhile."""
    for program in programs:
        if program.ended:
            raise program.failure("ended")


def _written(file: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

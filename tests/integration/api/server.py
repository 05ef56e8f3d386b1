"""An API process in the test's own loop."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from api.app import create_app
from api.serve import OPTIONS
from tenants.settings import Environment, Settings


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Interrupting a test run stays pytest's business."""
        yield


def settings_at(listening: socket.socket, url: str, keys_directory: Path, master_key: bytes, **given: Any) -> Settings:
    """`url` is the database's, where none is `given`."""
    return Settings(
        **{
            "environment": Environment.TEST,
            "database_url": SecretStr(url),
            "public_url": f"http://127.0.0.1:{listening.getsockname()[1]}",
            "keyring_dir": keys_directory,
            "master_key": SecretStr(base64.b64encode(master_key).decode()),
            "operation_points": 1_000_000_000,
            "budget_points": 1_000_000_000,  # one app asks for all tests, and leases once
            "budget_points_per_second": 1_000_000_000,
            **given,
        }
    )


@asynccontextmanager
async def serving(settings: Settings, listening: socket.socket) -> AsyncIterator[Starlette]:
    app = create_app(settings)
    server = Server(uvicorn.Config(app, **{**OPTIONS, "timeout_graceful_shutdown": 2}))
    running = asyncio.create_task(server.serve(sockets=[listening.dup()]))
    while not server.started:
        if running.done():
            running.result()
            raise RuntimeError("the server ended before it began")
        await asyncio.sleep(0.01)
    try:
        yield app
    finally:
        server.should_exit = True
        await running

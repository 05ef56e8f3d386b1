"""An API process in the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from api.app import create_app
from api.serve import OPTIONS
from tenants.settings import Settings


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Interrupting a test run stays pytest's business."""
        yield


@asynccontextmanager
async def serving(settings: Settings, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(create_app(settings), **{**OPTIONS, "timeout_graceful_shutdown": 2})
    server = Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening.dup()]))
    while not server.started:
        if running.done():
            running.result()
            raise RuntimeError("the server ended before it began")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await running

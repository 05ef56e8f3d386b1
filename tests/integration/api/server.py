"""An API process in the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from api.app import create_app
from tenants.settings import Settings


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Interrupting a test run stays pytest's business."""
        yield


def listen() -> socket.socket:
    """On a free port. TCP is named, because only then does the loop send small answers at once."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    return listening


@asynccontextmanager
async def serving(settings: Settings, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(create_app(settings), log_config=None, lifespan="on", timeout_graceful_shutdown=2)
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

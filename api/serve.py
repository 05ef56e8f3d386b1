import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api.http.bodies import MOST_KEPT_BYTES
from api.http.leaving import HttpProtocol, SocketProtocol
from api.processes import listening, serve_together
from api.wiring import open_parts
from tenants import logs
from tenants.embedded import resolve_urls
from tenants.settings import Settings
from tenants.telemetry.exposition import refuse_taken_ports

OPTIONS: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": 20,
    "lifespan": "on",
    "http": HttpProtocol,
    "ws": SocketProtocol,
    "ws_max_size": MOST_KEPT_BYTES,
    # Whoever does not answer is gone; what is sent is small, and to compress it takes memory for each of thousands.
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    "ws_per_message_deflate": False,
}


@dataclass(frozen=True)
class Door:
    """Makes the application of a process that does nothing but serve it."""

    settings: Settings

    def __call__(self) -> ASGIApp:
        # Not above: who only watches over the processes that serve has no need of the schema.
        from api.app import create_app
        from api.garbage import settle_memory

        logs.configure(self.settings.log_level)
        app = create_app(self.settings)
        settle_memory()
        return app


def serve(settings: Settings) -> None:
    """Until it is told to stop; requests under way are finished first.

    What an operator must put right is told in a line, not in a server's start-up trace, and not once for each process:
    everything is opened once ahead.
    """
    with listening(settings.host, settings.port) as sockets:
        asyncio.run(_open_once(settings))
        if settings.processes == 1:
            with suppress(KeyboardInterrupt):
                uvicorn.Server(uvicorn.Config(Door(settings)(), **OPTIONS)).run(sockets)
        else:
            serve_together(Door(settings), sockets, processes=settings.processes, **OPTIONS)


async def _open_once(settings: Settings) -> None:
    # A hold on an embedded server for as long as this process lives: none that it starts is the last to let go.
    await resolve_urls(settings)
    async with open_parts(settings):
        refuse_taken_ports(settings)

import asyncio

import uvicorn

from api.app import create_app
from api.wiring import open_parts
from tenants.embedded import resolve_urls
from tenants.settings import Settings


def serve(settings: Settings, *, host: str | None, port: int | None) -> None:
    """Until it is told to stop; requests under way are finished first."""
    # Opened once ahead: what an operator must put right is told in a line, not in a server's start-up trace.
    asyncio.run(_open_once(settings))
    uvicorn.run(
        create_app(settings),
        host=host or settings.host,
        port=settings.port if port is None else port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
        lifespan="on",
    )


async def _open_once(settings: Settings) -> None:
    await resolve_urls(settings)  # a hold on an embedded server, so that it is not stopped and started in between
    async with open_parts(settings):
        pass

import asyncio
import gc
import logging

import uvicorn

from api.app import create_app
from api.wiring import open_parts
from tenants.embedded import resolve_urls
from tenants.settings import Settings
from tenants.telemetry.exposition import exposed

log = logging.getLogger(__name__)

# An answer makes thousands of objects and drops them together: there is little to find in a collection every 700.
THRESHOLDS = (10_000, 10, 20)


def serve(settings: Settings, *, host: str | None, port: int | None) -> None:
    """Until it is told to stop; requests under way are finished first."""
    # Opened once ahead: what an operator must put right is told in a line, not in a server's start-up trace.
    asyncio.run(_open_once(settings))
    app = create_app(settings)
    settle_memory()
    uvicorn.run(
        app,
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
        with exposed(settings):
            pass


def settle_memory() -> None:
    """The modules, the schema and the models stay for good: no collection shall walk through them again.

    Of a process that does nothing but serve. Whoever shares one, as tests do, would keep what others have left over.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    log.info("memory settled", extra={"objects": gc.get_freeze_count(), "threshold": gc.get_threshold()[0]})

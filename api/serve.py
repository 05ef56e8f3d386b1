import uvicorn

from api.app import create_app
from tenants.settings import Settings


def serve(settings: Settings, *, host: str | None, port: int | None) -> None:
    """Until it is told to stop; requests under way are finished first."""
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

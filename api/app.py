"""The door: every route of the API process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route

from api.collectors import Executions, Pools
from api.http.consent import ConsentCallback
from api.http.explorer import explorer_routes
from api.http.faults import busy, hung_up
from api.http.graphql import GraphQLEndpoint
from api.http.health import Ready, alive
from api.http.webhooks import WebhookEndpoint
from api.oauth.routes import routes as oauth_routes
from api.wiring import Parts, open_parts
from migrations.revisions import head
from tenants.errors import Overloaded
from tenants.settings import Settings
from tenants.telemetry.exposition import exposed

# Who asks is told by a header that no browser adds by itself, and no cookie counts: any page may ask.
FROM_BROWSERS = Middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["Authorization", "traceparent", "tracestate"],
    expose_headers=["Retry-After", "WWW-Authenticate"],
    max_age=86_400,
)


def create_app(settings: Settings) -> Starlette:
    """Everything is opened when the server starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_parts(settings) as parts:
            app.router.routes.extend(_routes(parts))
            with exposed(settings, [Pools(parts.house.database), Executions()], processes=settings.processes):
                yield

    return Starlette(lifespan=lifespan, exception_handlers={ClientDisconnect: hung_up, Overloaded: busy})


def _routes(parts: Parts) -> list[BaseRoute]:
    house = parts.house
    return [
        Route("/healthz", alive),
        Route("/readyz", Ready(house.database, head()).answer),
        Route(
            "/graphql",
            GraphQLEndpoint(house, parts.tokens, parts.callers, slow=parts.settings.slow_milliseconds / 1000).answer,
            methods=["GET", "POST", "OPTIONS"],
            middleware=[FROM_BROWSERS],
        ),
        Route("/webhooks/{provider}/{app}", WebhookEndpoint(house).answer, methods=["POST"]),
        Route("/oauth/callback/{provider}", ConsentCallback(house).answer, methods=["GET"]),
        *oauth_routes(
            house.database,
            parts.settings,
            house.keyring,
            parts.tokens,
            parts.callers,
            clock=house.clock,
            providers=parts.identity_providers,
        ),
        *explorer_routes(graphql_path="/graphql", token_path="/oauth/token"),  # noqa: S106
    ]

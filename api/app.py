"""The door: every route of the API process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.collectors import Executions, Pools
from api.http.admission import Admission
from api.http.consent import ConsentCallback
from api.http.explorer import explorer_routes
from api.http.faults import busy, hung_up
from api.http.graphql import GraphQLEndpoint
from api.http.health import Ready, alive
from api.http.leaving import ENDING
from api.http.persisted import Persisted
from api.http.sse import EventStreams
from api.http.subscriptions import Subscriptions
from api.http.webhooks import WebhookEndpoint
from api.http.websocket import SocketEndpoint
from api.metering import Till
from api.oauth.routes import routes as oauth_routes
from api.wiring import Parts, open_parts
from domain.connections.house import House
from migrations.revisions import head
from tenants.errors import Overloaded
from tenants.settings import Settings
from tenants.telemetry.exposition import exposed

# Who asks is told by a header that no browser adds by itself, and no cookie counts: any page may ask.
FROM_BROWSERS = Middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["Authorization", "If-None-Match", "traceparent", "tracestate"],
    expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate"],
    max_age=86_400,
)


def create_app(settings: Settings) -> Starlette:
    """Everything is opened when the server starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with open_parts(settings) as parts:
            ending = asyncio.Event()
            app.router.routes.extend(_routes(parts, ending))
            meters = [Pools(parts.house.database), Executions()]
            with exposed(settings, meters, processes=settings.processes):
                async with parts.till.usage.written():
                    yield {ENDING: ending}

    return Starlette(lifespan=lifespan, exception_handlers={ClientDisconnect: hung_up, Overloaded: busy})


def _routes(parts: Parts, ending: asyncio.Event) -> list[BaseRoute]:
    house = parts.house
    return [
        Route("/healthz", alive),
        Route("/readyz", Ready(house.database, head()).answer),
        *graphql_routes(house, parts.settings, Admission(parts.tokens, parts.callers), ending, parts.till),
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


def graphql_routes(
    house: House, settings: Settings, admission: Admission, ending: asyncio.Event, till: Till | None = None
) -> list[BaseRoute]:
    """`ending` is set when the server stops. Without a till nothing is charged or counted."""
    persisted = Persisted(house.database)
    subscriptions = Subscriptions(house, admission, settings, persisted, till)
    streams = EventStreams(subscriptions, settings, ending)
    endpoint = GraphQLEndpoint(house, admission, streams, persisted, till, slow=settings.slow_milliseconds / 1000)
    methods = ["GET", "POST", "OPTIONS"]
    return [
        Route("/graphql", endpoint.answer, methods=methods, middleware=[FROM_BROWSERS]),
        WebSocketRoute("/graphql", SocketEndpoint(subscriptions, settings, ending).serve),
    ]

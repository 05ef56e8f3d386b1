"""The practice providers behind one door, and the control desk behind a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hmac import compare_digest

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.config import SandboxConfig
from sandbox.openid.provider import OpenId
from sandbox.shopify.provider import Shopify

CONTROL_HEADER = b"x-sandbox-control"


class ControlGuard:
    """Keeps the app under test from reaching for the control desk by mistake."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(CONTROL_HEADER, b"")
        if compare_digest(given, self.token):
            await self.app(scope, receive, send)
        else:
            await JSONResponse({"error": "X-Sandbox-Control is missing or wrong"}, 403)(scope, receive, send)


async def health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def create_app(config: SandboxConfig) -> Starlette:
    shopify, openid = Shopify(config.shopify), OpenId()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with shopify.dispatcher:
            yield

    guard = Middleware(ControlGuard, token=config.control_token)
    control = Mount("/control", routes=[*openid.control_routes(), *shopify.control_routes()], middleware=[guard])
    routes = [Route("/healthz", health), control, *openid.routes(), *shopify.routes()]
    return Starlette(routes=routes, lifespan=lifespan)

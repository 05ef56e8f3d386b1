"""The practice providers behind one door."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.config import SandboxConfig
from sandbox.shopify.provider import Shopify


async def health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def create_app(config: SandboxConfig) -> Starlette:
    shopify = Shopify(config.shopify)
    return Starlette(routes=[Route("/healthz", health), *shopify.routes()])

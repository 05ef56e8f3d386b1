"""Routes of the practice Shopify. A shop is named by the Host header or by the prefix /shops/{shop}."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox.shopify import graphql, oauth
from sandbox.shopify.control.routes import control_routes
from sandbox.shopify.settings import ShopifySettings
from sandbox.shopify.state import ShopifyState
from sandbox.shopify.store import Shop
from sandbox.shopify.webhooks import Dispatcher

ShopEndpoint = Callable[[Request, ShopifyState, Shop], Awaitable[Response]]


class Shopify:
    def __init__(self, settings: ShopifySettings) -> None:
        self.state = ShopifyState(settings)
        self.dispatcher = Dispatcher(settings.deliveries, self.state.registry, self.state.apps)

    def control_routes(self) -> list[BaseRoute]:
        return control_routes(self.state, self.dispatcher)

    def routes(self) -> list[BaseRoute]:
        return [Mount("/shops/{shop}", routes=self._admin()), *self._admin()]

    def _admin(self) -> list[BaseRoute]:
        return [
            Route("/admin/oauth/authorize", self._in_shop(oauth.consent), methods=["GET", "POST"]),
            Route("/admin/oauth/access_token", self._in_shop(oauth.token), methods=["POST"]),
            Route("/admin/api/{version}/graphql.json", self._in_shop(graphql.endpoint), methods=["POST"]),
        ]

    def _in_shop(self, endpoint: ShopEndpoint) -> Callable[[Request], Awaitable[Response]]:
        async def find_shop(request: Request) -> Response:
            domain = request.path_params.get("shop") or request.url.hostname or ""
            shop = self.state.shops.get(domain.lower())
            if shop is None:
                return JSONResponse({"errors": "Not Found"}, 404)
            return await endpoint(request, self.state, shop)

        return find_shop

"""Addresses of the control calls."""

import inspect
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.shopify.control import deliveries, setup, trade, weather
from sandbox.shopify.control.call import Call, Content, NotHereError
from sandbox.shopify.inputs import InvalidInputError
from sandbox.shopify.state import ShopifyState
from sandbox.shopify.webhooks import Dispatcher

Action = Callable[[Call], Content | Awaitable[Content]]
ORDER = "/shops/{shop}/orders/{id:int}"
CUSTOMER = "/shops/{shop}/customers/{id:int}"
TABLE: list[tuple[str, str, Action]] = [
    ("POST", "/apps", setup.register_app),
    ("GET", "/shops", setup.list_shops),
    ("POST", "/shops", setup.open_shop),
    ("GET", "/shops/{shop}/counters", setup.counters),
    ("POST", "/shops/{shop}/tokens/expire", setup.expire_tokens),
    ("POST", "/shops/{shop}/tokens/revoke", setup.revoke_tokens),
    ("POST", "/shops/{shop}/uninstall", setup.uninstall),
    ("POST", "/shops/{shop}/privacy", setup.request_privacy),
    ("GET", "/shops/{shop}/orders", trade.list_orders),
    ("POST", "/shops/{shop}/orders", trade.create_order),
    ("GET", ORDER, trade.show_order),
    ("PATCH", ORDER, trade.update_order),
    ("DELETE", ORDER, trade.delete_order),
    ("POST", f"{ORDER}/refunds", trade.refund_order),
    ("POST", f"{ORDER}/cancel", trade.cancel_order),
    ("GET", "/shops/{shop}/customers", trade.list_customers),
    ("POST", "/shops/{shop}/customers", trade.create_customer),
    ("PATCH", CUSTOMER, trade.update_customer),
    ("DELETE", CUSTOMER, trade.delete_customer),
    ("GET", "/shops/{shop}/deliveries", deliveries.list_deliveries),
    ("POST", "/shops/{shop}/deliveries/pause", deliveries.pause),
    ("POST", "/shops/{shop}/deliveries/release", deliveries.release),
    ("POST", "/shops/{shop}/deliveries/{delivery}/resend", deliveries.resend),
    ("GET", "/shops/{shop}/faults", weather.list_faults),
    ("POST", "/shops/{shop}/faults", weather.order_faults),
    ("DELETE", "/shops/{shop}/faults", weather.clear_faults),
    ("POST", "/shops/{shop}/bucket", weather.set_bucket),
    ("POST", "/shops/{shop}/index-lag", weather.set_index_lag),
]


def control_routes(state: ShopifyState, dispatcher: Dispatcher) -> list[BaseRoute]:
    def answering(action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                content = read_content(await request.body())
                call = Call(state, dispatcher, request.path_params, request.query_params, content)
                result = action(call)
                return JSONResponse(await result if inspect.isawaitable(result) else result)
            except InvalidInputError as error:
                return JSONResponse({"error": error.message, "field": error.field}, 400)
            except NotHereError as error:
                return JSONResponse({"error": str(error)}, 404)

        return respond

    return [Route(path, answering(action), methods=[method]) for method, path, action in TABLE]


def read_content(raw: bytes) -> Content:
    try:
        content = json.loads(raw or b"{}")
    except ValueError:
        raise InvalidInputError("body", "is not JSON") from None
    if not isinstance(content, dict):
        raise InvalidInputError("body", "must be a JSON object")
    return content

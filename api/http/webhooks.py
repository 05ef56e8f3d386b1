"""Where providers post. Kept before it is acknowledged; nothing is worked on while the provider waits."""

import logging
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.http.bodies import BodyTooLarge, read_body
from domain.connections.house import House
from domain.connections.inbox import Receipt, receive
from domain.ports.errors import SignatureRefused
from tenants.errors import NotFound
from tenants.telemetry.tally import tallied

log = logging.getLogger(__name__)

MOST_BYTES = 5_000_000


class WebhookEndpoint:
    def __init__(self, house: House) -> None:
        self._house = house

    async def answer(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        try:
            app_id = UUID(request.path_params["app"])
            if provider not in self._house.providers:
                raise NotFound
            body = await read_body(request, most=MOST_BYTES)
            receipt = await self._receive(provider, app_id, request, body)
        except (ValueError, NotFound):
            return _answer(404, "NOT_FOUND")
        except BodyTooLarge:
            return _answer(413, "BODY_TOO_LARGE")
        except SignatureRefused as error:
            log.warning("webhook refused: %s", error, extra={"provider": provider, "app_id": str(app_id)})
            return _answer(401, error.code)
        return _answer(200, receipt.value)

    async def _receive(self, provider: str, app_id: UUID, request: Request, body: bytes) -> Receipt:
        # A trace of its own, whatever the headers name: nobody knows yet who sent them.
        with tallied({}) as tally:
            tally.describe(f"webhook {provider}", {"azimuth.provider": provider})
            try:
                receipt = await receive(self._house, provider, app_id, request.headers, body)
            except (NotFound, SignatureRefused) as refusal:
                tally.outcome = refusal.code
                raise
            tally.outcome = receipt.value
            return receipt


def _answer(status: int, code: str) -> Response:
    return JSONResponse({"code": code}, status_code=status)

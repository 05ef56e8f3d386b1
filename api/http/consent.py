"""Where a provider sends the account's owner back to."""

import html
import logging

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from domain.connections.consent import finish_consent
from domain.connections.errors import AccountAlreadyConnected, StateRefused
from domain.connections.house import House
from domain.ports.errors import ConsentRefused, ProviderError

log = logging.getLogger(__name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ConsentCallback:
    def __init__(self, house: House) -> None:
        self._house = house

    async def answer(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        query = request.query_params.multi_items()
        try:
            connection = await finish_consent(self._house, provider, query)
        except (StateRefused, ConsentRefused) as refusal:
            return _refuse(400, refusal.code, str(refusal))
        except AccountAlreadyConnected as refusal:
            return _refuse(409, refusal.code, refusal.message)
        except ProviderError as error:
            log.warning("consent could not be finished: %s", error, extra={"provider": provider})
            return _refuse(502, error.code, "The provider did not finish the consent. Please begin again.")
        if connection.missing_scopes:
            missing = ", ".join(connection.missing_scopes)
            return _refuse(400, "SCOPE_MISSING", f"The consent lacks: {missing}. Please begin again.")
        return _page(200, "Connected", f"{connection.account} is connected. You can close this page.")


def _refuse(status: int, code: str, text: str) -> Response:
    response = _page(status, "Not connected", f"{text} ({code})")
    response.headers["X-Azimuth-Error"] = code
    return response


def _page(status: int, title: str, text: str) -> Response:
    content = PAGE.format(title=html.escape(title), text=html.escape(text))
    return HTMLResponse(content, status_code=status, headers=HEADERS)

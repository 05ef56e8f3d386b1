"""What a request is answered that failed outside of what its endpoint foresees."""

import logging

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tenants.errors import Overloaded

log = logging.getLogger(__name__)


async def hung_up(request: Request, _: Exception) -> Response:
    """Whoever was reading the body: the caller left before its end. Nobody hears this answer."""
    log.info("hung up while sending", extra={"path": request.url.path})
    return Response(status_code=400)


async def busy(request: Request, _: Exception) -> Response:
    """In the words of RFC 6749, which most of those who are answered so understand."""
    refusal = Overloaded()
    log.warning("overloaded", extra={"path": request.url.path})
    return Response(
        orjson.dumps({"error": "temporarily_unavailable", "error_description": refusal.message}),
        status_code=503,
        media_type="application/json",
        headers={"Retry-After": "1", "Cache-Control": "no-store"},
    )

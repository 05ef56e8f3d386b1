"""The one HTTP client all providers are spoken to with, and the one way an answer is read."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx2
import orjson

from domain.ports.calls import Calls
from domain.ports.errors import AnswerUnusable, ProviderUnavailable

USER_AGENT = "azimuth"
MAX_BODY = 32 * 1024 * 1024
# A read time-out counts from byte to byte; this one also ends an answer that merely trickles.
TOTAL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end. `headers` finds names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def seconds(self, header: str) -> float | None:
        """A header such as Retry-After, in seconds."""
        try:
            value = float(self.headers.get(header, ""))
        except ValueError:
            return None
        return value if 0 <= value < 86_400 else None

    def json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise AnswerUnusable("the answer is not JSON") from None


def open_client(*, transport: httpx2.AsyncBaseTransport | None = None, proxy: str | None = None) -> httpx2.AsyncClient:
    """Goes where it is told and nowhere else: no redirect carries a token to another host, and neither a proxy nor
    credentials are picked up from the surroundings."""
    return httpx2.AsyncClient(
        transport=transport,
        proxy=proxy,
        trust_env=False,
        headers={"user-agent": USER_AGENT},
        timeout=httpx2.Timeout(20.0, connect=5.0, pool=10.0),
        limits=httpx2.Limits(max_connections=100, max_keepalive_connections=20),
        follow_redirects=False,
    )


async def post_json(
    http: httpx2.AsyncClient,
    url: str,
    content: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    max_body: int = MAX_BODY,
    operation: str = "",
    calls: Calls | None = None,
) -> Reply:
    """Raises as `send`."""
    everything = {"content-type": "application/json", "accept": "application/json", **(headers or {})}
    request = http.build_request("POST", url, content=orjson.dumps(content), headers=everything)
    return await send(http, request, max_body=max_body, operation=operation, calls=calls)


async def send(
    http: httpx2.AsyncClient,
    request: httpx2.Request,
    *,
    auth: httpx2.Auth | None = None,
    max_body: int = MAX_BODY,
    seconds: float = TOTAL_SECONDS,
    operation: str = "",
    calls: Calls | None = None,
) -> Reply:
    """Any status is a reply. Raises ProviderUnavailable when there is none, AnswerUnusable when it is too large."""
    began, reply = perf_counter(), None
    try:
        async with asyncio.timeout(seconds):
            reply = await _send(http, request, auth, max_body)
    except (TimeoutError, httpx2.TimeoutException):
        raise ProviderUnavailable("no answer in time") from None
    except httpx2.DecodingError:
        raise AnswerUnusable("the answer is not encoded as it says") from None
    except httpx2.TransportError as error:
        raise ProviderUnavailable(f"the connection failed: {type(error).__name__}") from None
    finally:
        if calls is not None:
            calls.ended(operation, began, None if reply is None else reply.status)
    return reply


async def _send(http: httpx2.AsyncClient, request: httpx2.Request, auth: httpx2.Auth | None, max_body: int) -> Reply:
    response = await http.send(request, auth=auth, stream=True)
    try:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_body:
                raise AnswerUnusable(f"the answer is larger than {max_body} bytes")
        return Reply(response.status_code, response.headers, bytes(body))
    finally:
        await response.aclose()

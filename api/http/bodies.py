"""What is sent to be carried out: how much of it, and whether it has the shape of a request."""

import asyncio
from typing import Any

from starlette.requests import Request

from api.http.persisted import document_fault

MOST_BYTES = 1_000_000
MOST_KEPT_BYTES = 100_000
"""Of a subscription, which is kept as long as it lasts, and so of a message over a WebSocket."""
# What follows a refused head is read and dropped, so that its sender lives to hear why; beyond this it is cut off.
MOST_DROPPED = 12_000_000
DROPPING_SECONDS = 5


class BodyTooLarge(Exception):
    pass


async def read_body(request: Request, *, most: int) -> bytes:
    """Stops reading at the limit, whatever the length header promised. Raises BodyTooLarge."""
    declared = _declared(request)
    if declared is not None and declared > most:
        if is_worth_dropping(request):
            await _drop(request)
        raise BodyTooLarge
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise BodyTooLarge
    return bytes(received)


def is_worth_dropping(request: Request) -> bool:
    """Whether the rest of a refused body is short enough to keep the connection for it."""
    declared = _declared(request)
    return declared is not None and declared <= MOST_DROPPED


def fault_of(body: Any) -> str | None:
    """Why it asks for nothing that could be carried out."""
    if not isinstance(body, dict):
        return "The body is a JSON object with a query."
    if not isinstance(body.get("variables"), dict | None):
        return "`variables` is an object."
    if not isinstance(body.get("operationName"), str | None):
        return "`operationName` is a name."
    if not isinstance(body.get("extensions"), dict | None):
        return "`extensions` is an object."
    return document_fault(body)


async def _drop(request: Request) -> None:
    """Before the answer: where the client asked for the connection to be closed, nothing is read after it."""
    try:
        async with asyncio.timeout(DROPPING_SECONDS):
            async for _ in request.stream():
                pass
    except TimeoutError:
        pass  # one that waits for the answer before it goes on


def _declared(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None

"""Who is told: over a WebSocket or an event stream, by hand, so that each message is seen as it is."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 10.0
METRICS = (
    "subscription($t: ID!, $k: [String!]) { metricChanged(tenantId: $t, metricKeys: $k) { kpis { metricKey %s } } }"
)
ORDERS = METRICS % "value(period: THIS_YEAR) { n }"
STATUS = "subscription($t: ID!) { connectionStatusChanged(tenantId: $t) { connections { id status reason } } }"
PROGRESS = "subscription($c: ID!) { syncProgress(connectionId: $c) { connection { id streams { stream records } } } }"


@dataclass(frozen=True)
class Socket:
    wire: ClientConnection

    async def send(self, message: object) -> None:
        await self.wire.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def take(self, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.wire.recv(), seconds))
        return message

    async def subscribe(self, query: str, *, id: str = "1", **variables: Any) -> None:
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def next(self, id: str = "1") -> Any:
        """The data of the next event, which has no error."""
        message = await self.take()
        assert (message["type"], message["id"]) == ("next", id), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def refusal(self, id: str = "1") -> dict[str, Any]:
        """The one error that ends the subscription."""
        message = await self.take()
        assert (message["type"], message["id"]) == ("error", id), message
        (error,) = message["payload"]
        return dict(error)

    async def code(self, id: str = "1") -> str:
        return str((await self.refusal(id))["extensions"]["code"])

    async def closed(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The code with which the other side has closed, saying nothing before."""
        try:
            said = await asyncio.wait_for(self.wire.recv(), seconds)
        except ConnectionClosed:
            assert self.wire.close_code is not None
            return self.wire.close_code
        raise AssertionError(said)

    async def silence(self, seconds: float = 0.5) -> None:
        """Nothing is said for so long."""
        try:
            said = await asyncio.wait_for(self.wire.recv(), seconds)
        except TimeoutError:
            return
        raise AssertionError(said)


def socket_url(address: str) -> str:
    return f"{address.replace('http:', 'ws:')}/graphql"


@asynccontextmanager
async def socket(
    address: str, *, protocol: str = PROTOCOL, origin: str | None = None, **options: Any
) -> AsyncIterator[Socket]:
    """That has said nothing yet."""
    subprotocols = [Subprotocol(protocol)] if protocol else None
    opening = connect(
        socket_url(address),
        subprotocols=subprotocols,
        origin=None if origin is None else Origin(origin),
        proxy=None,
        compression=None,
        **options,
    )
    async with opening as wire:
        yield Socket(wire)


@asynccontextmanager
async def subscriber(address: str, token: str, *, origin: str | None = None, **options: Any) -> AsyncIterator[Socket]:
    """That was let in."""
    async with socket(address, origin=origin, **options) as opened:
        await opened.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        assert await opened.take() == {"type": "connection_ack"}
        yield opened


@dataclass(frozen=True)
class Stream:
    response: httpx2.Response
    lines: AsyncIterator[str]

    async def take(self, seconds: float = PATIENCE_SECONDS) -> tuple[str, Any]:
        """The next event's name and what it says, comments passed over."""
        name = data = ""
        while True:
            line = await asyncio.wait_for(anext(self.lines), seconds)
            kind, _, rest = line.partition(": ")
            if kind == "event":
                name = rest
            elif kind in ("data", "data:"):
                data = rest
            elif not line and name:
                return name, json.loads(data) if data else None

    async def next(self) -> Any:
        name, said = await self.take()
        assert name == "next", name
        assert "errors" not in said, said
        return said["data"]

    async def code(self) -> str:
        """Of the one error that ends the subscription."""
        name, said = await self.take()
        assert (name, said.keys()) == ("next", {"errors", "extensions"}), said
        (error,) = said["errors"]
        assert await self.take() == ("complete", None)
        return str(error["extensions"]["code"])

    async def ended(self) -> None:
        """Without another word."""
        async for line in self.lines:
            assert not line or line.startswith(":"), line


@asynccontextmanager
async def stream(
    http: httpx2.AsyncClient, token: str, query: str, *, headers: Mapping[str, str] | None = None, **variables: Any
) -> AsyncIterator[Stream]:
    sent = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", **(headers or {})}
    body = {"query": query, "variables": variables}
    async with http.stream("POST", "/graphql", json=body, headers=sent) as response:
        yield Stream(response, response.aiter_lines())

"""A subscription as an event stream: graphql-sse, distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.http.streaming import SSETransport

from api.http.admission import Credentials
from api.http.media import STREAM
from api.http.subscriptions import Subscriptions, Told
from tenants.access.actor import Actor
from tenants.settings import Settings


class PlainLines(SSETransport):
    """A line of a stream may end in either way; urql reads those alone that end in a bare newline."""

    def encode_event(self, event: str, data: str | None = None) -> str:
        return super().encode_event(event, data).replace("\r\n", "\n")

    def encode_comment(self, comment: str) -> str:
        return super().encode_comment(comment).replace("\r\n", "\n")


TRANSPORT = PlainLines()


class EventStream(Response):
    """Ends with the subscription, with its reader, and with the server. A reader that takes nothing is given up."""

    media_type = STREAM

    def __init__(
        self,
        told: AsyncGenerator[Told, None],
        *,
        ending: asyncio.Event,
        ping_seconds: float,
        patience_seconds: float,
    ) -> None:
        self.status_code = 200
        self.background = None
        self._told = told
        self._ending = ending
        self._ping_seconds = ping_seconds
        self._patience_seconds = patience_seconds
        self.init_headers(TRANSPORT.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(self._patience_seconds):
                await send(message)

        await patiently({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        telling = asyncio.create_task(self._tell(patiently))
        beside = (self._ping(patiently), _gone(receive), self._ending.wait())
        tasks = {telling, *map(asyncio.ensure_future, beside)}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if telling.done() or self._ending.is_set():
                await self._close(telling, patiently)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self, telling: asyncio.Task[None], send: Send) -> None:
        """Where the server stops nothing is complete: whoever reads comes again, and finds another process."""
        try:
            last = ""
            if telling.done():
                telling.result()
                last = TRANSPORT.encode_complete()
            await send({"type": "http.response.body", "body": last.encode()})
        except TimeoutError:
            pass

    async def _tell(self, send: Send) -> None:
        async with aclosing(self._told) as told:
            async for each in told:
                event = TRANSPORT.encode_event("next", orjson.dumps(each.payload).decode())
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})

    async def _ping(self, send: Send) -> None:
        ping = TRANSPORT.encode_comment("ping").encode()
        while True:
            await asyncio.sleep(self._ping_seconds)
            await send({"type": "http.response.body", "body": ping, "more_body": True})


@dataclass(frozen=True)
class EventStreams:
    subscriptions: Subscriptions
    settings: Settings
    ending: asyncio.Event
    """Set when the server stops."""

    def open(self, body: dict[str, Any], shown: Credentials, actor: Actor) -> EventStream:
        return EventStream(
            self.subscriptions.tell(body, shown, actor, transport="sse"),
            ending=self.ending,
            ping_seconds=self.settings.subscription_ping_seconds,
            patience_seconds=self.settings.subscription_send_seconds,
        )


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

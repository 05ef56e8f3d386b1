"""Subscriptions over WebSocket: graphql-transport-ws, by the library's own handler, within our limits.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from time import monotonic
from typing import Any, cast

import orjson
from graphql import GraphQLError
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry import UNSET
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    CompleteMessage,
    ErrorMessage,
    Message,
    NextMessage,
    NextMessagePayload,
)

from api.errors import present
from api.http.admission import CallerGone, Credentials
from api.http.bodies import fault_of
from api.http.subscriptions import Subscriptions, TooManySubscriptions
from api.live import UNREACHABLE
from api.oauth.bearer import Unauthorized
from tenants.access.actor import Actor
from tenants.errors import Refusal
from tenants.ids import new_id
from tenants.settings import Settings
from tenants.telemetry import meters

log = logging.getLogger(__name__)

NORMAL, GOING_AWAY = 1000, 1001
BAD_REQUEST, FORBIDDEN, SUBPROTOCOL_NOT_ACCEPTABLE = 4400, 4403, 4406
MOST_ID_CHARACTERS = 200
FAREWELL_SECONDS = 1.0


class SocketEndpoint:
    def __init__(self, subscriptions: Subscriptions, settings: Settings, ending: asyncio.Event) -> None:
        """`ending` is set when the server stops."""
        self._subscriptions = subscriptions
        self._settings = settings
        self._ending = ending
        self._sockets = 0

    async def serve(self, socket: WebSocket) -> None:
        if self._sockets >= self._settings.subscriptions or self._ending.is_set():
            await socket.send_denial_response(Response(status_code=503, headers={"Retry-After": "1"}))
            return
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in socket.scope["subprotocols"]:
            # Nobody hears why they were not let in, so they are: the older protocol asks nobody who they are.
            await socket.accept()
            await socket.close(SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        self._sockets += 1
        try:
            with meters.SOCKETS.track_inprogress():
                await socket.accept(subprotocol=GRAPHQL_TRANSPORT_WS_PROTOCOL)
                wire = Wire(socket, self._settings.subscription_send_seconds)
                await Conversation(wire, self._subscriptions, self._settings, self._ending).hold()
        finally:
            self._sockets -= 1


class Wire(ASGIWebSocketAdapter):
    """Whoever does not take what is sent within some seconds is given up: nothing is kept for them."""

    def __init__(self, socket: WebSocket, patience_seconds: float) -> None:
        super().__init__(cast(Any, self), socket, socket)
        self._patience_seconds = patience_seconds
        self.given_up = asyncio.Event()

    @property
    def origin(self) -> str | None:
        return self.ws.headers.get("origin")

    def decode_json(self, text: str) -> object:
        return orjson.loads(text)

    def encode_json(self, message: object) -> str:
        return orjson.dumps(message).decode()

    async def send_json(self, message: Mapping[str, object]) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await super().send_json(message)
        except TimeoutError:
            self.given_up.set()
            raise WebSocketDisconnected from None
        except RuntimeError:  # it was closed while this was on its way
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        with suppress(TimeoutError, RuntimeError, OSError):
            async with asyncio.timeout(self._patience_seconds):
                await super().close(code, reason)


class Conversation(BaseGraphQLTransportWSHandler[Any, None]):
    """One connection. It is its own view: all the handler asks of one is who may come in."""

    def __init__(self, wire: Wire, subscriptions: Subscriptions, settings: Settings, ending: asyncio.Event) -> None:
        super().__init__(
            view=cast(Any, self),
            websocket=wire,
            context={},
            root_value=None,
            schema=cast(Any, None),  # operations are run by ourselves
            connection_init_wait_timeout=timedelta(seconds=settings.subscription_init_seconds),
        )
        self._wire = wire
        self._subscriptions = subscriptions
        self._settings = settings
        self._ending = ending
        self._shown = Credentials(None, wire.origin)
        self._actor: Actor | None = None
        self._busy_at = monotonic()
        self._leaving: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """To its end, whoever ends it."""
        handling, minding = asyncio.create_task(self.handle()), asyncio.create_task(self._mind())
        try:
            await asyncio.wait({handling, minding}, return_when=asyncio.FIRST_COMPLETED)
            if not handling.done() and not self._wire.given_up.is_set():
                await asyncio.wait({handling}, timeout=FAREWELL_SECONDS)
        finally:
            for task in (minding, handling):
                task.cancel()
            for ended in await asyncio.gather(minding, handling, return_exceptions=True):
                if isinstance(ended, Exception):
                    log.error("a conversation failed", exc_info=ended)
                    await self._wire.close(1011, "Internal error")

    # What the handler asks

    async def on_ws_connect(self, context: dict[str, Any]) -> object:
        """Raises ConnectionRejectionError."""
        params = context.get("connection_params") or {}
        given = next((value for name, value in params.items() if name.lower() == "authorization"), None)
        self._shown = Credentials(given if isinstance(given, str) else None, self._wire.origin)
        try:
            self._actor = await self._subscriptions.admission.admit(self._shown)
        except (Unauthorized, Refusal) as refusal:
            meters.REFUSALS.labels(getattr(refusal, "code", "UNAUTHENTICATED")).inc()
            raise ConnectionRejectionError from None
        return UNSET

    async def handle_message(self, message: Message) -> None:
        """What has not the shape of a message ends the connection, as the protocol wants it."""
        fault = _fault(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
            return
        if message["type"] == "connection_init" and message.get("payload") is None:
            message = {"type": "connection_init"}
        self._busy_at = monotonic()
        if message["type"] == "subscribe" and self._is_full(message["id"]):
            refusal = TooManySubscriptions(self._settings.subscriptions_per_connection, "This connection")
            await self.send_message(_refused(message["id"], refusal))
            return
        await super().handle_message(message)

    async def cleanup_operation(self, operation_id: str) -> None:
        operation = self.operations.get(operation_id)
        await super().cleanup_operation(operation_id)
        if operation is not None and operation.task is not None:
            self._leaving.add(operation.task)
            operation.task.add_done_callback(self._leaving.discard)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        try:
            if self._leaving:  # who ends one to begin another finds its place free
                await asyncio.wait(self._leaving)
            code = await self._tell(operation)
            if code == CallerGone.code:
                await self.websocket.close(FORBIDDEN, "Forbidden")
        except WebSocketDisconnected:
            pass
        except Exception as error:
            await self.handle_task_exception(error)
            await self.websocket.close(1011, "Internal error")
        finally:
            self._busy_at = monotonic()

    # Our own

    def _is_full(self, id: str) -> bool:
        is_new = self.connection_acknowledged and id not in self.operations
        return is_new and len(self.operations) >= self._settings.subscriptions_per_connection

    async def _tell(self, operation: Operation[Any, None]) -> str | None:
        """Why it ended, if it was ended by an error."""
        assert self._actor is not None
        body = {
            "query": operation.query,
            "variables": operation.variables,
            "operationName": operation.operation_name,
        }
        telling = self._subscriptions.tell(body, self._shown, self._actor, transport="websocket")
        async with aclosing(telling) as told:
            async for each in told:
                if each.final:
                    errors = each.payload["errors"]
                    await operation.send_operation_message(ErrorMessage(id=operation.id, type="error", payload=errors))
                    return each.code
                payload = cast(NextMessagePayload, each.payload)
                await operation.send_operation_message(NextMessage(id=operation.id, type="next", payload=payload))
        await operation.send_operation_message(CompleteMessage(id=operation.id, type="complete"))
        return None

    async def _mind(self) -> None:
        """Until the connection must end from our side."""
        ending, given_up = asyncio.create_task(self._ending.wait()), asyncio.create_task(self._wire.given_up.wait())
        try:
            while not await self._must_end(ending, given_up):
                pass
        finally:
            ending.cancel()
            given_up.cancel()

    async def _must_end(self, ending: asyncio.Task[Any], given_up: asyncio.Task[Any]) -> bool:
        done, _ = await asyncio.wait(
            {ending, given_up},
            timeout=self._settings.subscription_check_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if given_up in done:
            return True
        if ending in done:
            # Nothing is complete: who knows the protocol comes again, and finds another process.
            await self._wire.close(GOING_AWAY, "Going away")
            return True
        return self.connection_acknowledged and await self._is_over()

    async def _is_over(self) -> bool:
        if not self.operations and monotonic() - self._busy_at > self._settings.subscription_idle_seconds:
            await self._wire.close(NORMAL, "Idle")
            return True
        try:
            self._actor = await self._subscriptions.admission.again(self._shown)
        except CallerGone as refusal:
            for operation in list(self.operations.values()):
                await operation.send_operation_message(_refused(operation.id, refusal))
            await self._wire.close(FORBIDDEN, "Forbidden")
            return True
        except (Refusal, *UNREACHABLE):
            pass  # the moment's, not the caller's
        return False


def _refused(id: str, refusal: Refusal) -> ErrorMessage:
    error = present(GraphQLError(refusal.message, original_error=refusal), request_id=str(new_id()))
    return ErrorMessage(id=id, type="error", payload=[cast(Any, error)])


def _fault(message: object) -> str | None:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is a JSON object with a type"
    if message["type"] in {"subscribe", "complete"}:
        id = message.get("id")
        if not isinstance(id, str) or not 1 <= len(id) <= MOST_ID_CHARACTERS:
            return f"`id` has 1 to {MOST_ID_CHARACTERS} characters"
    return _subscribe_fault(message.get("payload")) if message["type"] == "subscribe" else None


def _subscribe_fault(payload: Any) -> str | None:
    """The protocol has no other way to name a document than to send it."""
    fault = fault_of(payload)
    return fault or (None if payload.get("query") is not None else "`query` is a GraphQL document.")

"""Subscriptions, whatever they are told over: how many there may be, what is told of them, and how they end."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from graphql import GraphQLError
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.context import Reader
from api.errors import present
from api.http.admission import Admission, Credentials
from api.http.persisted import NotAsked, Persisted
from api.live import LiveContext, Pace
from api.metering import Meter, Till
from api.nodes import fetch_node
from api.schema import schema
from domain.connections.house import House
from tenants.access.actor import Actor
from tenants.errors import Refusal
from tenants.ids import new_id
from tenants.settings import Settings
from tenants.telemetry import meters

log = logging.getLogger(__name__)

MOST_LOGGED = 100
ONLY = {OperationType.SUBSCRIPTION}


class TooManySubscriptions(Refusal):
    code = "TOO_MANY_SUBSCRIPTIONS"

    def __init__(self, most: int, whose: str) -> None:
        super().__init__(f"{whose} has {most} subscriptions, which are as many as there may be. End some of them.")


class SubscriptionsOnly(Refusal):
    code = "SUBSCRIPTIONS_ONLY"

    def __init__(self) -> None:
        super().__init__("Only subscriptions are told here. Ask queries and mutations with POST, as application/json.")


class Told(NamedTuple):
    """What is sent to a subscriber. A final one has errors alone, and nothing comes after it."""

    payload: dict[str, Any]
    final: bool = False

    @property
    def code(self) -> str:
        """Of a final one."""
        return str(self.payload["errors"][0]["extensions"]["code"])


@dataclass
class Census:
    """How many there are in this process."""

    most: int
    most_of_app: int
    _of_apps: Counter[tuple[UUID, UUID]] = field(default_factory=Counter)

    @contextmanager
    def place(self, app: tuple[UUID, UUID]) -> Iterator[None]:
        """Raises TooManySubscriptions."""
        if self._of_apps.total() >= self.most:
            raise TooManySubscriptions(self.most, "This server")
        if self._of_apps[app] >= self.most_of_app:
            raise TooManySubscriptions(self.most_of_app, "Your app")
        self._of_apps[app] += 1
        try:
            yield
        finally:
            self._of_apps[app] -= 1
            if not self._of_apps[app]:
                del self._of_apps[app]


class Subscriptions:
    def __init__(
        self, house: House, admission: Admission, settings: Settings, persisted: Persisted, till: Till | None
    ) -> None:
        self.admission = admission
        self._persisted = persisted
        self._till = till
        self.census = Census(settings.subscriptions, settings.subscriptions_per_app)
        self._house = house
        self._pace = Pace(
            asyncio.Semaphore(max(1, settings.pool_size // 2)),
            interval_seconds=settings.subscription_interval_milliseconds / 1000,
            check_seconds=settings.subscription_check_seconds,
        )

    async def tell(
        self, body: dict[str, Any], shown: Credentials, actor: Actor, *, transport: str
    ) -> AsyncGenerator[Told, None]:
        """What one subscription is told, until it ends; whoever iterates closes it. `actor` is who was let in."""
        request_id = str(new_id())
        told = 0
        ended = "none"
        try:
            with self.census.place(actor.app_key), meters.SUBSCRIPTIONS.labels(transport).track_inprogress():
                body["query"] = await self._persisted.text_of(actor, body)
                context = self._context(shown, actor, request_id)
                async with aclosing(_answers(body, context)) as answers:
                    async for each in answers:
                        yield each
                        told += 1
                        ended = each.code if each.final else "none"
        except (TooManySubscriptions, NotAsked, GraphQLError) as error:  # the last of a document that is none
            refused = _refused(error, request_id)
            ended = refused.code
            yield refused
        finally:
            meters.SUBSCRIPTIONS_ENDED.labels(ended).inc()
            facts = {
                "request_id": request_id,
                "operation": (body.get("operationName") or "")[:MOST_LOGGED],
                "client_id": actor.client_id,
                "transport": transport,
                "told": told,
                "ended": ended,
            }
            log.info("subscription ended", extra=facts)

    def _context(self, shown: Credentials, actor: Actor, request_id: str) -> LiveContext:
        now = self._house.clock.now()
        return LiveContext(
            house=self._house,
            actor=actor,
            request_id=request_id,
            now=now,
            reader=Reader(self._house, actor, now),
            fetch_node=fetch_node,
            meter=Meter(actor, self._till),
            till=self._till,
            again=lambda: self.admission.again(shown),
            pace=self._pace,
        )


async def _answers(body: dict[str, Any], context: LiveContext) -> AsyncGenerator[Told, None]:
    """Each that differs from the one before: a look that shows nothing new is nobody's business."""
    results = await schema.stream(
        body["query"],
        variable_values=body.get("variables"),
        operation_name=body.get("operationName"),
        context_value=context,
        allowed_operation_types=ONLY,
    )
    last = None
    async with aclosing(results):
        async for result in results:
            assert isinstance(result, ExecutionResult)
            if result.data is None and not result.errors:
                continue
            seen = _seen(result)
            meters.EVENTS.labels("unchanged" if seen == last else "told").inc()
            if seen != last:
                last = seen
                told = _told(result, seen, context.request_id)
                yield told
                if told.final:
                    return


def _seen(result: ExecutionResult) -> tuple[bytes, tuple[str, ...]]:
    return orjson.dumps(result.data, default=str), tuple(str(error) for error in result.errors or ())


def _told(result: ExecutionResult, seen: tuple[bytes, tuple[str, ...]], request_id: str) -> Told:
    """What was refused before anything was looked at, or by the look itself, has no place in an answer."""
    errors = [_foreseen(error) for error in result.errors or ()]
    final = result.data is None and (type(result) is not ExecutionResult or all(not each.path for each in errors))
    payload: dict[str, Any] = {} if final else {"data": orjson.Fragment(seen[0])}
    if errors:
        payload["errors"] = [present(error, request_id=request_id) for error in errors]
    payload["extensions"] = {"requestId": request_id}
    return Told(payload, final)


def _foreseen(error: GraphQLError) -> GraphQLError:
    if isinstance(error.original_error, InvalidOperationTypeError):
        refusal = SubscriptionsOnly()
        return GraphQLError(refusal.message, original_error=refusal)
    return error


def _refused(refusal: Refusal | GraphQLError, request_id: str) -> Told:
    if isinstance(refusal, Refusal):
        refusal = GraphQLError(refusal.message, original_error=refusal)
    return Told(
        {"errors": [present(refusal, request_id=request_id)], "extensions": {"requestId": request_id}}, final=True
    )

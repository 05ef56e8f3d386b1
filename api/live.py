"""Subscriptions: something that is looked at anew whenever it may have changed, by the ordinary way of reading."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from api.context import Context, Info, Reader
from api.metering import Meter, Till
from api.sets import INFO
from tenants.access.actor import Actor, ApiScope
from tenants.budgets.errors import Throttled
from tenants.errors import NotFound, Overloaded
from tenants.notices import Topic
from tenants.snapshots import DEAD
from tenants.telemetry import meters

RETRY_SECONDS = 1.0
UNREACHABLE = (Overloaded, *DEAD)


class Missed(Exception):
    """The database could not be asked just now. Nothing is wrong with the subscription."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is told of, by which scope, and when it may have changed. `field` names what is refused where its owner is.

    The owner is a tenant, or the organization of who asks.
    """

    owner_id: UUID
    scope: ApiScope
    topics: frozenset[Topic]
    read: Callable[[Context], Awaitable[Any]]
    field: tuple[str, ...]
    id: UUID | None = None
    """None for all of the owner's."""
    of_organization: bool = False


@dataclass(frozen=True)
class Pace:
    """Of all subscriptions of a process. So many look at once: requests, which somebody waits for, go before."""

    looks_at_once: asyncio.Semaphore
    interval_seconds: float
    """Between two looks: what happens meanwhile is seen by the second."""
    check_seconds: float
    """After which it is asked again whether its caller may be told."""


@dataclass(kw_only=True)
class LiveContext(Context):
    """Of a subscription: each look at it has a snapshot of its own, and begins with whether its caller may look."""

    again: Callable[[], Awaitable[Actor]]
    """Who is asking, found out anew. Raises Refusal for whoever may not act any more."""
    pace: Pace
    till: Till | None = None
    missed: bool = False

    @asynccontextmanager
    async def looking(self, subject: Subject) -> AsyncIterator[Any]:
        """Gives what is told. Raises Refusal, which ends the subscription, or Missed: also where its app has spent what
        it may ask for, since nothing that is missed is lost."""
        async with self._admitted(subject):
            await self.meter.admit()
            began = perf_counter()
            yield await subject.read(self)
            meters.LOOK_SECONDS.observe(perf_counter() - began)

    async def settle(self, operation: str, errors: Sequence[GraphQLError]) -> None:
        """What one look cost."""
        await self.meter.settle(operation, self.entered, errors)

    async def check(self, subject: Subject) -> None:
        """Raises as `looking` does."""
        async with self._admitted(subject):
            pass

    @asynccontextmanager
    async def _admitted(self, subject: Subject) -> AsyncIterator[None]:
        async with self.pace.looks_at_once:
            try:
                self.actor = await self.again()
                self.now = self.house.clock.now()
                self.reader = Reader(self.house, self.actor, self.now)
                self.meter = Meter(self.actor, self.till)
                await self._enter(subject)
                yield
            except (*UNREACHABLE, Throttled):
                self.missed = True
                raise Missed from None
            finally:
                await self.close()

    async def _enter(self, subject: Subject) -> None:
        if not subject.of_organization:
            await self.reader.enter_tenant(subject.owner_id, scope=subject.scope, field=subject.field)
            return
        self.actor.require(subject.scope)
        if subject.owner_id != self.actor.organization_id:
            raise NotFound(field=subject.field)


def raise_if_unreachable(errors: Iterable[GraphQLError]) -> None:
    """What is the database's moment and not the subscriber's is no news for them: it is looked at again."""
    for error in errors:
        if isinstance(error.original_error, UNREACHABLE):
            raise error.original_error


async def heard(context: LiveContext, subject: Subject) -> AsyncGenerator[Subject, None]:
    """Steps whenever the subject shall be looked at: at once, and after whatever may have changed it."""
    watching = context.house.database.notices.watch(subject.topics, subject.owner_id, subject_id=subject.id)
    async with watching as watch:
        while True:
            began = monotonic()
            yield subject
            if context.missed:
                context.missed = False
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await asyncio.sleep(max(0.0, began + context.pace.interval_seconds - monotonic()))
            while not await watch.woken(context.pace.check_seconds):
                with suppress(Missed):
                    await context.check(subject)
            context.missed = False


def live(kind: type, *, description: str) -> Callable[[Callable[..., Subject]], Any]:
    """Declares `def field(**arguments) -> Subject`, whose reading gives a `kind`."""

    def declare(about: Callable[..., Subject]) -> Any:
        def told(self: Any, info: Info, **arguments: Any) -> AsyncGenerator[Subject, None]:
            assert isinstance(info.context, LiveContext)
            return heard(info.context, about(**arguments))

        arguments = list(inspect.signature(about).parameters.values())
        owner = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        answer: Any = AsyncGenerator[kind, None]  # type: ignore[valid-type]
        told.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [owner, INFO, *arguments], return_annotation=answer
        )
        told.__annotations__ = {"info": Info, **{each.name: each.annotation for each in arguments}, "return": answer}
        told.__name__, told.__qualname__, told.__module__ = about.__name__, about.__qualname__, about.__module__
        return strawberry.subscription(resolver=told, description=description)

    return declare

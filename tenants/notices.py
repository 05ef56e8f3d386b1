"""Who waits is told that something has changed, whichever process changed it: PostgreSQL's NOTIFY and LISTEN.

A notice names what has changed and never says how it stands: whoever hears it reads, by what they may read.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.errors import Overloaded
from tenants.sql import statement
from tenants.telemetry import meters

log = logging.getLogger(__name__)

CHANNEL = "azimuth"
ANNOUNCE = statement("SELECT pg_notify(:channel!text, :payload!text)")

PATIENCE_SECONDS = 5.0
CONNECT_SECONDS = 10.0
# A connection that died without a word is found by this, and nobody else asks anything of it.
PROOF_SECONDS = 15.0
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Topic(StrEnum):
    CONNECTION = "connection"
    """How a connection stands."""
    SYNC = "sync"
    """How far a connection has been read."""
    FIGURES = "figures"
    """What a tenant's KPIs stand at, or which it has."""
    JOB = "job"
    """How far a bulk job of an organization is."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Of something of a tenant's, or of an organization's."""

    topic: Topic
    owner_id: UUID
    subject_id: UUID

    def payload(self) -> str:
        return f"{self.topic} {self.owner_id} {self.subject_id}"

    @classmethod
    def parse(cls, payload: str) -> "Notice":
        """Raises ValueError for what a newer release may say."""
        topic, owner_id, subject_id = payload.split(" ")
        return cls(Topic(topic), UUID(owner_id), UUID(subject_id))


async def announce(session: AsyncSession, topic: Topic, owner_id: UUID, subject_id: UUID | None = None) -> None:
    """In the transaction of the change: it is heard once that is committed, and never if it is not.

    Without a subject it is about the owner itself. The same said twice in one transaction is heard once.
    """
    notice = Notice(topic, owner_id, subject_id or owner_id)
    await session.execute(ANNOUNCE, {"channel": CHANNEL, "payload": notice.payload()})


@dataclass(eq=False, slots=True)
class Watch:
    """What one subscriber waits for. However much happens meanwhile, it is woken once."""

    topics: Collection[Topic]
    subject_id: UUID | None = None
    """None for all of the owner's."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self._woken.set()

    def hear(self, notice: Notice) -> None:
        if notice.topic in self.topics and self.subject_id in (None, notice.subject_id):
            self.wake()

    async def woken(self, seconds: float) -> bool:
        """Whether something has happened by then since the last time this said so."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        happened = self._woken.is_set()
        self._woken.clear()
        return happened


class Notices:
    """A process's ear: one connection, which it opens when somebody first wants to hear."""

    def __init__(self, url: str) -> None:
        self._address = url
        self._watches: dict[UUID, set[Watch]] = {}
        self._listening = asyncio.Event()
        self._ear: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(
        self, topics: Collection[Topic], owner_id: UUID, *, subject_id: UUID | None = None
    ) -> AsyncIterator[Watch]:
        """Whatever is committed from now on is heard. Raises Overloaded while nothing can be."""
        watch = Watch(topics, subject_id)
        watches = self._watches.setdefault(owner_id, set())
        watches.add(watch)
        try:
            await self._hear()
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(owner_id) is watches:
                del self._watches[owner_id]

    async def close(self) -> None:
        if self._ear is not None:
            self._ear.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ear
            self._ear = None

    async def _hear(self) -> None:
        if self._ear is None:
            self._ear = asyncio.create_task(self._keep_listening())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._listening.wait()
        except TimeoutError:
            raise Overloaded from None

    async def _keep_listening(self) -> None:
        """A connection that breaks is replaced, sooner at first than later: many processes lose theirs together."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                async for _ in self._listened():
                    wait = FIRST_WAIT_SECONDS
            except LOST as error:
                log.warning("notices are not heard: %s", type(error).__name__)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _listened(self) -> AsyncIterator[None]:
        """Steps whenever the connection has proven that it lives."""
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self._address, server_settings={"application_name": "azimuth-notices"}, timeout=CONNECT_SECONDS
        )
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._heard)
            self._begin()
            while not lost.is_set():
                yield
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), PROOF_SECONDS)
                if not lost.is_set():
                    await connection.fetchval("SELECT 1", timeout=CONNECT_SECONDS)
            log.warning("notices are not heard: the connection was closed")
        finally:
            self._listening.clear()
            meters.NOTICES_HEARD.set(0)
            connection.terminate()

    def _begin(self) -> None:
        """What was said while nobody listened is not said again, so everybody looks anew."""
        self._listening.set()
        meters.NOTICES_HEARD.set(1)
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        meters.NOTICES.inc()
        try:
            notice = Notice.parse(str(payload))
        except ValueError:
            return
        for watch in self._watches.get(notice.owner_id, ()):
            watch.hear(notice)

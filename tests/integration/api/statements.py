"""Every statement an API process sends, in its order and on its connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

from tenants import snapshots


@dataclass(frozen=True)
class Sent:
    connection: int
    """The server's process id."""
    sql: str
    arguments: tuple[Any, ...] = field(default=(), compare=False)


@dataclass
class Statements:
    """What the library above the driver sends, and what goes by the driver alone. Pings of the pool are left out."""

    sent: list[Sent] = field(default_factory=list)
    _known: set[int] = field(default_factory=set)

    @contextmanager
    def listening(self) -> Iterator["Statements"]:
        """To every connection that is opened inside."""
        event.listen(Pool, "connect", self._connected)
        prepare = snapshots._prepare

        async def heard(connection: asyncpg.Connection) -> None:
            await prepare(connection)
            self._hear(connection)

        snapshots._prepare = heard
        event.listen(Engine, "before_cursor_execute", self._executed)
        try:
            yield self
        finally:
            snapshots._prepare = prepare
            event.remove(Pool, "connect", self._connected)
            event.remove(Engine, "before_cursor_execute", self._executed)

    def since(self, begin: int) -> list[Sent]:
        """But for the ends of snapshots, which come when they come: with the next beginning, or by themselves."""
        heard = [
            replace(each, sql=each.sql.removeprefix("ROLLBACK;"))
            for each in self.sent[begin:]
            if each.sql != "ROLLBACK"
        ]
        for ping in [each for each in heard if each.sql == ";"]:
            for part in ("BEGIN;", ";", "ROLLBACK;"):
                heard.remove(Sent(ping.connection, part))
        return heard

    def _connected(self, connection: Any, record: object) -> None:
        self._hear(connection.driver_connection)

    def _hear(self, driver: asyncpg.Connection) -> None:
        pid = driver.get_server_pid()
        self._known.add(pid)
        driver.add_query_logger(lambda query: self.sent.append(Sent(pid, query.query, tuple(query.args or ()))))

    def _executed(self, connection: Any, cursor: object, statement: str, *_: object) -> None:
        pid = connection.connection.driver_connection.get_server_pid()
        if pid in self._known:
            self.sent.append(Sent(pid, statement))

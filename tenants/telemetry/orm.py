"""The statements that go by the ORM, told to the tally of the work they belong to."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tenants.telemetry.tally import sent

MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Text:
    """A statement that has no name goes by how it begins. Its values are parameters, and stand nowhere in it."""

    sql: str

    @property
    def name(self) -> str:
        return " ".join(self.sql.split())[:MOST_CHARACTERS]


def listen(engine: AsyncEngine) -> None:
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)


def _begin(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    context.azimuth_began = perf_counter()


def _end(connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
    sent(Text(sql), context.azimuth_began)

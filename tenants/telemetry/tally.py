"""What one piece of work asks of the database, added up as it goes: a request or a job, with all its tasks.

It is found by the context, so that nobody who reads or writes has to hand it on; outside of any work nothing is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol


class Named(Protocol):
    @property
    def name(self) -> str: ...


@dataclass(slots=True)
class Tally:
    """Statements are all that is sent, the ends of transactions too. `waited` is for a connection of the pool."""

    kind: str = "none"
    """`query` or `mutation`, as soon as that is known; of a job what it is."""
    operation: str = ""
    statements: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    slowest: Named | str = ""
    slowest_seconds: float = 0.0

    @property
    def slowest_name(self) -> str:
        return self.slowest if isinstance(self.slowest, str) else self.slowest.name


_CURRENT: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied() -> Iterator[Tally]:
    tally = Tally()
    token = _CURRENT.set(tally)
    try:
        yield tally
    finally:
        _CURRENT.reset(token)


def about(kind: str, operation: str) -> None:
    """Says what the work turned out to be."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.kind, tally.operation = kind, operation


def sent(what: Named | str, began: float) -> None:
    """A statement that was begun then, by `perf_counter`, and has ended now."""
    tally = _CURRENT.get()
    if tally is not None:
        seconds = perf_counter() - began
        tally.statements += 1
        tally.seconds += seconds
        if seconds > tally.slowest_seconds:
            tally.slowest, tally.slowest_seconds = what, seconds


def waited(began: float) -> None:
    """For a connection, since then."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.waited += perf_counter() - began

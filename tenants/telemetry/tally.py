"""What one piece of work asks of the database, added up as it goes: a request or a job, with all its tasks.

It is found by the context, so that nobody who reads or writes has to hand it on; outside of any work nothing is kept.
Where traces are collected each part is told as it ends.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from tenants.telemetry.spans import Attributes, Named, Span, tracer


@dataclass(slots=True)
class Tally:
    """Statements are all that is sent and waited for: the end of a snapshot goes along with the next beginning.

    `waited` is for a connection of the pool.
    """

    kind: str = "none"
    """`query` or `mutation`, as soon as that is known; of a job what it is."""
    operation: str = ""
    outcome: str = "failed"
    """What nobody says ended otherwise."""
    faulty: bool = False
    """Whether it met what we had not foreseen, whatever was answered."""
    statements: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    slowest: Named | str = ""
    slowest_seconds: float = 0.0
    span: Span | None = None

    @property
    def slowest_name(self) -> str:
        return self.slowest if isinstance(self.slowest, str) else self.slowest.name

    def describe(self, name: str, attributes: Attributes) -> None:
        """For traces: the first that is said is replaced by what is known better."""
        if self.span is not None:
            self.span.describe(name, attributes)


_CURRENT: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied(headers: Mapping[str, str] | None = None) -> Iterator[Tally]:
    """`headers` are those of the request that is answered, and may name the trace it belongs to; a job has none."""
    collector = tracer()
    tally = Tally(span=None if collector is None else collector.begin(headers))
    token = _CURRENT.set(tally)
    try:
        yield tally
    finally:
        _CURRENT.reset(token)
        if tally.span is not None:
            _end(tally, tally.span)


def named(operation: str) -> None:
    """Says by what name something was asked."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.operation = operation


def about(kind: str) -> None:
    """Says what the work that is carried out turned out to be."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.kind = kind


def faulty() -> None:
    """Says that the work met what we had not foreseen."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.faulty = True


def sent(what: Named | str, began: float) -> None:
    """A statement that was begun then, by `perf_counter`, and has ended now."""
    tally = _CURRENT.get()
    if tally is not None:
        ended = perf_counter()
        seconds = ended - began
        tally.statements += 1
        tally.seconds += seconds
        if seconds > tally.slowest_seconds:
            tally.slowest, tally.slowest_seconds = what, seconds
        if tally.span is not None:
            tally.span.statement(what, began, ended)


def waited(began: float) -> None:
    """For a connection, since then."""
    tally = _CURRENT.get()
    if tally is not None:
        tally.waited += perf_counter() - began


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom a provider's connector tells of its calls."""

    provider: str

    def ended(self, operation: str, began: float, status: int | None) -> None:
        tally = _CURRENT.get()
        if tally is not None and tally.span is not None:
            tally.span.call(self.provider, operation, began, perf_counter(), status)


def _end(tally: Tally, span: Span) -> None:
    attributes: Attributes = {
        "azimuth.outcome": tally.outcome,
        "azimuth.statements": tally.statements,
        "azimuth.waited_seconds": tally.waited,
    }
    span.end(attributes, failed=tally.faulty or tally.outcome == "failed")

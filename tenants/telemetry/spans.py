"""What a piece of work tells whoever collects traces. Where nobody does there is no tracer, and no work has a span."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

Attributes = Mapping[str, str | int | float]


class Named(Protocol):
    @property
    def name(self) -> str: ...

    def __hash__(self) -> int: ...


class Span(Protocol):
    """Of one piece of work. Instants are of `perf_counter`; names and attributes are of sets bounded by us."""

    def statement(self, what: Named | str, began: float, ended: float) -> None: ...

    def call(self, provider: str, operation: str, began: float, ended: float, status: int | None) -> None:
        """Of a provider. `status` is None where there was no answer."""
        ...

    def describe(self, name: str, attributes: Attributes) -> None: ...

    def end(self, attributes: Attributes, *, failed: bool) -> None: ...


class Tracer(Protocol):
    def begin(self, headers: Mapping[str, str] | None) -> Span:
        """Goes on with the trace that `headers` name, those of the request that is answered. A job has none."""
        ...


_tracer: Tracer | None = None


def tracer() -> Tracer | None:
    return _tracer


@contextmanager
def traced_by(one: Tracer) -> Iterator[None]:
    """All work of this process that begins meanwhile."""
    global _tracer
    before, _tracer = _tracer, one
    try:
        yield
    finally:
        _tracer = before

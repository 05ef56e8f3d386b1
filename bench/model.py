"""What a benchmark is made of. A line of the table is a ratio of two variants that were measured in turn."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.stage import Stage


class Failed(Exception):
    """The benchmark measured nothing that could be compared; the message says why."""


class Unavailable(Exception):
    """A reference cannot be had on this machine; the message says why."""


class Measure(StrEnum):
    RATE = "rate"
    TIME = "time"
    CPU = "CPU"
    MEMORY = "memory"

    @property
    def more_is_better(self) -> bool:
        return self is Measure.RATE


@dataclass(frozen=True, slots=True)
class Reading:
    """One slice of one variant. `cpu_seconds` is of everything the variant is charged with, over the whole slice."""

    count: int
    seconds: float
    cpu_seconds: float
    notes: Mapping[str, float] = field(default_factory=dict)
    resident: int = 0
    """Bytes of memory at the end, where that is what is measured."""

    def value(self, measure: Measure) -> float:
        """Pieces of work a second, seconds a piece, or bytes."""
        if measure is Measure.MEMORY:
            return self.resident
        if measure is Measure.RATE:
            return self.count / self.seconds
        return (self.seconds if measure is Measure.TIME else self.cpu_seconds) / self.count


Run = Callable[[float], Awaitable[Reading]]
"""Works for about so many seconds, at least one piece."""


@dataclass(frozen=True)
class Heat:
    """Variants that take turns under one condition. With anything `missing`, by name and with the reason, none does."""

    name: str
    runs: Mapping[str, Run]
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """Ratios: at or beyond `goal` is good, short of `floor` fails."""

    goal: float
    floor: float


@dataclass(frozen=True)
class Line:
    """`variant` divided by `of`, in one heat. Without a bound it is for information.

    Where `than` names another benchmark, that ratio is divided by the same line's there: what is shown and judged is
    how much better or worse it is here.
    """

    heat: str
    measure: Measure
    variant: str
    of: str
    bound: Bound | None = None
    than: str | None = None

    def __post_init__(self) -> None:
        if self.bound is None or self.bound.goal == self.bound.floor:
            return
        if (self.bound.goal > self.bound.floor) is not self.measure.more_is_better:
            raise ValueError(f"goal and floor of {self.heat} {self.measure} {self.variant} are the wrong way round")


Prepare = Callable[["Stage"], AbstractAsyncContextManager[Sequence[Heat]]]
"""Starts everything, compares the answers of all variants, and only then lets anything be timed. Raises Failed."""


@dataclass(frozen=True)
class Benchmark:
    """Where `enforced` is false a missed floor is shown and does not fail the run; `note` says why."""

    name: str
    title: str
    prepare: Prepare
    lines: tuple[Line, ...]
    enforced: bool = True
    note: str = ""

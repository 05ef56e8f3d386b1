"""What is found out once for each operation, and forgotten with it."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from api.execution.completion import Run

T = TypeVar("T")


class Remembered(Generic[T]):
    def __init__(self, make: Callable[[Run], T]) -> None:
        self._make = make
        self._known: dict[int, T] = {}

    def of(self, run: Run) -> T:
        # By identity, which nobody else is given before the operation is gone and what is known of it with it.
        known = self._known.get(id(run.operation))
        if known is None:
            known = self._known[id(run.operation)] = self._make(run)
            weakref.finalize(run.operation, self._known.pop, id(run.operation), None).atexit = False
        return known

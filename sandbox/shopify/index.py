"""Records kept in several orders at once, so that a page is a bisection and a walk."""

import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

SortValue = Any
Entry = tuple[SortValue, int]


class Identified(Protocol):
    id: int


R = TypeVar("R", bound=Identified)


class Index(Generic[R]):
    """`keys` are kept sorted at all times; any other order is sorted when asked for."""

    def __init__(self, keys: dict[str, Callable[[R], SortValue]], lazy: dict[str, Callable[[R], SortValue]]) -> None:
        self.records: dict[int, R] = {}
        self._keys = keys
        self._lazy = lazy
        self._sorted: dict[str, list[Entry]] = {name: [] for name in keys}
        self._current: dict[int, dict[str, SortValue]] = {}
        self._changed: dict[int, float] = {}

    def load(self, records: Iterable[R]) -> None:
        for record in records:
            self.records[record.id] = record
            self._current[record.id] = {name: key(record) for name, key in self._keys.items()}
        for name, entries in self._sorted.items():
            entries[:] = sorted((values[name], identity) for identity, values in self._current.items())

    def put(self, record: R) -> None:
        """Adds a record, or finds its new place after a change."""
        self.remove(record.id)
        self.records[record.id] = record
        self._changed[record.id] = time.monotonic()
        values = {name: key(record) for name, key in self._keys.items()}
        self._current[record.id] = values
        for name, value in values.items():
            insort(self._sorted[name], (value, record.id))

    def remove(self, identity: int) -> R | None:
        for name, value in self._current.pop(identity, {}).items():
            entries = self._sorted[name]
            del entries[bisect_left(entries, (value, identity))]
        return self.records.pop(identity, None)

    def unsettled(self, lag: float) -> set[int]:
        """Records changed within the last `lag` seconds, which a search index that slow would not show yet."""
        edge = time.monotonic() - lag
        self._changed = {identity: moment for identity, moment in self._changed.items() if moment > edge}
        return set(self._changed)

    def ordered(self, name: str) -> list[Entry]:
        if name in self._sorted:
            return self._sorted[name]
        key = self._lazy[name]
        return sorted((key(record), record.id) for record in self.records.values())

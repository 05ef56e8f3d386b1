"""Lists that are kept column by column."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload
from weakref import ref

import orjson

T = TypeVar("T")

MOST_TOLD = 2
Selected = Callable[[dict[str, Sequence[Any]]], list[Any]]
"""From columns to the rows of an answer."""


class Table(Sequence[T], Generic[T]):
    """Whoever wants an object is made one. A compiled selection takes the columns it needs, and makes none."""

    __slots__ = ("_told", "columns", "kind")

    def __init__(self, kind: Callable[..., T], columns: dict[str, Sequence[Any]]) -> None:
        """`columns` has every field of `kind`, by its name."""
        self.kind = kind
        self.columns = columns
        self._told: list[tuple[ref[Selected], orjson.Fragment]] = []

    def told(self, selected: Selected) -> orjson.Fragment:
        """As JSON, remembered for the selections that asked last: there is no end to those a caller may think of."""
        for known, fragment in self._told:
            if known() is selected:
                return fragment
        fragment = orjson.Fragment(orjson.dumps(selected(self.columns)))
        self._told = [(ref(selected), fragment), *self._told[: MOST_TOLD - 1]]
        return fragment

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> "Table[T]": ...

    def __getitem__(self, at: int | slice) -> "T | Table[T]":
        if isinstance(at, slice):
            return Table(self.kind, {name: column[at] for name, column in self.columns.items()})
        return self.kind(**{name: column[at] for name, column in self.columns.items()})

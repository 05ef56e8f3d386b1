"""Lists that are kept column by column."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload
from weakref import WeakKeyDictionary

import orjson

T = TypeVar("T")


class Table(Sequence[T], Generic[T]):
    """Whoever wants an object is made one. A compiled selection takes the columns it needs, and makes none."""

    __slots__ = ("columns", "kind", "told")

    def __init__(self, kind: Callable[..., T], columns: dict[str, Sequence[Any]]) -> None:
        """`columns` has every field of `kind`, by its name."""
        self.kind = kind
        self.columns = columns
        self.told: WeakKeyDictionary[Callable[..., Any], orjson.Fragment] = WeakKeyDictionary()
        """As JSON, for each selection that asked."""

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

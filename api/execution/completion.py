"""From what is resolved to JSON: value by value, or a whole column at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import orjson
from graphql.execution import Executor

from api.execution import leaves
from api.execution.counter import made
from api.execution.leaves import Exact, One, Unfit
from api.table import Table

LISTS = (list, tuple, Table)

Run = Executor[Any]
Column = Callable[[Sequence[Any], Run], Awaitable[Sequence[Any]]]


class Completion(NamedTuple):
    """From resolved values to JSON: value by value, or where something must be awaited, all of them together."""

    one: One | None
    many: Column
    column: leaves.Column | None = None
    """A quicker way for many values of which none is awaited."""
    table: Callable[[Table[Any]], orjson.Fragment] | None = None
    """For objects that are kept as columns."""
    exact: Exact | None = None
    """What is complete at a glance."""

    @classmethod
    def by_one(
        cls,
        one: One,
        column: leaves.Column,
        table: Callable[[Table[Any]], orjson.Fragment] | None = None,
        exact: Exact | None = None,
    ) -> "Completion":
        async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
            before = made.objects
            completed = column(values)
            run.context_value.meter.held += made.objects - before
            return completed

        return cls(one, many, column, table, exact)


@dataclass(frozen=True, slots=True)
class Selection:
    """`make` builds the answers for objects, from them and their columns; `one` for one, where there are none."""

    kind: type | None
    columns: tuple[Column, ...]
    make: Callable[..., list[dict[str, Any]]]
    one: One | None
    table: Callable[[Table[Any]], orjson.Fragment] | None
    """`make` for all rows of a table, where every field is one of its columns."""

    async def carry_out(self, objects: Sequence[Any], run: Run) -> list[dict[str, Any]]:
        if not objects:
            return []
        self._fit(objects)
        meter = run.context_value.meter
        meter.held += len(objects)
        columns = await all_of(column(objects, run) for column in self.columns)
        before = made.objects
        answers = self.make(objects, *columns)
        meter.held += made.objects - before
        return answers

    def all_at_once(self, objects: Sequence[Any]) -> list[dict[str, Any]]:
        """Where nothing must be awaited."""
        self._fit(objects)
        made.objects += len(objects)
        return self.make(objects)

    def _fit(self, objects: Sequence[Any]) -> None:
        if self.kind is not None and {*map(type, objects)} - {self.kind}:
            raise Unfit


def selected(selection: Selection) -> Completion:
    if selection.one is not None:
        return Completion.by_one(selection.one, selection.all_at_once, selection.table)
    return Completion(None, selection.carry_out)


def nullable(inner: Completion) -> Completion:
    one, whole = inner.one, inner.column
    if one is not None and whole is not None:

        def column(values: Sequence[Any]) -> Sequence[Any]:
            if type(None) in {*map(type, values)}:
                return [None if value is None else one(value) for value in values]
            return whole(values)

        return Completion.by_one(lambda value: None if value is None else one(value), column)

    async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
        there = iter(await inner.many([value for value in values if value is not None], run))
        return [None if value is None else next(there) for value in values]

    return Completion(None, many)


def listed(inner: Completion) -> Completion:
    if inner.one is not None and inner.column is not None:
        one = _list_of(inner.column, inner.table)
        return Completion.by_one(one, lambda values: [one(value) for value in values])

    async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
        lists = [_items(value) for value in values]
        flat: Iterator[Any] = iter(await inner.many([each for items in lists for each in items], run))
        return [list(islice(flat, len(items))) for items in lists]

    return Completion(None, many)


def _list_of(column: leaves.Column, table: Callable[[Table[Any]], orjson.Fragment] | None) -> One:
    def one(value: Any) -> Any:
        items = _items(value)
        if not items:
            return []
        return table(items) if table is not None and items.__class__ is Table else column(items)

    return one


def _items(value: Any) -> Sequence[Any]:
    if value.__class__ in LISTS:
        items: Sequence[Any] = value
        return items
    raise Unfit


async def all_of(work: Iterable[Awaitable[Any]]) -> list[Any]:
    """Together, so that what they ask for is put together; to its end, so that nobody reads on behind our back."""
    waiting = list(work)
    if len(waiting) < 2:
        return [await each for each in waiting]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers

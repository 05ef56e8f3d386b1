"""Plans: a document's selections, compiled once into what fetches whole columns and builds the answer from them.

A selection is carried out for all objects of its place at once. Plain attributes are read by one generated function;
everything else is a column, filled before: by one call where the field is set-based, else by its resolver, object by
object.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import orjson
from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.executor import to_nodes
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from api.execution import leaves
from api.execution.arguments import Arguments, variables_of
from api.execution.fields import is_plain
from api.execution.leaves import One, Unfit, leaf
from api.rows import COLUMN
from api.sets import Whole, ask
from api.table import Table

MOST_SETTINGS = 16
LISTS = (list, tuple, Table)
STRAWBERRY = "strawberry-definition"

Run = Executor[Any]
Column = Callable[[Sequence[Any], Run], Awaitable[Sequence[Any]]]
Details = list[FieldDetails]


class Unplanned(Exception):
    """The document asks for something that only the stock executor does."""


class Completion(NamedTuple):
    """From resolved values to JSON: value by value, or where something must be awaited, all of them together."""

    one: One | None
    many: Column
    column: leaves.Column | None = None
    """A quicker way for many values of which none is awaited."""
    table: Callable[[Table[Any]], orjson.Fragment] | None = None
    """For objects that are kept as columns."""

    @classmethod
    def by_one(
        cls,
        one: One,
        column: leaves.Column | None = None,
        table: Callable[[Table[Any]], orjson.Fragment] | None = None,
    ) -> "Completion":
        async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
            return [one(value) for value in values]

        return cls(one, many, column, table)


@dataclass(frozen=True, slots=True)
class Selection:
    """`make` builds the answer for one object, from it and its place in every column."""

    kind: type | None
    columns: tuple[Column, ...]
    make: Callable[..., dict[str, Any]]
    table: Callable[[Table[Any]], orjson.Fragment] | None
    """`make` for all rows of a table, where every field is one of its columns."""

    async def carry_out(self, objects: Sequence[Any], run: Run) -> list[dict[str, Any]]:
        if not objects:
            return []
        if self.kind is not None and any(each.__class__ is not self.kind for each in objects):
            raise Unfit
        columns = await _all(column(objects, run) for column in self.columns)
        return [self.make(*row) for row in zip(objects, *columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Plan:
    root: Selection

    async def run(self, run: Run) -> dict[str, Any]:
        return (await self.root.carry_out([run.root_value], run))[0]


class Plans:
    """One a document, operation, and setting of the variables in its directives; forgotten with the document."""

    def __init__(self) -> None:
        self._known: dict[int, _Operation] = {}
        self.planned = 0
        self.fallbacks = 0

    def find(self, run: Run) -> Plan | None:
        """None where there can be no plan."""
        # By identity, which nobody else is given before the operation is gone and its plans with it.
        known = self._known.get(id(run.operation))
        if known is None:
            known = self._known[id(run.operation)] = _Operation(_switches(run))
            weakref.finalize(run.operation, self._known.pop, id(run.operation), None).atexit = False
        return known.plan(run)


@dataclass
class _Operation:
    switches: tuple[str, ...]
    plans: dict[tuple[Any, ...], Plan | None] = field(default_factory=dict)

    def plan(self, run: Run) -> Plan | None:
        setting = tuple(run.variable_values.coerced.get(name) for name in self.switches)
        if setting not in self.plans:
            if len(self.plans) >= MOST_SETTINGS:
                self.plans.clear()
            self.plans[setting] = _plan(run)
        return self.plans[setting]


def _plan(run: Run) -> Plan | None:
    root = run.schema.query_type
    assert root is not None
    fields = collect_fields(run.schema, run.fragments, run.variable_values, root, run.operation)
    try:
        return Plan(_Compiler(run).selection(root, fields.grouped_field_set, None))
    except Unplanned:
        return None


def _switches(run: Run) -> tuple[str, ...]:
    """The variables that decide what is selected at all."""
    nodes = (run.operation, *run.fragment_definitions.values())
    return tuple(sorted({name for node in nodes for name in variables_of(node, within_directives=True)}))


@dataclass(frozen=True, slots=True)
class _Compiler:
    run: Run

    def selection(self, parent: GraphQLObjectType, fields: dict[str, Details], kind: type | None) -> Selection:
        source = _Source(kind)
        for key, details in fields.items():
            name = details[0].node.name.value
            if name == "__typename":
                source.add(key, repr(parent.name))
                source.add_constant(key, repr(parent.name))
                continue
            field = parent.fields.get(name)
            if field is None:
                raise Unplanned
            self._field(source, key, parent, field, details)
        return Selection(kind, tuple(source.columns), source.compile(), source.compile_table())

    def _field(
        self, source: "_Source", key: str, parent: GraphQLObjectType, field: GraphQLField, details: Details
    ) -> None:
        declared = field.extensions.get(STRAWBERRY)
        if not isinstance(declared, StrawberryField):
            raise Unplanned
        completion = self._completion(field.type, details)
        plain = _plain(declared, source)
        if plain is not None and completion.one is not None:
            source.add(key, f"{source.name(completion.one)}({plain})")
            source.add_cell(key, declared, completion)
            return
        if plain is not None:
            values = _attributes(eval(f"lambda o: {plain}", source.names))  # noqa: S307
        else:
            values = self._values(key, parent, field, declared, details)
        source.add_column(key, _completed(values, completion.many))

    def _values(
        self, key: str, parent: GraphQLObjectType, field: GraphQLField, declared: StrawberryField, details: Details
    ) -> Column:
        arguments = Arguments(field, declared, details[0])
        whole = _whole(declared)
        if whole is not None:
            return _asked(whole, arguments)
        return _resolved(field, arguments, to_nodes(details), parent, Path(None, key, parent.name))

    def _completion(self, kind: GraphQLOutputType, details: Details) -> Completion:
        bare = get_nullable_type(kind)
        if is_leaf_type(bare):
            found = leaf(bare, nullable=bare is kind)
            return Completion.by_one(found.one, found.column)
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, details)
        return _nullable(self._present(kind, details))

    def _present(self, kind: Any, details: Details) -> Completion:
        """Of values that are there; None does not fit."""
        if isinstance(kind, GraphQLList):
            return _listed(self._completion(kind.of_type, details))
        if is_abstract_type(kind):
            return self._any_of(kind, details)
        return _selected(self._object(kind, details))

    def _object(self, kind: GraphQLObjectType, details: Details) -> Selection:
        fields = self.run.collect_subfields(kind, details).grouped_field_set
        return self.selection(kind, fields, _class(kind))

    def _any_of(self, kind: GraphQLAbstractType, details: Details) -> Completion:
        """Only what fits exactly: which type a stranger is takes the library to decide."""
        selections = {_class(each): self._object(each, details) for each in self.run.schema.get_possible_types(kind)}

        async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
            answers: list[Any] = [None] * len(values)
            groups: dict[type, list[int]] = {}
            for at, value in enumerate(values):
                groups.setdefault(value.__class__, []).append(at)
            if not groups.keys() <= selections.keys():
                raise Unfit
            filled = await _all(
                selections[each].carry_out([values[at] for at in places], run) for each, places in groups.items()
            )
            for places, answered in zip(groups.values(), filled, strict=True):
                for at, answer in zip(places, answered, strict=True):
                    answers[at] = answer
            return answers

        return Completion(None, many)


class _Source:
    """The text of a `make` in the making, and the objects its names stand for."""

    def __init__(self, kind: type | None) -> None:
        self.names: dict[str, Any] = {"Unfit": Unfit}
        self.columns: list[Column] = []
        self._kind = kind
        self._entries: list[str] = []
        self._cells: list[str] = []
        self._taken: list[str] = []

    def name(self, thing: Any) -> str:
        name = f"x{len(self.names)}"
        self.names[name] = thing
        return name

    def add(self, key: str, expression: str) -> None:
        self._entries.append(f"{key!r}: {expression}")

    def add_constant(self, key: str, constant: str) -> None:
        self._cells.append(f"{key!r}: {constant}")

    def add_cell(self, key: str, declared: StrawberryField, completion: Completion) -> None:
        """What a table has in a column; a method is not."""
        if declared.base_resolver is None and completion.one is not None:
            one = completion.one
            column = completion.column or (lambda values: [one(value) for value in values])
            self._cells.append(f"{key!r}: v{len(self._taken)}")
            self._taken.append(f"{self.name(column)}(t[{declared.python_name!r}])")

    def add_column(self, key: str, column: Column) -> None:
        self.add(key, f"c{len(self.columns)}")
        self.columns.append(column)

    def compile(self) -> Callable[..., dict[str, Any]]:
        """Nothing of a caller's gets into the text but the names of the answer, which the grammar of GraphQL bounds."""
        parameters = ", ".join(("o", *(f"c{number}" for number in range(len(self.columns)))))
        lines = [f"def make({parameters}):"]
        if self._kind is not None and not self.columns:
            lines.append(f"    if o.__class__ is not {self.name(self._kind)}: raise Unfit")
        lines.append(f"    return {{{', '.join(self._entries)}}}")
        exec("\n".join(lines), self.names)  # noqa: S102
        make: Callable[..., dict[str, Any]] = self.names["make"]
        return make

    def compile_table(self) -> Callable[[Table[Any]], orjson.Fragment] | None:
        if len(self._cells) < len(self._entries) or not self._taken:
            return None
        cells, taken, kind = ", ".join(self._cells), ", ".join(self._taken), self._kind
        names = ", ".join(f"v{number}" for number in range(len(self._taken)))
        exec(f"def rows(t): return [{{{cells}}} for {names}, in zip({taken})]", self.names)  # noqa: S102
        rows = self.names["rows"]

        def table(values: Table[Any]) -> orjson.Fragment:
            if values.kind is not kind:
                raise Unfit
            return values.told(rows)

        return table


def _plain(declared: StrawberryField, source: _Source) -> str | None:
    """The expression for a field that is there for the taking: an attribute, or a method that needs nothing more."""
    if declared.extensions or declared.permission_classes:
        raise Unplanned
    if not is_plain(declared):
        return None
    if declared.base_resolver is not None:
        return f"{source.name(declared.base_resolver.wrapped_func)}(o)"
    return f"o.row[{declared.python_name!r}]" if COLUMN in declared.metadata else f"o.{declared.python_name}"


def _whole(declared: StrawberryField) -> Whole | None:
    return None if declared.base_resolver is None else getattr(declared.base_resolver.wrapped_func, "whole", None)


def _class(kind: GraphQLObjectType) -> type:
    definition = kind.extensions[STRAWBERRY]
    origin: type = (definition.concrete_of or definition).origin
    return origin


def _attributes(take: One) -> Column:
    async def values(objects: Sequence[Any], run: Run) -> Sequence[Any]:
        return [take(each) for each in objects]

    return values


def _asked(whole: Whole, arguments: Arguments) -> Column:
    async def values(objects: Sequence[Any], run: Run) -> Sequence[Any]:
        answers = await ask(whole, objects, run.context_value, arguments.of(run))
        for each in answers:
            if isinstance(each, Exception):
                raise each
        return answers

    return values


def _resolved(
    field: GraphQLField, arguments: Arguments, nodes: list[FieldNode], parent: GraphQLObjectType, path: Path
) -> Column:
    resolve = field.resolve
    if resolve is None:
        raise Unplanned

    async def values(objects: Sequence[Any], run: Run) -> Sequence[Any]:
        info = run.build_resolve_info(field, nodes, parent, path)
        given = arguments.raw(run)
        answers = [resolve(each, info, **given) for each in objects]
        if any(run.is_awaitable(each) for each in answers):
            return await _all(_awaited(each, run) for each in answers)
        return answers

    return values


async def _awaited(value: Any, run: Run) -> Any:
    return await value if run.is_awaitable(value) else value


def _completed(values: Column, complete: Column) -> Column:
    async def column(objects: Sequence[Any], run: Run) -> Sequence[Any]:
        return await complete(await values(objects, run), run)

    return column


def _selected(selection: Selection) -> Completion:
    if not selection.columns:
        return Completion.by_one(selection.make, table=selection.table)
    return Completion(None, selection.carry_out)


def _nullable(inner: Completion) -> Completion:
    one = inner.one
    if one is not None:
        return Completion.by_one(lambda value: None if value is None else one(value))

    async def many(values: Sequence[Any], run: Run) -> Sequence[Any]:
        there = iter(await inner.many([value for value in values if value is not None], run))
        return [None if value is None else next(there) for value in values]

    return Completion(None, many)


def _listed(inner: Completion) -> Completion:
    one = inner.one
    if one is not None:
        return Completion.by_one(_list_of(inner.column or (lambda values: [one(each) for each in values]), inner.table))

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


async def _all(work: Iterable[Awaitable[Any]]) -> list[Any]:
    """Together, so that what they ask for is put together; to its end, so that nobody reads on behind our back."""
    waiting = list(work)
    if len(waiting) < 2:
        return [await each for each in waiting]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers

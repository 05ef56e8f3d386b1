"""Plans: a document's selections, compiled once into what fetches whole columns and builds the answer from them.

A selection is carried out for all objects of its place at once. Plain attributes are read by one generated function;
everything else is a column, filled before: by one call where the field is set-based, else by its resolver, object by
object.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.execution.executor import to_nodes
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

from api.execution.arguments import Arguments, variables_of
from api.execution.completion import Column, Completion, Run, Selection, all_of, listed, nullable, selected
from api.execution.fields import is_plain
from api.execution.leaves import One, Unfit, leaf
from api.execution.remembered import Remembered
from api.execution.source import Source
from api.rows import COLUMN
from api.sets import Whole, ask, has_refusals

MOST_SETTINGS = 16
STRAWBERRY = "strawberry-definition"

Details = list[FieldDetails]


class Unplanned(Exception):
    """The document asks for something that only the stock executor does."""


@dataclass(frozen=True, slots=True)
class Plan:
    root: Selection

    async def run(self, run: Run) -> dict[str, Any]:
        return (await self.root.carry_out([run.root_value], run))[0]


class Plans:
    """One a document, operation, and setting of the variables in its directives; forgotten with the document."""

    def __init__(self) -> None:
        self._known = Remembered(lambda run: _Operation(_switches(run)))
        self.planned = 0
        self.fallbacks = 0

    def find(self, run: Run) -> Plan | None:
        """None where there can be no plan."""
        return self._known.of(run).plan(run)


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
    root = run.schema.get_root_type(run.operation.operation)
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
        source = Source(kind)
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
        return Selection(kind, tuple(source.columns), source.compile(), source.compile_one(), source.compile_table())

    def _field(
        self, source: Source, key: str, parent: GraphQLObjectType, field: GraphQLField, details: Details
    ) -> None:
        declared = field.extensions.get(STRAWBERRY)
        if not isinstance(declared, StrawberryField):
            raise Unplanned
        completion = self._completion(field.type, details)
        plain = _plain(declared, source)
        if plain is not None and completion.one is not None:
            source.add(key, source.completed(plain, completion.one, completion.exact))
            source.add_cell(key, declared, completion)
            return
        if plain is not None:
            values = _attributes(eval(f"lambda o: {plain}", source.names))  # noqa: S307
        else:
            values = self._values(key, parent, field, declared, details)
        source.add_column(key, _completed(values, completion))

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
            return Completion.by_one(found.one, found.column, exact=found.exact)
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, details)
        return nullable(self._present(kind, details))

    def _present(self, kind: Any, details: Details) -> Completion:
        """Of values that are there; None does not fit."""
        if isinstance(kind, GraphQLList):
            return listed(self._completion(kind.of_type, details))
        if is_abstract_type(kind):
            return self._any_of(kind, details)
        return selected(self._object(kind, details))

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
            filled = await all_of(
                selections[each].carry_out([values[at] for at in places], run) for each, places in groups.items()
            )
            for places, answered in zip(groups.values(), filled, strict=True):
                for at, answer in zip(places, answered, strict=True):
                    answers[at] = answer
            return answers

        return Completion(None, many)


def _plain(declared: StrawberryField, source: Source) -> str | None:
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
        if has_refusals(answers):
            raise next(each for each in answers if isinstance(each, Exception))
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
            return await all_of(_awaited(each, run) for each in answers)
        return answers

    return values


async def _awaited(value: Any, run: Run) -> Any:
    return await value if run.is_awaitable(value) else value


def _completed(values: Column, completion: Completion) -> Column:
    async def column(objects: Sequence[Any], run: Run) -> Sequence[Any]:
        return await completion.many(await values(objects, run), run)

    return column

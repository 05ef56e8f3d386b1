"""What an operation can cost, told before it is carried out: the objects that its answer can hold.

A request is a point, and every object one. A list holds as many as `first` or `last` says, its own or that of the field
around it; one that is asked for by `ids` as many as there are; any other ten. A mutation is ten points more, and one
for each id in a list of its input; introspection a hundred in all. Scalars are free, and lists of them too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    ListValueNode,
    ObjectValueNode,
    OperationType,
    StringValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields

from api.execution.completion import Run
from api.execution.remembered import Remembered
from api.metering import Place, Price, Root

MUTATION = 10
INTROSPECTION = 100
ASSUMED = 10
LONGEST = 1_000
"""What is longer is refused by the field itself, in words of its own."""
MOST_SETTINGS = 16

Details = list[FieldDetails]


class Prices:
    """Remembered for each operation, by its variables that can make it longer."""

    def __init__(self) -> None:
        self._known: Remembered[_Operation] = Remembered(_Operation.of)

    def of(self, run: Run) -> Price:
        operation = self._known.of(run)
        setting = tuple(_weight(run.variable_values.coerced.get(name, Undefined)) for name in operation.variables)
        known = operation.prices.get(setting)
        if known is None:
            if len(operation.prices) >= MOST_SETTINGS:
                operation.prices.clear()
            known = operation.prices[setting] = _price(run)
        return _with_ids(known, run) if run.operation.operation is OperationType.MUTATION else known


@dataclass
class _Operation:
    variables: tuple[str, ...]
    prices: dict[tuple[int | None, ...], Price] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> "_Operation":
        return cls(tuple(each.variable.name.value for each in run.operation.variable_definitions or ()))


def _weight(value: Any) -> int | None:
    """What of a variable bears on the price: how long a list is, how many are asked for, whether something is. One that
    was left out is another than one that is null: its argument has a default."""
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else (-1 if value is Undefined else None)


def _price(run: Run) -> Price:
    fields = _root_fields(run)
    introspects = any(_name(details) in ("__schema", "__type") for details in fields.values())
    fixed = 1 + INTROSPECTION * introspects
    if run.operation.operation is OperationType.MUTATION:
        fixed += MUTATION * len(fields)
    roots = tuple(_root(details) for details in fields.values())
    return Price(fixed + sum(place.objects for place in places(run)), fixed, roots, introspects)


def _with_ids(price: Price, run: Run) -> Price:
    """Counted each time: an input as one variable says nothing of its lists beforehand."""
    root = run.schema.get_root_type(run.operation.operation)
    assert root is not None
    met = sum(_ids_given(root.fields.get(_name(details)), details, run) for details in _root_fields(run).values())
    return price._replace(points=price.points + met, fixed=price.fixed + met)


def _ids_given(field: GraphQLField | None, details: Details, run: Run) -> int:
    if field is None:
        return 0
    given = _given(field, details[0], run) or {}
    return sum(_ids(argument.type, given.get(argument.out_name or name)) for name, argument in field.args.items())


def _ids(kind: Any, value: Any) -> int:
    """In lists."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList) and isinstance(value, list):
        is_id = get_nullable_type(kind.of_type) is GraphQLID
        return len(value) if is_id else sum(_ids(kind.of_type, each) for each in value)
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, Mapping):
        return sum(_ids(each.type, value.get(each.out_name or name)) for name, each in kind.fields.items())
    return 0


def _given(field: GraphQLField, details: FieldDetails, run: Run) -> dict[str, Any] | None:
    """None where it is wrong: the field says so itself, and holds nothing."""
    try:
        return get_argument_values(field, details.node, run.variable_values, details.fragment_variable_values)
    except GraphQLError:
        return None


def _root(details: Details) -> Root:
    literals: list[str] = []
    variables: list[str] = []
    waiting: list[ValueNode] = [each.value for each in details[0].node.arguments or ()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, StringValueNode):
            literals.append(value.value)
        elif isinstance(value, VariableNode):
            variables.append(value.name.value)
        elif isinstance(value, ListValueNode):
            waiting += value.values
        elif isinstance(value, ObjectValueNode):
            waiting += [each.value for each in value.fields]
    return Root(tuple(literals), tuple(variables))


def places(run: Run) -> list[Place]:
    root = run.schema.get_root_type(run.operation.operation)
    assert root is not None
    return list(_Estimate(run).places(root, _root_fields(run), "", 1, None))


def _root_fields(run: Run) -> Mapping[str, Details]:
    root = run.schema.get_root_type(run.operation.operation)
    assert root is not None
    return collect_fields(run.schema, run.fragments, run.variable_values, root, run.operation).grouped_field_set


@dataclass(frozen=True, slots=True)
class _Estimate:
    run: Run

    def places(
        self, parent: GraphQLObjectType, fields: Mapping[str, Details], path: str, times: int, size: int | None
    ) -> Iterator[Place]:
        """`times` is how many parents there can be, `size` how long lists in each."""
        for key, details in fields.items():
            field = parent.fields.get(_name(details))
            if field is None or not is_composite_type(get_named_type(field.type)):
                continue
            here = f"{path}.{key}" if path else key
            own = self._size(field, details[0])
            is_list = is_list_type(get_nullable_type(field.type))
            count = times * next((each for each in (own, size, ASSUMED) if each is not None), 1) if is_list else times
            yield Place(here, count)
            yield from self._below(get_named_type(field.type), details, here, count, None if is_list else own)

    def _below(self, kind: Any, details: Details, path: str, times: int, size: int | None) -> list[Place]:
        """Of a type that is known only later, the dearest."""
        is_open = isinstance(kind, GraphQLInterfaceType | GraphQLUnionType)
        kinds = self.run.schema.get_possible_types(kind) if is_open else (kind,)
        ways = [
            list(self.places(each, self.run.collect_subfields(each, details).grouped_field_set, path, times, size))
            for each in kinds
        ]
        return max(ways, key=lambda way: sum(place.objects for place in way), default=[])

    def _size(self, field: GraphQLField, details: FieldDetails) -> int | None:
        if not field.args:
            return None
        given = _given(field, details, self.run)
        if given is None:
            return 0
        sizes = [given[name] for name in ("first", "last") if isinstance(given.get(name), int)]
        sizes += [len(given["ids"])] if isinstance(given.get("ids"), list) else []
        return min(max(0, *sizes), LONGEST) if sizes else None


def _name(details: Details) -> str:
    return details[0].node.name.value

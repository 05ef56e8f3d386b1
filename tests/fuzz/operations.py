"""Operations at random over any schema: aliases, merged fields, fragments of both kinds, directives and variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

Offer = Callable[[Random, str, GraphQLArgument], Any]
"""A value for an argument of a field, as JSON; None leaves it out where it may be."""


@dataclass(frozen=True)
class Operation:
    document: str
    variables: Mapping[str, Any]


@dataclass
class Writer:
    """One operation in the making."""

    schema: GraphQLSchema
    rng: Random
    offer: Offer
    deepest: int = 3
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: dict[str, str] = field(default_factory=dict)

    def write(self) -> Operation:
        root = self.schema.query_type
        assert root is not None
        body = self.selections(root, self.deepest)
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in self.variables.items())
        head = f"query Fuzz({declared})" if declared else "query Fuzz"
        document = "\n".join((f"{head} {body}", *self.fragments.values()))
        return Operation(document, {name: value for name, (_, value) in self.variables.items()})

    def selections(self, kind: GraphQLNamedType, depth: int) -> str:
        count = self.rng.randint(1, 3)
        return "{ " + " ".join(self.selection(kind, depth) for _ in range(count)) + " }"

    def selection(self, kind: GraphQLNamedType, depth: int) -> str:
        form = self.rng.random()
        if depth > 0 and form < 0.12:
            on = self.narrowed(kind)
            condition = f" on {on.name}" if on is not kind or self.rng.random() < 0.5 else ""
            return f"...{condition}{self.directives()} {self.selections(on, depth - 1)}"
        if depth > 0 and form < 0.24:
            return f"...{self.fragment(self.narrowed(kind), depth - 1)}{self.directives()}"
        return self.field(kind, depth)

    def narrowed(self, kind: GraphQLNamedType) -> GraphQLNamedType:
        if is_abstract_type(kind) and self.rng.random() < 0.8:
            return self.rng.choice(self.schema.get_possible_types(kind))
        return kind

    def fragment(self, kind: GraphQLNamedType, depth: int) -> str:
        """A new one, or again one that was finished before."""
        known = [name for name in self.fragments if name.startswith(f"{kind.name}_")]
        if known and self.rng.random() < 0.4:
            return self.rng.choice(known)
        name = f"{kind.name}_{len(self.fragments)}_{self.rng.randint(0, 999)}"
        body = self.selections(kind, depth)
        self.fragments[name] = f"fragment {name} on {kind.name} {body}"
        return name

    def field(self, kind: GraphQLNamedType, depth: int) -> str:
        fields: dict[str, GraphQLField] = getattr(kind, "fields", {})
        names = [name for name, each in fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))]
        if not names or self.rng.random() < 0.08:
            return "__typename"
        name = self.rng.choice(names)
        arguments = self.arguments(name, fields[name])
        # The same name always stands for the same question, so that fields merge and never clash.
        alias = f"{name}_{crc32(arguments.encode())}: " if arguments else ""
        if not alias and self.rng.random() < 0.15:
            alias = f"other_{name}: "
        named = get_named_type(fields[name].type)
        below = "" if is_leaf_type(named) else " " + self.selections(named, depth - 1)
        return f"{alias}{name}{arguments}{self.directives()}{below}"

    def arguments(self, name: str, asked: GraphQLField) -> str:
        given = {}
        for key, argument in asked.args.items():
            value = self.offer(self.rng, name, argument)
            if value is None and not isinstance(argument.type, GraphQLNonNull) and self.rng.random() < 0.8:
                continue
            if self.rng.random() < 0.5:
                given[key] = f"${self.variable(str(argument.type), value)}"
            else:
                given[key] = literal(value, enum=isinstance(get_named_type(argument.type), GraphQLEnumType))
        return f"({', '.join(f'{key}: {value}' for key, value in given.items())})" if given else ""

    def variable(self, kind: str, value: Any) -> str:
        for name, known in self.variables.items():
            if known == (kind, value) and self.rng.random() < 0.7:
                return name
        name = f"v{len(self.variables)}"
        self.variables[name] = (kind, value)
        return name

    def directives(self) -> str:
        if self.rng.random() > 0.15:
            return ""
        directive = self.rng.choice(("include", "skip"))
        if self.rng.random() < 0.5:
            return f" @{directive}(if: {self.rng.choice(('true', 'false'))})"
        return f" @{directive}(if: ${self.variable('Boolean!', self.rng.random() < 0.5)})"


def literal(value: Any, *, enum: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if enum else '"' + value.replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(literal(each, enum=enum) for each in value) + "]"
    return str(value)

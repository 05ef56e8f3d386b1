"""Values for the arguments of the real schema: most of them sound, a few that must be refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from graphql import GraphQLArgument, GraphQLEnumType, get_named_type, is_required_argument

UNSOUND = 0.02
DAYS = ("2025-01-01", "2025-01-31", "2025-02-14", "2025-03-05", "2025-03-31", "2025-04-01", "2026-02-28")
NO_DAYS = ("2025-13-01", "2025-02-30", "1600-01-01", "9999-12-31", "yesterday", "", 20250101, None)
INSTANTS = ("2025-02-01T00:00:00Z", "2025-03-04T10:00:00+02:00", "2026-01-01T00:00:00.123456Z")
NO_INSTANTS = ("2025-02-01", "2025-02-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon", 0)
NO_NUMBERS = (-1, 0, 101, 1000, 2**31 - 1, 2**31, 1.5, "3", True, None)
NO_CURSORS = ("", "x", "AAAA", "ZmFsc2U=", 7)
NO_IDS = ("", "x", "1", "S3BpOjE=", "gid://nothing", None)


@dataclass(frozen=True)
class Arguments:
    """`tenants` and `ids` are readable, `foreign` are somebody else's. An `Offer`."""

    tenants: Sequence[str]
    ids: Sequence[str]
    foreign: Sequence[str]
    cursors: Mapping[str, Sequence[str]]
    """By the list they are of."""
    metrics: Sequence[str]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self, rng: Random, name: str, argument: GraphQLArgument) -> Any:
        kind = get_named_type(argument.type)
        many = str(argument.type).startswith("[")
        if isinstance(kind, GraphQLEnumType):
            return rng.choice(list(kind.values))
        if many:
            return [self._id(rng) for _ in range(rng.randint(0, 6))]
        if kind.name == "ID":
            return self._tenant(rng) if name == "tenant" else self._id(rng)
        if kind.name == "Date":
            return self._of(rng, (*DAYS, self.now.date().isoformat(), None), NO_DAYS)
        if kind.name == "DateTime" and is_required_argument(argument):  # where a window begins
            return self._of(rng, ("2000-01-01T00:00:00Z",), NO_INSTANTS)
        if kind.name == "DateTime":
            return self._of(rng, (*INSTANTS, (self.now - timedelta(hours=1)).isoformat(), None), NO_INSTANTS)
        if kind.name == "Int":
            return self._of(rng, (1, 2, 3, 10, 20, 100 if name != "series" else 60), NO_NUMBERS)
        if name == "metric":
            return self._of(rng, self.metrics, NO_CURSORS)
        every = [each for some in self.cursors.values() for each in some]
        return self._of(rng, (*[None] * 4, rng.choice(self.cursors.get(name, every))), (*every, *NO_CURSORS))

    def _of(self, rng: Random, sound: Sequence[Any], unsound: Sequence[Any]) -> Any:
        return rng.choice(unsound if rng.random() < UNSOUND else sound)

    def _tenant(self, rng: Random) -> Any:
        return self._of(rng, self.tenants, (*self.foreign, *self.ids, *NO_IDS))

    def _id(self, rng: Random) -> Any:
        return self._of(rng, self.ids, (*self.foreign, *NO_IDS))

"""What was reckoned lately, remembered as long as it stays true.

A value rests on the figures of its tenant and on what is known of their coverage: its ground. The figures change with
the version of the tenant's data, which the reader's own snapshot tells. So what is remembered is never older than what
would be read, and nothing has to be forgotten in time.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.kpis.figures import Column
from domain.metrics.evaluation import Values

MOST_VALUES = 50_000
"""Some 24 MB: a value with its inputs, and as it was told, takes about 470 bytes."""


class Reckoned(NamedTuple):
    values: Values
    inputs: Mapping[str, Column]
    told: dict[Any, Any]
    """What was made of them for those who asked: kept as long as they are."""


@dataclass
class Remembered:
    """On one ground, by question."""

    known: dict[Hashable, Reckoned] = field(default_factory=dict)
    weight: int = 2


@dataclass
class Memory:
    """Up to a number of values; the grounds nobody asked about for longest go first. With none, nothing is
    remembered."""

    most: int = MOST_VALUES

    def __post_init__(self) -> None:
        self._grounds: OrderedDict[Hashable, Remembered] = OrderedDict()
        self._values = 0

    @property
    def grounds(self) -> int:
        return len(self._grounds)

    def on(self, ground: Hashable) -> Mapping[Hashable, Reckoned]:
        """All that is remembered on it."""
        return self._remembered(ground).known

    def keep(self, ground: Hashable, question: Hashable, reckoned: Reckoned) -> None:
        if not self.most:
            return
        remembered = self._remembered(ground)
        if question not in remembered.known:
            remembered.known[question] = reckoned
            remembered.weight += _weight(reckoned)
            self._make_room(_weight(reckoned))

    def _remembered(self, ground: Hashable) -> Remembered:
        found = self._grounds.get(ground)
        if found is not None:
            self._grounds.move_to_end(ground)
            return found
        found = Remembered()
        if self.most:
            self._grounds[ground] = found
            self._make_room(found.weight)
        return found

    def _make_room(self, more: int) -> None:
        self._values += more
        while self._values > self.most:
            self._values -= self._grounds.popitem(last=False)[1].weight


def _weight(reckoned: Reckoned) -> int:
    """In values: what is kept around them takes as much as two."""
    return len(reckoned.values.numbers) + 2

"""What was reckoned lately, remembered as long as it stays true.

A value rests on the figures of its tenant and on what is known of their coverage. The figures change with the version
of the tenant's data, which the reader's own snapshot tells; the coverage is part of the key. So what is remembered is
never older than what would be read, and nothing has to be forgotten in time.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.kpis.figures import Column
from domain.metrics.evaluation import Values

MOST_VALUES = 50_000
"""Some 20 MB: a value with its inputs, and as it was told, takes about 400 bytes."""


class Reckoned(NamedTuple):
    values: Values
    inputs: Mapping[str, Column]
    told: dict[str, Any]
    """What was made of them for those who asked: kept as long as they are."""


@dataclass
class Memory:
    """The newest, up to a number of values. With none, nothing is remembered."""

    most: int = MOST_VALUES

    def __post_init__(self) -> None:
        self._known: OrderedDict[Any, Reckoned] = OrderedDict()
        self._values = 0

    def find(self, key: Any) -> Reckoned | None:
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def keep(self, key: Any, reckoned: Reckoned) -> None:
        if key in self._known or not self.most:
            return
        self._known[key] = reckoned
        self._values += _weight(reckoned)
        while self._values > self.most:
            self._values -= _weight(self._known.popitem(last=False)[1])


def _weight(reckoned: Reckoned) -> int:
    """In values: what is kept around them takes as much as two."""
    return len(reckoned.values.numbers) + 2

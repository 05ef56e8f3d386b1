"""What one operation costs: asked for before it is carried out, and settled by what its answer held."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from api.ids import decode_tenant
from tenants.access.actor import Actor
from tenants.budgets.errors import Throttled
from tenants.budgets.service import Budgets, Holder
from tenants.errors import NotFound, Refusal
from tenants.usage.service import Asked, Usage

MOST_TOLD = 10


class Place(NamedTuple):
    """Of an answer, by its path. `objects` are all that it can hold."""

    path: str
    objects: int


class Price(NamedTuple):
    """`fixed` is due whatever the answer holds; `named` are the texts that stand in the document itself."""

    points: int
    fixed: int
    named: tuple[str, ...]


class TooDear(Refusal):
    """No budget is as large as what this can cost."""

    code = "MAX_COST_EXCEEDED"

    def __init__(self, *, cost: int, most: int) -> None:
        super().__init__(
            f"This can cost {cost} points, and an operation at most {most}. Ask for shorter lists, or in several parts."
        )


class Till(NamedTuple):
    budgets: Budgets
    usage: Usage


@dataclass(slots=True)
class Meter:
    """`requested` is None until an operation was priced; `held` counts the objects of its answer, and its root."""

    actor: Actor
    till: Till | None = None
    requested: int | None = None
    held: int = 0
    _fixed: int = 0
    _holder: Holder | None = None
    _spent: bool = False
    _dearest: Sequence[Place] = ()

    async def open(self, price: Price, given: Mapping[str, Any], places: Callable[[], Sequence[Place]]) -> None:
        """`given` are the variables, `places` what to tell of where it is too dear. Raises TooDear, Throttled."""
        self.requested, self._fixed = price.points, price.fixed
        if self.till is None:
            return
        budgets = self.till.budgets
        self._holder = budgets.holder(self.actor, _tenant(self.actor, (*price.named, *_texts(given))))
        if price.points > budgets.limits.operation:
            self._dearest = sorted(places(), key=lambda place: place.objects, reverse=True)[:MOST_TOLD]
            raise TooDear(cost=price.points, most=budgets.limits.operation)
        await budgets.spend(self._holder, price.points)
        self._spent = True

    def settle(self, operation: str, entered: Collection[UUID], errors: Iterable[Any]) -> dict[str, Any] | None:
        """Gives back what the answer did not hold, and counts it as asked of the tenants that it was let into. What the
        caller is told, where an operation was priced."""
        if self.till is None or self.requested is None or self._holder is None:
            return None
        budgets, actual = self.till.budgets, None
        if self._spent:
            actual = min(self.requested, self._fixed + max(0, self.held - 1))
            budgets.give_back(self._holder, self.requested - actual)
            budgets.meet(self.actor, entered)
        causes = [each.original_error for each in errors]
        throttled = any(isinstance(each, Throttled) for each in causes)
        asked = Asked(operation, actual or 0, throttled=throttled, failed=bool(causes))
        self.till.usage.count(self.actor, asked, entered)
        status = budgets.status(self._holder)
        told: dict[str, Any] = {
            "requestedQueryCost": self.requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": status.most,
                "currentlyAvailable": status.available,
                "restoreRate": status.restored,
            },
        }
        if self._dearest:
            told["breakdown"] = [place._asdict() for place in self._dearest]
        return told


def _tenant(actor: Actor, texts: Iterable[str]) -> UUID | None:
    """The one tenant that is asked about, if it is one."""
    if actor.bounds is not None:
        return actor.bounds.tenant_id
    found: UUID | None = None
    for text in texts:
        try:
            tenant_id = decode_tenant(text)
        except NotFound:
            continue
        if found not in (None, tenant_id):
            return None
        found = tenant_id
    return found


def _texts(given: Mapping[str, Any]) -> Iterator[str]:
    """As deep as an input goes."""
    waiting: list[Any] = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value

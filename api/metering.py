"""What one operation costs: asked for before it is carried out, and settled by what its answer held."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from api.ids import decode_tenant
from tenants.access.actor import Actor
from tenants.budgets.errors import Throttled
from tenants.budgets.service import Budgets, Share, Status
from tenants.errors import NotFound, Refusal
from tenants.usage.service import Asked, Usage

MOST_TOLD = 10


class Place(NamedTuple):
    """Of an answer, by its path. `objects` are all that it can hold."""

    path: str
    objects: int


class Root(NamedTuple):
    """What is given to a field at the root: texts that stand in the document, and variables."""

    literals: tuple[str, ...]
    variables: tuple[str, ...]


class Price(NamedTuple):
    """`fixed` is due whatever the answer holds, and all of it where it is `flat`."""

    points: int
    fixed: int
    roots: tuple[Root, ...]
    flat: bool


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
    """`held` counts the objects of the answer, and its root; `reckoned` what was worked out of others beside them."""

    actor: Actor
    till: Till | None = None
    held: int = 0
    reckoned: int = 0
    _price: Price | None = None
    _share: Share | None = None
    _spent: bool = False
    _dearest: Sequence[Place] = ()

    @property
    def requested(self) -> int:
        """What the operation can cost, once it is known; what any costs before."""
        return 1 if self._price is None else self._price.points

    async def admit(self) -> None:
        """A request is a point, whatever comes of it. Raises Throttled."""
        if self.till is not None:
            await self.till.budgets.spend(self.till.budgets.share(self.actor, None), 1)

    async def open(self, price: Price, given: Mapping[str, Any], places: Callable[[], Sequence[Place]]) -> None:
        """`given` are the variables, `places` what to tell of where it is too dear. Raises TooDear, Throttled."""
        self._price = price
        if self.till is None:
            return
        budgets = self.till.budgets
        self._share = budgets.share(self.actor, _tenant(self.actor, price.roots, given))
        if price.points > budgets.limits.operation:
            self._dearest = sorted(places(), key=lambda place: place.objects, reverse=True)[:MOST_TOLD]
            raise TooDear(cost=price.points, most=budgets.limits.operation)
        await budgets.spend(self._share, price.points - 1)
        self._spent = True

    async def settle(self, operation: str, entered: Collection[UUID], errors: Sequence[Any]) -> dict[str, Any] | None:
        """Gives back what the answer did not hold, or takes what it held beyond, and counts it as asked of the tenants
        that it was let into. What the caller is told, where an operation was priced."""
        if self.till is None:
            return None
        actual = self._actual if self._spent else None
        causes = [getattr(each, "original_error", None) for each in errors]
        throttled = any(isinstance(each, Throttled) for each in causes)
        asked = Asked(operation, actual or 1, throttled=throttled, failed=bool(causes))
        self.till.usage.count(self.actor, asked, entered)
        if self._share is None:
            return None
        if actual is not None:
            await self.till.budgets.give_back(self._share, self.requested - actual)
        self.till.budgets.meet(self.actor, entered)
        return self._told(actual, self.till.budgets.status(self._share))

    @property
    def _actual(self) -> int:
        assert self._price is not None
        return self._price.points if self._price.flat else self._price.fixed + max(0, self.held - 1) + self.reckoned

    def _told(self, actual: int | None, status: Status) -> dict[str, Any]:
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


def _tenant(actor: Actor, roots: Sequence[Root], given: Mapping[str, Any]) -> UUID | None:
    """The one tenant that all of it is about, if there is one: what else is asked for is not paid by it."""
    if actor.bounds is not None:
        return actor.bounds.tenant_id
    met = [_owners(root, given) for root in roots]
    return next(iter(met[0])) if met and len(met[0]) == 1 and all(each == met[0] for each in met) else None


def _owners(root: Root, given: Mapping[str, Any]) -> set[UUID]:
    texts = (*root.literals, *_texts([given.get(name) for name in root.variables]))
    return {owner for text in texts if (owner := _owner(text)) is not None}


def _owner(text: str) -> UUID | None:
    try:
        return decode_tenant(text)
    except NotFound:
        return None


def _texts(given: list[Any]) -> Iterator[str]:
    """As deep as an input goes."""
    waiting = [given]
    while waiting:
        value: Any = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value

"""What is left of each account's budget at its provider, as far as this process knows.

The provider's own figures replace ours whenever it sends them, so other processes' spending shows up here too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Status:
    """The provider's word on a bucket that refills at `restore_rate` points a second."""

    maximum: float
    available: float
    restore_rate: float


class Budget:
    """One bucket. Unknown until the provider first speaks: then nothing waits."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._status: Status | None = None
        self._told_at = 0.0
        self._in_flight = 0.0

    def reserve(self, points: float) -> float:
        """Takes the points and says how many seconds to wait until they are there. Always followed by `settle`.

        Taken before the wait, so that concurrent callers queue up instead of all waking to the same points.
        """
        self._in_flight += points
        if self._status is None:
            return 0.0
        refilled = (self._monotonic() - self._told_at) * self._status.restore_rate
        available = min(self._status.maximum, self._status.available + refilled)
        # More than a full bucket never comes: the provider must refuse such a query itself.
        missing = min(self._in_flight, self._status.maximum) - available
        return max(0.0, missing / self._status.restore_rate)

    def settle(self, points: float, status: Status | None = None) -> None:
        """Ends a reservation, with the provider's figures where its answer had some."""
        self._in_flight -= points
        if status is not None and status.restore_rate > 0:
            self._status = status
            self._told_at = self._monotonic()


class Budgets:
    """All budgets of this process, by provider, app and account."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._budgets: dict[tuple[str, ...], Budget] = {}

    def of(self, *key: str) -> Budget:
        if key not in self._budgets:
            self._budgets[key] = Budget(self._monotonic)
        return self._budgets[key]

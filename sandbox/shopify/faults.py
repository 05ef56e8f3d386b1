"""Trouble ordered through the control endpoint and met by the next requests."""

from collections import defaultdict, deque
from dataclasses import dataclass

GRAPHQL_FAULTS = (
    "http_429",
    "http_500",
    "http_502",
    "http_402",
    "http_423",
    "throttled",
    "internal_error",
    "hang",
    "cut_body",
    "partial",
    "malformed_json",
    "other_version",
)
TOKEN_FAULTS = ("lose_answer", "http_500")


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds` is how long `hang` waits, and what `http_429` writes into Retry-After."""

    kind: str
    seconds: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[Fault]] = defaultdict(deque)

    def order(self, shop: str, endpoint: str, fault: Fault, times: int) -> None:
        self._queues[shop, endpoint].extend([fault] * times)

    def take(self, shop: str, endpoint: str) -> Fault | None:
        queue = self._queues[shop, endpoint]
        return queue.popleft() if queue else None

    def clear(self, shop: str) -> None:
        for (owner, _endpoint), queue in self._queues.items():
            if owner == shop:
                queue.clear()

    def waiting(self, shop: str) -> dict[str, list[str]]:
        return {
            endpoint: [fault.kind for fault in queue]
            for (owner, endpoint), queue in self._queues.items()
            if owner == shop and queue
        }

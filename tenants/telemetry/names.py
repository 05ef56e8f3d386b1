"""A bound on names that others choose."""

from prometheus_client import Histogram

MOST_NAMES = 100
MOST_CANDIDATES = 1000
MOST_CHARACTERS = 60
OTHER = "other"


class Names:
    """The first that come twice get a series of their own; whoever makes up a name for every request gets none."""

    def __init__(self, histogram: Histogram, *, most: int = MOST_NAMES) -> None:
        self._histogram = histogram
        self._most = most
        self._other = histogram.labels(OTHER)
        self._known: dict[str, Histogram] = {}
        self._candidates: set[str] = set()

    def series(self, name: str) -> Histogram:
        return self._known.get(name) or self._meet(name)

    def bounded(self, name: str) -> str:
        """The name where it has a series, else `other`."""
        return name if name in self._known else OTHER

    def _meet(self, name: str) -> Histogram:
        if not name or len(name) > MOST_CHARACTERS or len(self._known) >= self._most:
            return self._other
        if name in self._candidates:
            self._candidates.discard(name)
            return self._known.setdefault(name, self._histogram.labels(name))
        if len(self._candidates) >= MOST_CANDIDATES:
            self._candidates.clear()
        self._candidates.add(name)
        return self._other

"""How many objects answers are made of."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counter:
    """Counted where they are made, by functions that know no operation. These never wait: nobody else makes any between
    two looks of whoever calls them.
    """

    objects: int = 0


made = Counter()

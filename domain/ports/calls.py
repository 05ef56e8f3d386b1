"""Who is told of each call that is made to a provider."""

from typing import Protocol


class Calls(Protocol):
    def ended(self, operation: str, began: float, status: int | None) -> None:
        """`began` by `perf_counter`; `status` is None where there was no answer that could be read.

        `operation` is one of a few names of the connector's own: neither the account nor what was asked with.
        """
        ...

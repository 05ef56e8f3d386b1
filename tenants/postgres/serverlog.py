"""server.log: what PostgreSQL writes, kept within bounds and at hand for an error message."""

from __future__ import annotations

from collections import deque
from pathlib import Path

LARGEST = 5_000_000
TAIL_LINES = 15
# PostgreSQL and the C library word it so under lc_messages = C.
NO_SPACE = "No space left on device"


class ServerLog:
    def __init__(self, path: Path, *, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest
        self._file = path.open("ab", buffering=0)
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._partial = b""

    def write(self, text: bytes) -> None:
        *lines, self._partial = (self._partial + text).split(b"\n")
        self._tail.extend(line.decode(errors="replace") for line in lines)
        try:
            self._file.write(text)
        except OSError:
            return  # a full disk is what this log is about to report: the tail still does
        if self._file.tell() > self._largest:
            self._rotate()

    def note(self, text: str) -> None:
        self.write(f"supervisor: {text}\n".encode())

    def begin(self) -> None:
        """Forget the tail: an error tells about this start, not about the one before."""
        self._tail.clear()
        self._partial = b""

    def tail(self) -> str:
        return "\n".join((*self._tail, self._partial.decode(errors="replace"))).strip()

    def _rotate(self) -> None:
        self._file.close()
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._file = self._path.open("ab", buffering=0)

    def close(self) -> None:
        self._file.close()

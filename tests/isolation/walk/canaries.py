"""What must be met nowhere: ids, words and figures that the rows of somebody have and nobody else's.

They are taken from the database itself, row by row as JSON, so that whatever a new table holds is looked for, too.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import orjson

from tests.integration.api.ledger import TABLES, Connection

Row = tuple[str, str]
"""A table's name and a row of it as JSON."""

WORD = re.compile(r"[\w-]{6,}")
DAY = re.compile(r"\d{4}-\d\d-\d\d(T\d\d)?")
FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
GLOBAL_ID = re.compile(r"[a-z]{3}_([\w-]{22}|[\w-]{43})")
LEAST_DIGITS = 7
"""Of a figure: shorter ones are anybody's."""
HASHES = r"\x"


@dataclass(frozen=True)
class Canaries:
    ids: frozenset[UUID] = frozenset()
    words: frozenset[str] = frozenset()
    figures: frozenset[str] = frozenset()

    def __or__(self, other: "Canaries") -> "Canaries":
        return Canaries(self.ids | other.ids, self.words | other.words, self.figures | other.figures)

    def __sub__(self, other: "Canaries") -> "Canaries":
        return Canaries(self.ids - other.ids, self.words - other.words, self.figures - other.figures)

    def met_in(self, text: str) -> list[str]:
        """In whatever they are wrapped: a global id, a cursor, an address, the claims of a token."""
        words = set(WORD.findall(text))
        met = words & self.words
        met |= {each for each in words if not self.ids.isdisjoint(ids_in(each))}
        met |= self.figures.intersection(_figures_of(text))
        for each in words:
            if each.startswith("eyJ"):
                met.update(self.met_in(_claims(each)))
        return sorted(met)

    def met_among(self, told: Iterable[Row]) -> list[str]:
        return sorted({f"{table}: {each}" for table, content in told for each in self.met_in(content)})

    def met_by(self, answer: httpx2.Response, *, besides: str = "") -> list[str]:
        """In its head and its body, but for what whoever asked has said themselves."""
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        met = sorted({*self.met_in(head), *self.met_in(answer.text)})
        return [each for each in met if each not in besides]


async def rows(connection: Connection, tables: Sequence[str] = ()) -> frozenset[Row]:
    """All that it sees, of all tables where none are named."""
    names = tables or [row["relname"] for row in await connection.fetch(TABLES)]
    parts = (f"SELECT '{name}' AS name, to_jsonb(t)::text AS content FROM {name} t" for name in names)
    return frozenset((row["name"], row["content"]) for row in await connection.fetch(" UNION ALL ".join(parts)))


def told_by(told: Iterable[Row]) -> Canaries:
    """All that these rows say; what of it is nobody else's is for others to subtract."""
    ids: set[UUID] = set()
    words: set[str] = set()
    figures: set[str] = set()
    for value in _values(orjson.loads(content) for _, content in told):
        if isinstance(value, int | float) and not isinstance(value, bool):
            figures |= {*_figures(str(value))}
        elif isinstance(value, str) and not value.startswith(HASHES):
            found = set(WORD.findall(value))
            ids.update(id for each in found for id in ids_in(each))
            words |= {each for each in found if _is_telling(each)}
    return Canaries(frozenset(ids), frozenset(words), frozenset(figures))


def ids_in(word: str) -> list[UUID]:
    """Bare, or what a global id or a cursor is made of."""
    try:
        if len(word) in (32, 36):
            return [UUID(word)]
        found = GLOBAL_ID.fullmatch(word)
        raw = _decoded(found[1] if found else word) if found or len(word) == 22 else b""
        return [UUID(bytes=raw[at : at + 16]) for at in range(0, len(raw), 16)]
    except (ValueError, binascii.Error):
        return []


def _is_telling(word: str) -> bool:
    """Numbers and days are told as something else; an id was found to be one."""
    return not word.replace("-", "").isdigit() and not DAY.fullmatch(word) and not ids_in(word)


def _figures_of(text: str) -> Iterator[str]:
    """Of an answer in JSON: values that are numbers or the text of one."""
    if text.startswith("{"):
        with suppress(orjson.JSONDecodeError):
            for value in _values([orjson.loads(text)]):
                yield from _figures(str(value))


def _figures(text: str) -> Iterator[str]:
    """Without its point, for money is kept in its smallest unit."""
    if FIGURE.fullmatch(text):
        digits = text.lstrip("-").replace(".", "").strip("0")
        if len(digits) >= LEAST_DIGITS:
            yield digits


def _values(contents: Iterable[Any]) -> Iterator[Any]:
    waiting = list(contents)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif value is not None:
            yield value


def _claims(word: str) -> str:
    with suppress(binascii.Error):
        return _decoded(word).decode(errors="replace")
    return ""


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

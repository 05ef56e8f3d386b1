"""What the guard lets through: all that a statement could have read which forgot to say whose rows it wants.

The settings by which a process opened it are heard, and set once more on a connection of our own.
"""

import re
from collections.abc import Iterable

from tests.integration.api.ledger import Connection
from tests.integration.api.statements import Sent
from tests.isolation.models import GUARDED
from tests.isolation.walk.canaries import Row, rows

Settings = frozenset[tuple[str, str]]

SETTING = re.compile(r"SET LOCAL (app\.\w+) = '([^']*)'")


def settings_in(sent: Iterable[Sent]) -> set[Settings]:
    """Each that held at some moment of a transaction."""
    found: set[Settings] = set()
    held: dict[int, dict[str, str]] = {}
    for each in sent:
        if "BEGIN" in each.sql:
            held[each.connection] = {}
        now = held.setdefault(each.connection, {})
        now.update(SETTING.findall(each.sql))
        found.add(frozenset(now.items()))
    return found


async def readable(application: Connection, settings: Settings) -> frozenset[Row]:
    async with application.transaction(readonly=True):
        for name, value in settings:
            await application.execute(f"SET LOCAL {name} = '{value}'")
        return await rows(application, GUARDED)

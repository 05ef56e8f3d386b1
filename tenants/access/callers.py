"""Whether who holds a valid token may still act, and what is left of what it allows.

A token proves itself for its hour. In it the app may be put away or allowed less, what a person allowed it may be
taken back, and the person may be disabled, leave the organization or get a lesser role: what counts is looked up anew
twice a minute.
"""

import time
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from tenants.access.actor import Actor
from tenants.access.kinds import MemberRole
from tenants.database import Database
from tenants.scope import Scope
from tenants.sql import Row, query

MEMORY_SECONDS = 30.0
REMEMBERED_CALLERS = 10_000

CALLER = query("""
SELECT a.scopes, a.archived_at, m.role, p.disabled_at,
    :authorization_id!uuid IS NOT NULL AND (z.id IS NULL OR z.ended_at IS NOT NULL) AS ended
FROM apps a
LEFT JOIN authorizations z
  ON z.organization_id = a.organization_id AND z.app_id = a.id AND z.id = :authorization_id
LEFT JOIN memberships m ON m.organization_id = a.organization_id AND m.person_id = :person_id!uuid
LEFT JOIN people p ON p.id = :person_id
WHERE a.organization_id = :organization_id!uuid AND a.id = :app_id!uuid
""")


class CallerEnded(Exception):
    """The app or the person of the token may not act any more."""


class Known(NamedTuple):
    scopes: frozenset[str] | None
    """None for who may not act."""
    until: float


class Callers:
    def __init__(self, database: Database, *, memory_seconds: float = MEMORY_SECONDS) -> None:
        self._database = database
        self._memory_seconds = memory_seconds
        self._known: OrderedDict[tuple[object, ...], Known] = OrderedDict()

    async def admit(self, actor: Actor) -> Actor:
        """With the scopes that are left. Raises CallerEnded."""
        key = (actor.organization_id, actor.app_id, actor.person_id, actor.authorization_id)
        known = self._known.get(key)
        if known is None or known.until <= time.monotonic():
            known = Known(await self._read(actor), time.monotonic() + self._memory_seconds)
            self._known[key] = known
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED_CALLERS:
                self._known.popitem(last=False)
        if known.scopes is None:
            raise CallerEnded
        return actor if actor.scopes <= known.scopes else replace(actor, scopes=actor.scopes & known.scopes)

    async def _read(self, actor: Actor) -> frozenset[str] | None:
        scope = Scope(organization_id=actor.organization_id, person_id=actor.person_id)
        async with self._database.reading(scope) as snapshot:
            row = await snapshot.fetch_one(
                CALLER,
                organization_id=actor.organization_id,
                app_id=actor.app_id,
                person_id=actor.person_id,
                authorization_id=actor.authorization_id,
            )
        return None if row is None else _left(row, is_person=actor.person_id is not None)


def _left(row: Row, *, is_person: bool) -> frozenset[str] | None:
    if row["archived_at"] is not None or row["ended"]:
        return None
    scopes = frozenset(row["scopes"])
    if not is_person:
        return scopes
    if row["role"] is None or row["disabled_at"] is not None:
        return None
    return scopes & MemberRole(row["role"]).scopes

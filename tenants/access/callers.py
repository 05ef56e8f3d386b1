"""Whether who holds a valid token may still act, and what is left of what it allows.

A token proves itself for its hour. In it the app may be put away or allowed less, what a person allowed it may be
taken back, and the person may be disabled, leave the organization or get a lesser role: what counts is looked up anew
twice a minute. Who leaves and comes again has allowed nothing yet.
"""

import time
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from tenants.access.actor import Actor, Bounds
from tenants.access.kinds import Audience, MemberRole, OrganizationKind
from tenants.access.members import lent
from tenants.database import Database
from tenants.scope import Scope
from tenants.sql import Row, query

MEMORY_SECONDS = 30.0
REMEMBERED_CALLERS = 10_000

CALLER = query("""
SELECT a.scopes, a.audience, a.archived_at, a.persisted_only, e.tenant_id, e.origin, e.fields,
    o.kind AS owner_kind, m.role, p.disabled_at,
    a.organization_id = f.id OR a.organization_id = f.parent_id AS is_own,
    (:authorization_id!uuid IS NOT NULL AND (z.id IS NULL OR z.ended_at IS NOT NULL OR z.created_at < m.created_at))
    OR (:embed_id!uuid IS NOT NULL AND (e.id IS NULL OR e.revoked_at IS NOT NULL))
    OR f.archived_at IS NOT NULL AS ended
FROM apps a
JOIN organizations o ON o.id = a.organization_id
JOIN organizations f ON f.id = :organization_id!uuid
LEFT JOIN authorizations z
  ON z.organization_id = a.organization_id AND z.app_id = a.id AND z.id = :authorization_id AND z.acts_for_id = f.id
LEFT JOIN embed_tokens e ON e.organization_id = a.organization_id AND e.app_id = a.id AND e.id = :embed_id
LEFT JOIN memberships m ON m.organization_id = f.id AND m.person_id = :person_id!uuid
LEFT JOIN people p ON p.id = :person_id
WHERE a.organization_id = :app_owner_id!uuid AND a.id = :app_id!uuid
""")


class CallerEnded(Exception):
    """The app or the person of the token may not act any more."""


class Known(NamedTuple):
    scopes: frozenset[str] | None
    """None for who may not act."""
    bounds: Bounds | None
    persisted_only: bool
    until: float


class Callers:
    def __init__(self, database: Database, *, memory_seconds: float = MEMORY_SECONDS) -> None:
        self._database = database
        self._memory_seconds = memory_seconds
        self._known: OrderedDict[tuple[object, ...], Known] = OrderedDict()

    async def admit(self, actor: Actor) -> Actor:
        """With the scopes that are left. Raises CallerEnded."""
        key = (actor.organization_id, actor.app_key, actor.person_id, actor.authorization_id, actor.embed_id)
        known = self._known.get(key)
        if known is None or known.until <= time.monotonic():
            known = Known(*await self._read(actor), time.monotonic() + self._memory_seconds)
            self._known[key] = known
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED_CALLERS:
                self._known.popitem(last=False)
        if known.scopes is None:
            raise CallerEnded
        if actor.scopes <= known.scopes and known.bounds is None and not known.persisted_only:
            return actor
        return replace(
            actor, scopes=actor.scopes & known.scopes, bounds=known.bounds, persisted_only=known.persisted_only
        )

    async def _read(self, actor: Actor) -> tuple[frozenset[str] | None, Bounds | None, bool]:
        owner_id, app_id = actor.app_key
        acts_for = actor.organization_id
        scope = Scope(organization_id=owner_id, person_id=actor.person_id, known=frozenset({acts_for}))
        async with self._database.reading(scope) as snapshot:
            row = await snapshot.fetch_one(
                CALLER,
                organization_id=acts_for,
                app_owner_id=owner_id,
                app_id=app_id,
                person_id=actor.person_id,
                authorization_id=actor.authorization_id,
                embed_id=actor.embed_id,
            )
        if row is None:
            return None, None, False
        bounds = None
        if row["tenant_id"] is not None:
            bounds = Bounds(row["tenant_id"], row["origin"], frozenset(row["fields"]))
        return _left(row, is_person=actor.person_id is not None), bounds, bool(row["persisted_only"])


def _left(row: Row, *, is_person: bool) -> frozenset[str] | None:
    if row["archived_at"] is not None or row["ended"]:
        return None
    scopes = frozenset(row["scopes"])
    if not is_person:
        return scopes
    if row["role"] is None or row["disabled_at"] is not None:
        return None
    left = scopes & lent(
        MemberRole(row["role"]),
        is_own=bool(row["is_own"]),
        audience=Audience(row["audience"]),
        owner_kind=OrganizationKind(row["owner_kind"]),
    )
    return left or None

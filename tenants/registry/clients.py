"""Tenants as clients of an organization: those it may read no more, and the tags it gave them.

Tags are the organization's own: neither the tenant nor anybody else who reads it sees them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select

from tenants.access.actor import Actor, ApiScope
from tenants.access.models import Organization
from tenants.database import Session, enter, snapshot_within
from tenants.errors import InvalidInput
from tenants.registry.models import ClientTag
from tenants.registry.service import require_grant
from tenants.scope import Scope
from tenants.snapshots import Snapshot
from tenants.sql import query

MOST_TAGS = 20
TAG_LENGTH = 50

_DENIED = """
SELECT tenant_id, bool_or(live) AS live, max(ended_at) AS ended_at FROM (
    SELECT g.tenant_id, g.scopes, least(g.revoked_at, g.expires_at) AS ended_at,
        g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > :now!instant) AS live
    FROM grants g WHERE g.organization_id = :organization_id!uuid {only}
) g
WHERE NOT EXISTS (SELECT FROM tenants t WHERE t.id = g.tenant_id AND t.organization_id = :organization_id)
GROUP BY tenant_id HAVING NOT bool_or(live AND :scope!text = ANY (scopes))
ORDER BY bool_or(live) DESC, max(ended_at) DESC, tenant_id LIMIT :limit!bigint
"""
DENIED = query(_DENIED.format(only=""))
DENIED_OF = query(_DENIED.format(only="AND g.tenant_id = ANY (:tenant_ids!uuids)"))
TAGS = query("""
SELECT t.tenant_id, t.tag FROM client_tags t
WHERE t.organization_id = :organization_id!uuid AND t.tenant_id = ANY (:tenant_ids!uuids) ORDER BY t.tag
""")


class Denied(NamedTuple):
    """A tenant that was granted. `ended_at` is None where a grant is live, and covers something else."""

    tenant_id: UUID
    ended_at: datetime | None


async def denied_to(
    snapshot: Snapshot, actor: Actor, *, scope: ApiScope, now: datetime, tenant_ids: Sequence[UUID] | None, limit: int
) -> list[Denied]:
    """Of all that were ever granted to the organization, or of some: the latest first."""
    asked = {"organization_id": actor.organization_id, "scope": scope, "now": now, "limit": limit}
    if tenant_ids is None:
        rows = await snapshot.fetch(DENIED, **asked)
    else:
        rows = await snapshot.fetch(DENIED_OF, **asked, tenant_ids=list(tenant_ids))
    return [Denied(row["tenant_id"], None if row["live"] else row["ended_at"]) for row in rows]


async def tags_of(snapshot: Snapshot, tenant_ids: Sequence[UUID], *, organization_id: UUID) -> Mapping[UUID, list[str]]:
    """In the order of the alphabet; nothing of a tenant that has none."""
    found: dict[UUID, list[str]] = {}
    for row in await snapshot.fetch(TAGS, organization_id=organization_id, tenant_ids=list(tenant_ids)):
        found.setdefault(row["tenant_id"], []).append(row["tag"])
    return found


async def set_tags(session: Session, actor: Actor, *, tenant_id: UUID, tags: Sequence[str], now: datetime) -> list[str]:
    """Instead of those it had. Raises InvalidInput, NotFound, NoGrant, GrantEnded."""
    wanted = sorted({tag.strip() for tag in tags})
    if len(wanted) > MOST_TAGS:
        raise InvalidInput(f"A client has at most {MOST_TAGS} tags.", field=("tags",), code="TOO_MANY_TAGS")
    if not all(1 <= len(tag) <= TAG_LENGTH for tag in wanted):
        raise InvalidInput(f"A tag has 1 to {TAG_LENGTH} characters.", field=("tags",))
    await enter(session, Scope(organization_id=actor.organization_id, readable=frozenset({tenant_id})))
    reading = ApiScope.READ_METRICS
    await require_grant(
        await snapshot_within(session), actor, tenant_id=tenant_id, scope=reading, now=now, field=("clientId",)
    )
    # One after the other: two at once would leave what neither of them wanted.
    own_row = select(Organization.id).where(Organization.id == actor.organization_id)
    await session.execute(own_row.with_for_update(key_share=True))
    own = (ClientTag.organization_id == actor.organization_id, ClientTag.tenant_id == tenant_id)
    await session.execute(delete(ClientTag).where(*own))
    session.add_all(ClientTag(organization_id=actor.organization_id, tenant_id=tenant_id, tag=tag) for tag in wanted)
    await session.flush()
    return wanted

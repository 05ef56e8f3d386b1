"""Organizations and their apps as answers tell them, by the organization's own scope."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from tenants.access.models import App, Invitation, Organization
from tenants.ids import FIRST
from tenants.snapshots import Snapshot
from tenants.sql import Query, Row, query

Key = tuple[UUID, UUID]
"""An organization's id and the id of something of it."""

_APP = """a.id, a.created_at, a.organization_id, a.client_id, a.name, a.kind, a.redirect_uris, a.scopes, a.audience,
    a.persisted_only, a.archived_at"""

ORGANIZATIONS = query("""
SELECT o.id, o.created_at, o.kind, o.name, o.parent_id, o.archived_at FROM organizations o
WHERE o.id = ANY (:organization_ids!uuids)
""")
APPS = query(f"""
SELECT {_APP} FROM apps a WHERE a.organization_id = ANY (:organization_ids!uuids) AND a.id = ANY (:ids!uuids)
""")
APP_PAGES = query(f"""
SELECT * FROM (
    SELECT {_APP}, row_number() OVER (PARTITION BY a.organization_id ORDER BY a.id) AS place
    FROM apps a
    WHERE a.organization_id = ANY (:organization_ids!uuids) AND a.archived_at IS NULL AND a.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY organization_id, place
""")
SECRETS = query("""
SELECT s.organization_id, s.app_id, s.created_at, s.expires_at FROM app_secrets s
WHERE s.organization_id = ANY (:organization_ids!uuids) AND s.app_id = ANY (:ids!uuids)
  AND (s.expires_at IS NULL OR s.expires_at > :now!instant)
ORDER BY s.id
""")
KEYS = query("""
SELECT k.organization_id, k.app_id, k.created_at, k.kid, k.public_jwk ->> 'alg' AS algorithm FROM app_keys k
WHERE k.organization_id = ANY (:organization_ids!uuids) AND k.app_id = ANY (:ids!uuids)
  AND (k.expires_at IS NULL OR k.expires_at > :now!instant)
ORDER BY k.id
""")


SUB_PAGES = query("""
SELECT * FROM (
    SELECT o.id, o.created_at, o.kind, o.name, o.parent_id, o.archived_at,
        row_number() OVER (PARTITION BY o.parent_id ORDER BY o.id) AS place
    FROM organizations o
    WHERE o.parent_id = ANY (:organization_ids!uuids) AND o.archived_at IS NULL AND o.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY parent_id, place
""")
_MEMBER = "m.organization_id, m.person_id AS id, m.role, m.created_at"
MEMBERS = query(f"""
SELECT {_MEMBER} FROM memberships m
WHERE m.organization_id = ANY (:organization_ids!uuids) AND m.person_id = ANY (:ids!uuids)
""")
MEMBER_PAGES = query(f"""
SELECT * FROM (
    SELECT {_MEMBER}, row_number() OVER (PARTITION BY m.organization_id ORDER BY m.person_id) AS place
    FROM memberships m WHERE m.organization_id = ANY (:organization_ids!uuids) AND m.person_id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY organization_id, place
""")
ADDRESSES = query("SELECT p.id, p.sign_in_address FROM people p WHERE p.id = ANY (:ids!uuids)")
_INVITATION = """i.id, i.created_at, i.organization_id, i.into_id, i.address, i.role, i.expires_at, i.accepted_at,
    i.revoked_at"""
INVITATIONS = query(f"""
SELECT {_INVITATION} FROM invitations i
WHERE i.organization_id = ANY (:organization_ids!uuids) AND i.id = ANY (:ids!uuids)
""")
INVITATION_PAGES = query(f"""
SELECT * FROM (
    SELECT {_INVITATION}, row_number() OVER (PARTITION BY i.organization_id ORDER BY i.id) AS place
    FROM invitations i
    WHERE i.organization_id = ANY (:organization_ids!uuids) AND i.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY organization_id, place
""")


CONSENTS = query("""
SELECT z.id, z.created_at, z.expires_at, z.person_id, z.organization_id, z.acts_for_id, z.app_title, z.scopes
FROM authorizations z
WHERE z.person_id = :person_id!uuid AND z.ended_at IS NULL AND z.expires_at > :now!instant AND z.id > :after!uuid
ORDER BY z.id LIMIT :limit!bigint
""")
SIGN_INS = query("""
SELECT s.id, s.created_at, s.expires_at, s.person_id, s.method FROM sign_ins s
WHERE s.person_id = :person_id!uuid AND s.ended_at IS NULL AND s.expires_at > :now!instant AND s.id > :after!uuid
ORDER BY s.id LIMIT :limit!bigint
""")


class Belonging(NamedTuple):
    """A member, by the person's id."""

    organization_id: UUID
    id: UUID
    role: str
    created_at: datetime
    address: str


async def organizations_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Organization]:
    rows = await snapshot.fetch(ORGANIZATIONS, organization_ids=_owners(keys))
    return {(row["id"], row["id"]): cast(Organization, row) for row in rows}


async def apps_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, App]:
    """Archived ones too."""
    rows = await snapshot.fetch(APPS, organization_ids=_owners(keys), ids=[id for _, id in keys])
    return {(row["organization_id"], row["id"]): cast(App, row) for row in rows}


async def app_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[App]]:
    """A page of each organization's that are not archived, in the order they were made."""
    found: dict[UUID, list[App]] = {}
    for row in await _page(snapshot, APP_PAGES, organization_ids, after, limit):
        found.setdefault(row["organization_id"], []).append(cast(App, row))
    return found


async def live_secrets(snapshot: Snapshot, keys: Sequence[Key], *, now: datetime) -> dict[Key, list[Row]]:
    """When each app's secrets were made and when they end, oldest first; never what they are."""
    return await _of_apps(snapshot, SECRETS, keys, now)


async def live_keys(snapshot: Snapshot, keys: Sequence[Key], *, now: datetime) -> dict[Key, list[Row]]:
    """Each app's public keys, oldest first."""
    return await _of_apps(snapshot, KEYS, keys, now)


async def sub_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[Organization]]:
    """A page of those under each, in the order they were made."""
    found: dict[UUID, list[Organization]] = {}
    for row in await _page(snapshot, SUB_PAGES, organization_ids, after, limit):
        found.setdefault(row["parent_id"], []).append(cast(Organization, row))
    return found


async def members_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Belonging]:
    rows = await snapshot.fetch(MEMBERS, organization_ids=_owners(keys), ids=[id for _, id in keys])
    return {(each.organization_id, each.id): each for each in await _met(snapshot, rows)}


async def member_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[Belonging]]:
    """A page of each organization's, in the order in which they first signed up anywhere."""
    found: dict[UUID, list[Belonging]] = {}
    for each in await _met(snapshot, await _page(snapshot, MEMBER_PAGES, organization_ids, after, limit)):
        found.setdefault(each.organization_id, []).append(each)
    return found


async def invitations_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Invitation]:
    """By who invited. Ended ones too."""
    rows = await snapshot.fetch(INVITATIONS, organization_ids=_owners(keys), ids=[id for _, id in keys])
    return {(row["organization_id"], row["id"]): cast(Invitation, row) for row in rows}


async def invitation_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[Invitation]]:
    """A page of those that each made, oldest first. Ended ones too, for a month."""
    found: dict[UUID, list[Invitation]] = {}
    for row in await _page(snapshot, INVITATION_PAGES, organization_ids, after, limit):
        found.setdefault(row["organization_id"], []).append(cast(Invitation, row))
    return found


async def _of_apps(snapshot: Snapshot, of_apps: Query, keys: Sequence[Key], now: datetime) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    rows = await snapshot.fetch(of_apps, organization_ids=_owners(keys), ids=[id for _, id in keys], now=now)
    for row in rows:
        found.setdefault((row["organization_id"], row["app_id"]), []).append(row)
    return found


async def own_page(
    snapshot: Snapshot, pages: Query, person_id: UUID, *, now: datetime, after: UUID | None, limit: int
) -> list[Row]:
    """Of what is a person's own and not over, oldest first."""
    await snapshot.act_for(person_id)
    return await snapshot.fetch(pages, person_id=person_id, now=now, after=after or FIRST, limit=limit)


async def _page(
    snapshot: Snapshot, pages: Query, organization_ids: Sequence[UUID], after: UUID | None, limit: int
) -> list[Row]:
    return await snapshot.fetch(pages, organization_ids=list(organization_ids), after=after or FIRST, limit=limit)


async def _met(snapshot: Snapshot, rows: Sequence[Row]) -> list[Belonging]:
    """Members with their addresses, which an organization knows of its own."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    await snapshot.meet(ids)
    addresses = {row["id"]: row["sign_in_address"] for row in await snapshot.fetch(ADDRESSES, ids=ids)}
    return [
        Belonging(row["organization_id"], row["id"], row["role"], row["created_at"], addresses[row["id"]])
        for row in rows
    ]


def _owners(keys: Sequence[Key]) -> list[UUID]:
    return list({organization_id for organization_id, _ in keys})

"""Organizations and their apps as answers tell them, by the organization's own scope."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from tenants.access.models import App, Organization
from tenants.ids import FIRST
from tenants.snapshots import Snapshot
from tenants.sql import Row, query

Key = tuple[UUID, UUID]
"""An organization's id and the id of something of it."""

_APP = "a.id, a.created_at, a.organization_id, a.client_id, a.name, a.kind, a.redirect_uris, a.scopes, a.archived_at"

ORGANIZATIONS = query("""
SELECT o.id, o.created_at, o.kind, o.name, o.parent_id FROM organizations o WHERE o.id = ANY (:organization_ids!uuids)
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
    asked: dict[str, Any] = {"organization_ids": list(organization_ids), "after": after or FIRST, "limit": limit}
    for row in await snapshot.fetch(APP_PAGES, **asked):
        found.setdefault(row["organization_id"], []).append(cast(App, row))
    return found


async def live_secrets(snapshot: Snapshot, keys: Sequence[Key], *, now: datetime) -> dict[Key, list[Row]]:
    """When each app's secrets were made and when they end, oldest first; never what they are."""
    found: dict[Key, list[Row]] = {}
    rows = await snapshot.fetch(SECRETS, organization_ids=_owners(keys), ids=[id for _, id in keys], now=now)
    for row in rows:
        found.setdefault((row["organization_id"], row["app_id"]), []).append(row)
    return found


def _owners(keys: Sequence[Key]) -> list[UUID]:
    return list({organization_id for organization_id, _ in keys})

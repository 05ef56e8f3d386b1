"""Templates as answers tell them, by the organization's own scope, and what stands for their items at clients."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar, cast
from uuid import UUID

from domain.kpis.models import Kpi
from domain.kpis.repository import list_targets
from domain.objectives.models import Objective
from domain.objectives.repository import list_kpis_of
from domain.reading import rows_by_id
from domain.templates.content import Content
from domain.templates.drift import Standing
from domain.templates.models import ItemKind, Template, TemplateMark
from tenants.ids import FIRST
from tenants.snapshots import Snapshot
from tenants.sql import query

V = TypeVar("V")
Key = tuple[UUID, UUID]
"""An owner's id and the id of something of it."""

_TEMPLATE = "t.id, t.created_at, t.organization_id, t.name, t.description, t.newest, t.archived_at"
OBJECTIVES, KPIS = rows_by_id(Objective), rows_by_id(Kpi)

TEMPLATES = query(f"""
SELECT {_TEMPLATE} FROM templates t
WHERE t.organization_id = ANY (:organization_ids!uuids) AND t.id = ANY (:ids!uuids)
""")
TEMPLATE_PAGES = query(f"""
SELECT * FROM (
    SELECT {_TEMPLATE}, row_number() OVER (PARTITION BY t.organization_id ORDER BY t.id) AS place
    FROM templates t
    WHERE t.organization_id = ANY (:organization_ids!uuids) AND t.archived_at IS NULL AND t.id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY organization_id, place
""")
VERSIONS = query("""
SELECT v.organization_id, v.template_id, v.version, v.content FROM template_versions v
WHERE v.organization_id = :organization_id!uuid AND v.template_id = ANY (:ids!uuids)
  AND v.version = ANY (:versions!bigints)
""")
APPLICATION_PAGES = query("""
SELECT * FROM (
    SELECT a.tenant_id, a.template_id, a.version, a.applied_at,
        row_number() OVER (PARTITION BY a.template_id ORDER BY a.tenant_id) AS place
    FROM template_applications a
    WHERE a.organization_id = :organization_id!uuid AND a.template_id = ANY (:ids!uuids) AND a.tenant_id > :after!uuid
) p
WHERE place <= :limit!bigint ORDER BY template_id, place
""")
MARKS = query("""
SELECT m.tenant_id, m.template_id, m.kind, m.item, m.object_id, m.version, m.starts_on, m.adopted
FROM template_marks m
WHERE m.tenant_id = ANY (:tenant_ids!uuids) AND m.template_id = ANY (:ids!uuids)
""")


class Application(NamedTuple):
    """That was made, by the tenant's id."""

    id: UUID
    template_id: UUID
    version: int
    applied_at: datetime


async def templates_by_id(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, Template]:
    """Archived ones too."""
    owners = list({owner for owner, _ in keys})
    rows = await snapshot.fetch(TEMPLATES, organization_ids=owners, ids=[id for _, id in keys])
    return {(row["organization_id"], row["id"]): cast(Template, row) for row in rows}


async def template_pages(
    snapshot: Snapshot, organization_ids: Sequence[UUID], *, after: UUID | None, limit: int
) -> dict[UUID, list[Template]]:
    """A page of each organization's that are not archived, oldest first."""
    found: dict[UUID, list[Template]] = {}
    owners = list(organization_ids)
    for row in await snapshot.fetch(TEMPLATE_PAGES, organization_ids=owners, after=after or FIRST, limit=limit):
        found.setdefault(row["organization_id"], []).append(cast(Template, row))
    return found


async def contents_of(
    snapshot: Snapshot, wanted: Sequence[tuple[UUID, int]], *, organization_id: UUID
) -> dict[tuple[UUID, int], Content]:
    """By template and version."""
    rows = await snapshot.fetch(
        VERSIONS,
        organization_id=organization_id,
        ids=list({id for id, _ in wanted}),
        versions=list({version for _, version in wanted}),
    )
    return {(row["template_id"], row["version"]): Content.parse(row["content"]) for row in rows}


async def application_pages(
    snapshot: Snapshot, template_ids: Sequence[UUID], *, organization_id: UUID, after: UUID | None, limit: int
) -> dict[UUID, list[Application]]:
    """A page of each template's, in the order of the tenants' ids."""
    found: dict[UUID, list[Application]] = {}
    rows = await snapshot.fetch(
        APPLICATION_PAGES,
        organization_id=organization_id,
        ids=list(template_ids),
        after=after or FIRST,
        limit=limit,
    )
    for row in rows:
        found.setdefault(row["template_id"], []).append(Application(*row[:4]))
    return found


async def standings(snapshot: Snapshot, wanted: Sequence[Key], currencies: Mapping[UUID, str]) -> dict[Key, Standing]:
    """By tenant and template. The tenants were entered, and have these currencies."""
    marks: dict[Key, dict[tuple[str, UUID], TemplateMark]] = {key: {} for key in wanted}
    rows = await snapshot.fetch(MARKS, tenant_ids=list(currencies), ids=list({id for _, id in wanted}))
    for row in rows:
        if (key := (row["tenant_id"], row["template_id"])) in marks:
            marks[key][row["kind"], row["item"]] = cast(TemplateMark, row)
    marked = {
        kind: list({(row["tenant_id"], row["object_id"]) for row in rows if row["kind"] == kind})
        for kind in (ItemKind.OBJECTIVE, ItemKind.KPI)
    }
    objectives = _by_tenant(await OBJECTIVES(snapshot, marked[ItemKind.OBJECTIVE]))
    kpis = _by_tenant(await KPIS(snapshot, marked[ItemKind.KPI]))
    listed = await list_targets(snapshot, marked[ItemKind.KPI])
    targets = _by_tenant({key: found[0] for key, found in listed.items()})
    linked = await list_kpis_of(snapshot, marked[ItemKind.OBJECTIVE])
    links = _by_tenant({key: [row.id for row in found] for key, found in linked.items()})
    return {
        (tenant_id, id): Standing(
            currency=currencies[tenant_id],
            marks=marks[tenant_id, id],
            objectives=objectives.get(tenant_id, {}),
            kpis=kpis.get(tenant_id, {}),
            targets=targets.get(tenant_id, {}),
            links=links.get(tenant_id, {}),
        )
        for tenant_id, id in wanted
    }


def _by_tenant(found: Mapping[Key, V]) -> dict[UUID, dict[UUID, V]]:
    grouped: dict[UUID, dict[UUID, V]] = {}
    for (tenant_id, id), each in found.items():
        grouped.setdefault(tenant_id, {})[id] = each
    return grouped

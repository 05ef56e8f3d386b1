"""Reads of what tenants have: one statement, however many things of however many tenants.

Rows answer to the same attributes as the entities they are of, and are typed so; they belong to no session.
"""

from collections.abc import Awaitable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from tenants.ids import FIRST
from tenants.snapshots import Snapshot
from tenants.sql import Query, Row, query
from tenants.tables import TenantTable

E = TypeVar("E", bound=TenantTable)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)

Key = tuple[UUID, UUID]
"""A tenant's id and the id of something of it."""

LIVE = "e.archived_at IS NULL"


class Read(Protocol[V_co]):
    """Everything about many things; what is not there is left out."""

    def __call__(self, snapshot: Snapshot, keys: Sequence[Key]) -> Awaitable[Mapping[Key, V_co]]: ...


async def once(snapshot: Snapshot, read: Read[V], keys: Sequence[Key]) -> Mapping[Key, V]:
    """Whatever several fields of a request want, of what is read by keys, is asked of the database for the first.

    Most want it alone: what was asked is gone through by the second.
    """
    known: tuple[dict[Key, V], list[Sequence[Key]]] | None = snapshot.known.get(read)
    if known is None:
        found = dict(await read(snapshot, keys))
        snapshot.known[read] = found, [keys]
        return found
    found, asked = known
    before = {key for each in asked for key in each}
    new = [key for key in dict.fromkeys(keys) if key not in before]
    if new:
        found.update(await read(snapshot, new))
        asked.append(new)
    return found


def columns(entity: type[TenantTable]) -> str:
    """Of the entity under the name `e`, as far as answers tell them; named one by one, so that a column to come changes
    no statement."""
    return ", ".join(f"e.{column.name}" for column in entity.__table__.columns if column.name not in entity.untold)


@cache
def rows_by_id(entity: type[E], *, also: str = "", joined: str = "") -> Read[E]:
    """Archived ones too. `also` is what stands in no column of theirs, and comes by what is `joined`."""
    rows = query(f"""
        SELECT {columns(entity)}{also} FROM {entity.__tablename__} e {joined}
        WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND e.id = ANY (:ids!uuids)
    """)

    async def read(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, E]:
        found = await fetch_all(snapshot, rows, keys)
        return {(row["tenant_id"], row["id"]): cast(E, row) for row in found}

    return read


def lists_of(
    entity: type[E], parent: str, *, order: str, only: str = "true", also: str = "", joined: str = ""
) -> Read[list[E]]:
    """Those that name each key's thing in the column `parent`. `order` and `only` speak of `e`."""
    return grouped(
        f"""
        SELECT {columns(entity)}{also} FROM {entity.__tablename__} e {joined}
        WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND e.{parent} = ANY (:ids!uuids) AND {only}
        ORDER BY {order}
        """,
        by=parent,
    )


def grouped(sql: str, *, by: str) -> Read[list[Any]]:
    """A statement over `tenant_ids` and `ids` whose rows say by `tenant_id` and the column `by` whose they are."""
    rows = query(sql)

    async def read(snapshot: Snapshot, keys: Sequence[Key]) -> dict[Key, list[E]]:
        return group(await fetch_all(snapshot, rows, keys), by=by)

    return read


def group(rows: Sequence[Row], *, by: str) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = {}
    for row in rows:
        found.setdefault((row["tenant_id"], row[by]), []).append(row)
    return found


class Pages(Protocol[V_co]):
    """A page of each owner's: of tenants, or in the directory of organizations."""

    def __call__(
        self, snapshot: Snapshot, owners: Sequence[UUID], /, *, after: UUID | None, limit: int
    ) -> Awaitable[Mapping[UUID, Sequence[V_co]]]: ...


def live_pages(entity: type[E]) -> Pages[E]:
    """A page of each tenant's that are not archived, in the order they were made: ids are ordered by time."""
    rows = query(f"""
        SELECT * FROM (
            SELECT {columns(entity)}, row_number() OVER (PARTITION BY e.tenant_id ORDER BY e.id) AS place
            FROM {entity.__tablename__} e
            WHERE e.tenant_id = ANY (:tenant_ids!uuids) AND {LIVE} AND e.id > :after!uuid
        ) p
        WHERE place <= :limit!bigint ORDER BY tenant_id, place
    """)

    async def read(
        snapshot: Snapshot, tenant_ids: Sequence[UUID], *, after: UUID | None, limit: int
    ) -> dict[UUID, list[E]]:
        found: dict[UUID, list[E]] = {}
        for row in await snapshot.fetch(rows, tenant_ids=list(tenant_ids), after=after or FIRST, limit=limit):
            found.setdefault(row["tenant_id"], []).append(cast(E, row))
        return found

    return read


async def fetch_all(snapshot: Snapshot, rows: Query, keys: Sequence[Key], **more: Any) -> list[Row]:
    tenant_ids = list({tenant_id for tenant_id, _ in keys})
    return await snapshot.fetch(rows, tenant_ids=tenant_ids, ids=[id for _, id in keys], **more)

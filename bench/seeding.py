"""Databases of a given size, filled by a handful of set-based statements."""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from bench.model import Failed
from domain.kpis.recompute import recompute_tenant
from tenants.access import service as access
from tenants.access.actor import ApiScope
from tenants.access.apps import register_app
from tenants.access.kinds import AppKind, OrganizationKind
from tenants.clock import WallClock
from tenants.database import Database
from tenants.embedded import DatabaseUrls

SEED = Path(__file__).with_name("seed")
FILES = ("names", "directory", "course", "components")
PLACES = (
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "UTC",
    "Europe/Berlin",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Pacific/Auckland",
)


@dataclass(frozen=True)
class Size:
    """`days` of history a tenant; `orders` are facts a tenant, which only the recompute needs."""

    tenants: int
    days: int
    orders: int = 0


@dataclass(frozen=True)
class Ground:
    """A seeded database, the key of what is sealed in it, and a client of the API that may read all its tenants."""

    name: str
    urls: DatabaseUrls
    size: Size
    master_key: str
    organization_id: UUID
    client_id: str
    client_secret: str
    tenants: tuple[UUID, ...]


def early_places(now: datetime) -> list[str]:
    """Where the day has begun last, four of them: a run lasts an hour, and answers change at midnight."""
    times = {place: now.astimezone(ZoneInfo(place)).time() for place in PLACES}
    return sorted(sorted(PLACES, key=times.__getitem__)[:4])


# Chosen once a run, so that the databases that are compared live in the same places.
ZONES = early_places(datetime.now(UTC))


async def sow(urls: DatabaseUrls, name: str, size: Size) -> Ground:
    organization_id, client_id, client_secret = await _client(urls)
    connection = await asyncpg.connect(urls.migration)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off")
            told = {"organization": organization_id, "zones": f"{{{','.join(ZONES)}}}", **vars(size)}
            for key, value in told.items():
                await connection.execute("SELECT set_config($1, $2, true)", f"bench.{key}", str(value))
            for file in (*FILES, *(["orders"] if size.orders else [])):
                await _execute(connection, file)
        rows = await connection.fetch("SELECT tenant_id FROM tenant_profiles ORDER BY tenant_id")
        tenants = tuple(row["tenant_id"] for row in rows)
        await _keep_current(urls, tenants)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    master_key = base64.b64encode(os.urandom(32)).decode()
    return Ground(name, urls, size, master_key, organization_id, client_id, client_secret, tenants)


async def _keep_current(urls: DatabaseUrls, tenants: Sequence[UUID]) -> None:
    """As the worker does where no day is dirty."""
    database = Database(urls.application, pool_size=1)
    try:
        for tenant_id in tenants:
            await recompute_tenant(database, WallClock(), tenant_id=tenant_id)
    finally:
        await database.close()


async def _execute(connection: asyncpg.Connection, file: str) -> None:
    """Raises Failed, as it will when a migration changes a table that is filled here."""
    try:
        await connection.execute(_sql(file))
    except asyncpg.PostgresError as error:
        raise Failed(f"seeding by {file}.sql: {error}") from error


def _sql(file: str) -> str:
    return (SEED / f"{file}.sql").read_text()


async def _client(urls: DatabaseUrls) -> tuple[UUID, str, str]:
    """Registered as an operator does it."""
    database = Database(urls.application, pool_size=1)
    try:
        async with database.unit_of_work() as session:
            agency = await access.organization_create(session, kind=OrganizationKind.AGENCY, name="Bench Agency")
            app, secret = await register_app(
                session,
                organization_id=agency.id,
                name="Bench",
                kind=AppKind.CONFIDENTIAL,
                scopes=[str(scope) for scope in ApiScope],
            )
            assert secret is not None
            return agency.id, app.client_id, secret
    finally:
        await database.close()

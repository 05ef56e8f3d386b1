"""Tenants with a connection each, and rows of theirs at an age."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from domain.housekeeping.retention import ALL
from domain.housekeeping.service import tidy
from tenants.database import Database
from tenants.ids import new_id

NOW = datetime(2020, 11, 22, 12, tzinfo=UTC)
"""Long ago: whatever other tests have left is younger than all that must go."""
COLUMNS = {rule.table: rule.column for rule in ALL}


class StandingClock:
    def now(self) -> datetime:
        return NOW


class Ground:
    """Two tenants with a connection each, and one row of every kind at an age."""

    def __init__(self, migrator: asyncpg.Connection, database: Database) -> None:
        self.migrator, self.database, self.clock = migrator, database, StandingClock()

    async def open_tenant(self) -> tuple[UUID, UUID]:
        organization_id, tenant_id, app_id, connection_id = new_id(), new_id(), new_id(), new_id()
        for sql, values in (
            ("INSERT INTO organizations VALUES ($1, $2, 'TENANT', 'Shop', NULL)", (organization_id, NOW)),
            ("INSERT INTO tenants VALUES ($1, $2, $3, NULL)", (tenant_id, NOW, organization_id)),
            (
                "INSERT INTO provider_apps VALUES ($1, $2, $3, 'shopify', $4, '', '{}', '', false, NULL)",
                (app_id, NOW, organization_id, str(app_id)),
            ),
            (
                "INSERT INTO connections (tenant_id, id, created_at, provider, provider_app_id, account, status,"
                " scopes, missing_scopes, warnings, token_version)"
                " VALUES ($1, $2, $3, 'shopify', $4, 'x', 'ACTIVE', '{}', '{}', '{}', 0)",
                (tenant_id, connection_id, NOW, app_id),
            ),
        ):  # fmt: skip
            await self.migrator.execute(sql, *values)
        return tenant_id, connection_id

    async def tidy(self) -> int:
        return await tidy(self.database, self.clock, halted=asyncio.Event())

    async def deliver(self, owner: tuple[UUID, UUID], status: str, age: timedelta, *, count: int = 1) -> None:
        await self.migrator.execute(
            "INSERT INTO webhook_deliveries (tenant_id, connection_id, delivery_id, topic, received_at, status,"
            " attempts, duplicates, due_at)"
            " SELECT $1, $2, gen_random_uuid()::text, 't', $3, $4, 1, 0, $3 FROM generate_series(1, $5)",
            *owner, NOW - age, status, count,
        )  # fmt: skip

    async def count(self, table: str, where: str = "true") -> int:
        column = COLUMNS[table]
        found: int = await self.migrator.fetchval(
            f"SELECT count(*) FROM {table} WHERE {column} < $1 AND {where}", NOW + timedelta(days=1)
        )
        return found

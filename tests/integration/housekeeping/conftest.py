from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tests.integration.housekeeping.ground import COLUMNS, NOW, Ground


@pytest.fixture
async def migrator(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_urls.migration)
    yield connection
    await connection.close()


@pytest.fixture
async def ground(migrator: asyncpg.Connection, database: Database) -> AsyncIterator[Ground]:
    yield Ground(migrator, database)
    for table, column in COLUMNS.items():
        await migrator.execute(f"DELETE FROM {table} WHERE {column} < $1", NOW + timedelta(days=1))

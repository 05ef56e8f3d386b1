"""A database with two strangers in it, seen by its administrator and by the application."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from migrations import running
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tests.isolation.rows import World
from tests.isolation.schema import Connection, Schema, read

DATABASE = "azimuth_isolation"


@pytest.fixture(scope="session")
def isolated(cluster: EmbeddedServer, role_passwords: Path) -> DatabaseUrls:
    """A database of its own: what stands in it would disturb others, and theirs the count of rows here."""
    urls = asyncio.run(provision(cluster, DATABASE, role_passwords))
    running.upgrade(urls.migration)
    return urls


@pytest.fixture(scope="session")
async def administrator(cluster: EmbeddedServer, isolated: DatabaseUrls) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(cluster.dsn(SUPERUSER, cluster.password, DATABASE))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def schema(administrator: Connection) -> Schema:
    return await read(administrator)


@pytest.fixture(scope="session")
async def world(administrator: Connection, schema: Schema) -> World:
    made = World(schema)
    async with administrator.transaction():
        for statement in made.statements():
            await administrator.execute(statement)
    return made


@pytest.fixture(scope="session")
async def application(isolated: DatabaseUrls, world: World) -> AsyncIterator[Connection]:
    """Signed in as the application, when the strangers are there."""
    connection = await asyncpg.connect(isolated.application)
    yield connection
    await connection.close()

"""What a transaction is told ends with it, is an id or nothing, and binds whoever runs as the application."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.database import Database, UnsafeRole, refuse_unsafe_role
from tenants.embedded import DatabaseUrls
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer
from tenants.scope import Scope
from tests.isolation.conftest import DATABASE
from tests.isolation.expectations import APPLICATION, CONTEXT, OWNER
from tests.isolation.rows import A, World
from tests.isolation.schema import Connection

WHOLE = Scope(
    organization_id=A.organization_id,
    person_id=A.person_id,
    tenant_id=A.tenant_id,
    readable=frozenset((A.tenant_id,)),
)
SEEN = text("SELECT count(*) FROM kpis")


class Interrupted(Exception):
    pass


@pytest.fixture
async def one_connection(isolated: DatabaseUrls, world: World) -> AsyncIterator[Database]:
    """A pool that has to give everybody the same connection."""
    database = Database(isolated.application, pool_size=1)
    yield database
    await database.close()


async def told(database: Database) -> list[object]:
    async with database.unit_of_work() as session:
        return [await session.scalar(text(f"SELECT {function}")) for function in CONTEXT]


@pytest.mark.parametrize("ending", ["commit", "rollback", "snapshot"])
async def test_a_connection_forgets_whom_it_served(one_connection: Database, ending: str) -> None:
    opening = one_connection.snapshot if ending == "snapshot" else one_connection.unit_of_work
    try:
        async with opening(WHOLE) as session:
            served = await session.scalar(text("SELECT pg_backend_pid()"))
            assert await session.scalar(SEEN) == 1
            if ending == "rollback":
                raise Interrupted
    except Interrupted:
        pass
    assert await told(one_connection) == [[], [], [], None, None, None]
    async with one_connection.unit_of_work() as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) == served
        assert await session.scalar(SEEN) == 0


@pytest.mark.parametrize("setting", [name.removesuffix("()") for name in CONTEXT])
async def test_a_malformed_setting_is_an_error(application: Connection, setting: str) -> None:
    for value in ("everything", "{*}", "'' OR true", "%", "null", "00000000-0000-0000-0000-00000000000"):
        asking = f"SET LOCAL {setting} = '{value}'; SELECT {setting}()"
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await application.execute(f"BEGIN; {asking}")
        await application.execute("ROLLBACK")


async def test_starting_as_the_application_is_safe(one_connection: Database) -> None:
    async with one_connection.snapshot() as session:
        await refuse_unsafe_role(session)


async def test_starting_as_the_migrator_is_refused(isolated: DatabaseUrls) -> None:
    database = Database(isolated.migration, pool_size=1)
    async with database.snapshot() as session:
        with pytest.raises(UnsafeRole, match="BYPASSRLS and is or belongs to the owner"):
            await refuse_unsafe_role(session)
    await database.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"ALTER ROLE {APPLICATION} SUPERUSER", "is a superuser"),
        (f"ALTER ROLE {APPLICATION} BYPASSRLS", "has BYPASSRLS"),
        (f"GRANT {OWNER} TO {APPLICATION}", "belongs to the owner"),
        (f"ALTER TABLE kpis OWNER TO {APPLICATION}", "belongs to the owner"),
    ],
)
async def test_starting_with_more_rights_is_refused(
    cluster: EmbeddedServer, isolated: DatabaseUrls, change: str, words: str
) -> None:
    database = Database(cluster.dsn(SUPERUSER, cluster.password, DATABASE), pool_size=1)
    async with AsyncSession(database.engine) as session:
        await session.execute(text(change))
        await session.execute(text(f"SET LOCAL SESSION AUTHORIZATION {APPLICATION}"))
        with pytest.raises(UnsafeRole, match=words):
            await refuse_unsafe_role(session)
        await session.rollback()
    await database.close()

"""The schema goes up, comes down and goes up again, and the models agree with it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from migrations import running
from migrations.revisions import head
from tenants.embedded import provision
from tenants.postgres.server import EmbeddedServer


async def test_the_schema_goes_up_and_down_and_up_again(cluster: EmbeddedServer, role_passwords: Path) -> None:
    urls = await provision(cluster, "azimuth_migrations", role_passwords)
    await asyncio.to_thread(running.upgrade, urls.migration)
    await asyncio.to_thread(running.check, urls.migration)
    await asyncio.to_thread(running.downgrade, urls.migration, "base")
    await asyncio.to_thread(running.upgrade, urls.migration)
    await asyncio.to_thread(running.check, urls.migration)


RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"


def migrate(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", "migrate"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "MIGRATION_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def standing(connection: asyncpg.Connection) -> tuple[str, Sequence[str], int]:
    """The revision, all relations, and how many of the functions are there."""
    return (
        await connection.fetchval("SELECT version_num FROM alembic_version"),
        [row["relname"] for row in await connection.fetch(RELATIONS)],
        await connection.fetchval("SELECT count(*) FROM pg_proc WHERE pronamespace = 'app'::regnamespace"),
    )


# What any reader of a table holds: the migration makes its functions first, then wants the table to itself. And what
# another migration holds.
@pytest.mark.parametrize(
    "held",
    [
        "tenants IN ACCESS SHARE MODE",
        pytest.param("alembic_version IN ACCESS EXCLUSIVE MODE", marks=pytest.mark.long),
    ],
)
async def test_a_migration_gives_way_to_who_holds_a_table_and_leaves_nothing_half_done(
    cluster: EmbeddedServer, role_passwords: Path, held: str
) -> None:
    """It would otherwise wait, and every query of that table behind it."""
    database = f"azimuth_migrations_{held.split()[0]}"
    urls = await provision(cluster, database, role_passwords)
    await asyncio.to_thread(running.upgrade, urls.migration, "0004")
    holder = await asyncpg.connect(cluster.dsn("postgres", cluster.password, database))
    try:
        before = await standing(holder)
        async with holder.transaction():
            await holder.execute(f"LOCK TABLE {held}")
            began = time.monotonic()
            ended = await asyncio.to_thread(migrate, urls.migration)
            assert 5 <= time.monotonic() - began < 20
        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        assert "did not get a lock" in ended.stderr
        assert "nothing was changed" in ended.stderr
        assert await standing(holder) == before
        again = await asyncio.to_thread(migrate, urls.migration)
        assert again.returncode == 0, again.stderr
        assert (await standing(holder))[0] == head()
    finally:
        await holder.close()


def test_the_newest_revision_is_the_one_alembic_knows() -> None:
    assert head() == ScriptDirectory.from_config(running.configuration("postgresql://")).get_current_head()

"""Two strangers in every table, and the application's own sign-in between them."""

import asyncpg
import pytest

from tenants.embedded import DatabaseUrls
from tests.isolation.expectations import OWNER
from tests.isolation.models import GUARDED, TENANT_TABLES
from tests.isolation.probe import WHOLE, Context, probe, stray, subject_of, tenant_keys
from tests.isolation.rows import NOBODY, B, World
from tests.isolation.schema import Connection


@pytest.mark.parametrize("table", GUARDED)
async def test_strangers_stay_strangers(application: Connection, world: World, table: str) -> None:
    transaction = application.transaction()
    await transaction.start()
    try:
        found = [finding async for finding in probe(application, subject_of(world, table))]
    finally:
        await transaction.rollback()
    assert found == []


def test_every_guarded_table_is_probed(world: World) -> None:
    assert sorted(world.guards) == sorted(GUARDED)


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_a_reference_to_a_stranger_fails_like_one_to_nothing(
    application: Connection, world: World, table: str
) -> None:
    subject = subject_of(world, table)
    telling = ";".join(("BEGIN", *Context("all of A", WHOLE).statements()))
    for key in tenant_keys(subject):
        refusals = []
        for parent in (world.row(key.parent, B), world.fresh(key.parent, NOBODY)):
            with pytest.raises(asyncpg.ForeignKeyViolationError) as raised:
                await application.execute(f"{telling}; {stray(subject, key, parent)}")
            refusals.append(raised.value.as_dict())
            await application.execute("ROLLBACK")
        assert refusals[0] == refusals[1]


async def test_the_owner_of_the_tables_sees_no_row(isolated: DatabaseUrls, world: World) -> None:
    migrator = await asyncpg.connect(isolated.migration)
    await migrator.execute(f"SET ROLE {OWNER}")
    seen = {name: await migrator.fetchval(f"SELECT count(*) FROM {name}") for name in world.guards}
    await migrator.close()
    assert {name: rows for name, rows in seen.items() if rows} == {}


async def test_the_benchmark_role_reads_nothing(isolated: DatabaseUrls, world: World) -> None:
    assert isolated.benchmark is not None
    benchmark = await asyncpg.connect(isolated.benchmark)
    refused = []
    for name in world.schema.relations:
        try:
            await benchmark.execute(f"SELECT FROM {name}")
        except asyncpg.InsufficientPrivilegeError:
            refused.append(name)
    await benchmark.close()
    assert refused == list(world.schema.relations)

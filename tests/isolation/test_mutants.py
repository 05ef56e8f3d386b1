"""The proofs must be able to fail: every weakened table is noticed, by the catalog check and by the probe."""

from collections.abc import Mapping

import pytest

from migrations.security import protect_tenant
from tests.isolation.catalog import findings, findings_of
from tests.isolation.expectations import ALL, OWNER
from tests.isolation.models import GUARDED, MODELS
from tests.isolation.mutants import mutants_of, weakened
from tests.isolation.probe import is_felt, subject_of
from tests.isolation.rows import SIDES, World, insert
from tests.isolation.schema import Connection, Schema, read, read_again

NEW_TABLE = """
CREATE TABLE surprises (
    tenant_id uuid NOT NULL, id uuid NOT NULL, kpi_id uuid NOT NULL, happened_on date NOT NULL, words text[] NOT NULL,
    PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, happened_on),
    FOREIGN KEY (tenant_id, kpi_id) REFERENCES kpis (tenant_id, id) ON DELETE CASCADE
)"""


async def is_seen(administrator: Connection, schema: Schema, table: str, models: Mapping[str, str]) -> bool:
    altered = await read_again(administrator, schema, table)
    return any(findings_of(table, altered, models))


async def survivors(administrator: Connection, world: World, table: str, models: Mapping[str, str]) -> list[str]:
    subject, alive = subject_of(world, table, rights=ALL), []
    for mutant in mutants_of(subject.table, subject.guard, world.schema):
        async with weakened(administrator, mutant.sql):
            if mutant.seen and not await is_seen(administrator, world.schema, table, models):
                alive.append(f"{mutant.name}: not seen by the catalog check")
            if mutant.felt and not await is_felt(administrator, subject):
                alive.append(f"{mutant.name}: not felt by the probe")
    return alive


@pytest.mark.parametrize("table", GUARDED)
async def test_no_mutant_of_a_table_survives(administrator: Connection, world: World, table: str) -> None:
    assert await survivors(administrator, world, table, MODELS) == []


@pytest.mark.usefixtures("world")
async def test_a_new_table_is_proven_like_any_other(administrator: Connection) -> None:
    """Nobody has to tell the proofs of it: its class says all."""
    owned = (NEW_TABLE, *protect_tenant("surprises"), f"ALTER TABLE surprises OWNER TO {OWNER}")
    async with weakened(administrator, ";".join(owned)):
        world = World(await read(administrator))
        assert list(findings(world.schema, MODELS)) == ["surprises: has no model"]
        for side in SIDES:
            await administrator.execute(insert("surprises", world.row("surprises", side)))
        models = {**MODELS, "surprises": "tenant"}
        async with weakened(administrator, ""):
            assert not await is_felt(administrator, subject_of(world, "surprises", rights=ALL))
        assert await survivors(administrator, world, "surprises", models) == []


@pytest.mark.parametrize("table", GUARDED)
async def test_nothing_is_noticed_where_nothing_is_wrong(administrator: Connection, world: World, table: str) -> None:
    async with weakened(administrator, ""):
        assert not await is_seen(administrator, world.schema, table, MODELS)
        assert not await is_felt(administrator, subject_of(world, table, rights=ALL))

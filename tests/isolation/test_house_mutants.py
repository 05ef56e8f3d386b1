"""Every weakness of what stands around the tables is noticed: roles, functions, settings, things without a law."""

import pytest

from tests.isolation.catalog import findings
from tests.isolation.expectations import ALL
from tests.isolation.house_mutants import house_mutants
from tests.isolation.models import GUARDED, MODELS
from tests.isolation.mutants import weakened
from tests.isolation.probe import is_felt, subject_of
from tests.isolation.rows import World
from tests.isolation.schema import Connection, read

HOUSE = {mutant.name: mutant for mutant in house_mutants()}


@pytest.mark.parametrize("name", HOUSE)
async def test_no_mutant_of_the_house_survives(administrator: Connection, world: World, name: str) -> None:
    mutant = HOUSE[name]
    async with weakened(administrator, mutant.given):
        before = set(findings(await read(administrator) if mutant.given else world.schema, MODELS))
        async with weakened(administrator, mutant.sql):
            assert set(findings(await read(administrator), MODELS)) - before
            if mutant.felt:
                assert await is_felt(administrator, subject_of(world, GUARDED[0], rights=ALL))

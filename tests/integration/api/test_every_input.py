"""Every field of every mutation's input, given what a front end should never send."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.shapes import KEY, TOLD_BACK, Input, Leaf, enums, leaves, sample
from tests.integration.api.world import World

# The gate looks at the key, and the same gate is before all of them: two are enough, one of an organization.
KEYED = ("tenantCreate", "kpiCreate")
TEXTS = [
    leaf
    for leaf in leaves("String")
    if leaf.path[-1] not in TOLD_BACK and (leaf.path[-1] != KEY or leaf.mutation in KEYED)
]
NUMBERS = leaves("Decimal")
DAYS = leaves("Date")
COUNTS = leaves("Int")
CHOICES = enums()
SWITCHES = leaves("Boolean")
MOST_CHARACTERS = 4_000

NO_NUMBERS: tuple[Any, ...] = (
    "",
    " ",
    "ten",
    "1,5",
    "1_000",
    "0x10",
    "١٢",
    "10 %",
    "NaN",
    "sNaN",
    "-Infinity",
    True,
    [],
    {},
    "\0",
)
NO_DAYS: tuple[Any, ...] = (
    "2025-02-30",
    "2025-13-01",
    "tomorrow",
    "",
    "2025-01-01T00:00:00Z",
    "31.12.2025",
    "20250101",
    20250101,
)
NO_COUNTS: tuple[Any, ...] = (2**31, 2**63, 2**64, 10**30, 1.5, "1", True)


async def _complete(leaf: Leaf, world: World) -> Input:
    input = await sample(leaf.mutation, world.agency)
    if leaf.path[-1] != KEY:
        leaf.get(input)
    return input


async def _refused_by_a_rule(caller: Caller, leaf: Leaf, input: Input, values: Sequence[Any]) -> None:
    refusals = await caller.attempts(leaf.mutation, [leaf.put(input, value) for value in values])
    for value, refusal in zip(values, refusals, strict=True):
        assert refusal is not None, value
        assert refusal.path == leaf.error_field, (value, refusal)
        assert len(refusal.message) < 300


async def _refused_by_its_type(caller: Caller, leaf: Leaf, input: Input, values: Sequence[Any]) -> None:
    for value in values:
        answer = await caller.attempt(leaf.mutation, leaf.put(input, value))
        assert "data" not in answer.body
        assert answer.code == "VALIDATION_FAILED", value
        named = answer.error["extensions"]["field"]
        assert tuple(name for name in named if not name.isdigit()) == leaf.error_field


@pytest.mark.parametrize("leaf", TEXTS, ids=str)
async def test_a_text_that_cannot_be_kept_is_refused(agency: Caller, world: World, ledger: Ledger, leaf: Leaf) -> None:
    """A character the database has no place for, and more than anybody writes."""
    input = await _complete(leaf, world)
    before = await ledger.read()
    texts = ["\0", "before\0after", "x" * (MOST_CHARACTERS + 1), "channel=" + "x" * MOST_CHARACTERS, "ä" * 20_000]
    await _refused_by_a_rule(agency, leaf, input, texts + (["", "  \t\n "] if leaf.required else []))
    assert await ledger.read() == before


@pytest.mark.parametrize("leaf", NUMBERS, ids=str)
async def test_a_number_nobody_can_reckon_with_is_refused(
    agency: Caller, world: World, ledger: Ledger, leaf: Leaf
) -> None:
    input = await _complete(leaf, world)
    before = await ledger.read()
    await _refused_by_a_rule(
        agency,
        leaf,
        input,
        ["1e18", "-1e18", "1e999", "1e-999", "0.123456789012345678901", f"{10**17}.12345678901"],
    )
    await _refused_by_its_type(agency, leaf, input, [*NO_NUMBERS, "1" * 10_000, "1e999999999"])
    assert await ledger.read() == before


@pytest.mark.parametrize("leaf", DAYS, ids=str)
async def test_a_day_out_of_all_bounds_is_refused(agency: Caller, world: World, ledger: Ledger, leaf: Leaf) -> None:
    input = await _complete(leaf, world)
    before = await ledger.read()
    await _refused_by_a_rule(agency, leaf, input, ["0001-01-01", "1899-12-31", "2101-01-01", "9999-12-31"])
    await _refused_by_its_type(agency, leaf, input, NO_DAYS)
    assert await ledger.read() == before


@pytest.mark.parametrize("leaf", COUNTS, ids=str)
async def test_a_count_out_of_all_bounds_is_refused(agency: Caller, world: World, ledger: Ledger, leaf: Leaf) -> None:
    input = await _complete(leaf, world)
    before = await ledger.read()
    await _refused_by_a_rule(agency, leaf, input, [-(2**31), 2**31 - 1])
    await _refused_by_its_type(agency, leaf, input, NO_COUNTS)
    assert await ledger.read() == before


@pytest.mark.parametrize("leaf", CHOICES + SWITCHES, ids=str)
async def test_what_is_no_choice_is_refused(agency: Caller, world: World, ledger: Ledger, leaf: Leaf) -> None:
    input = await _complete(leaf, world)
    before = await ledger.read()
    await _refused_by_its_type(agency, leaf, input, ["SOMETHING_ELSE", "", 5, {}, "yes"])
    assert await ledger.read() == before

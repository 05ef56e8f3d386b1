"""Plans live as long as their document, and one document has only so many."""

import asyncio
import gc
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import DocumentNode, execute, parse

from api.execution.executor import PlannedExecutor
from api.execution.plans import MOST_SETTINGS, Plans
from tests.unit.execution.zoo import SCHEMA, Keeper

SWITCHED = "query(" + ", ".join(f"$v{at}: Boolean!" for at in range(6)) + ") { odd { number "
SWITCHED += " ".join(f"f{at}: number @include(if: $v{at})" for at in range(6)) + " } }"


@pytest.fixture
def plans() -> Iterator[Plans]:
    """Of this test's own."""
    before, PlannedExecutor.plans = PlannedExecutor.plans, Plans()
    yield PlannedExecutor.plans
    PlannedExecutor.plans = before


async def answer(document: DocumentNode, variables: dict[str, Any] | None = None) -> Any:
    result = execute(
        SCHEMA, document, variable_values=variables, context_value=Keeper(), executor_class=PlannedExecutor
    )
    if inspect.isawaitable(result):
        result = await result
    assert not result.errors
    return result.data


async def test_a_document_is_planned_once(plans: Plans) -> None:
    document = parse("{ odd { number } }")
    first = await answer(document)
    (operation,) = plans._known._known.values()
    made = dict(operation.plans)
    assert await answer(document) == first
    assert len(made) == len(operation.plans) == 1
    assert all(operation.plans[setting] is plan for setting, plan in made.items())
    assert plans.planned == 2


async def test_a_plan_is_forgotten_with_its_document(plans: Plans) -> None:
    kept, gone = parse("{ odd { number } }"), parse("{ odd { word } }")
    await answer(kept)
    await answer(gone)
    assert len(plans._known._known) == 2
    del gone
    gc.collect()
    assert list(plans._known._known) == [id(kept.definitions[0])]


async def test_no_document_is_answered_by_the_plan_of_one_that_is_gone(plans: Plans) -> None:
    """Ids are given anew: of many short lives some meet."""
    for at in range(200):
        name = ("number", "word", "doubled")[at % 3]
        document = parse(f"{{ odd {{ {name} }} }}")
        assert list((await answer(document))["odd"][0]) == [name]
        del document
    gc.collect()
    assert len(plans._known._known) == 0


async def test_a_setting_of_the_switches_has_its_own_plan(plans: Plans) -> None:
    document = parse(SWITCHED)
    for setting in range(2):
        on = {f"v{at}": at <= setting for at in range(6)}
        assert list((await answer(document, on))["odd"][0]) == ["number", *(f"f{at}" for at in range(setting + 1))]


async def test_no_more_settings_are_remembered_than_may_be(plans: Plans) -> None:
    document = parse(SWITCHED)
    for bits in range(64):
        on = {f"v{at}": bool(bits >> at & 1) for at in range(6)}
        expected = ["number", *(f"f{at}" for at in range(6) if on[f"v{at}"])]
        assert list((await answer(document, on))["odd"][0]) == expected
        (operation,) = plans._known._known.values()
        assert len(operation.plans) <= MOST_SETTINGS


async def test_other_variables_make_no_other_plan(plans: Plans) -> None:
    document = parse("query($n: Int!) { cow(number: $n) { name } }")
    names = [(await answer(document, {"n": number}))["cow"]["name"] for number in range(3)]
    assert len(set(names)) == 3
    (operation,) = plans._known._known.values()
    assert len(operation.plans) == 1


async def test_requests_at_once_share_a_plan(plans: Plans) -> None:
    document = parse("query($n: Int!) { cow(number: $n) { name neighbors { id } } }")
    data = await asyncio.gather(*(answer(document, {"n": number % 5}) for number in range(20)))
    assert len({each["cow"]["name"] for each in data}) == 5
    assert len(plans._known._known) == 1

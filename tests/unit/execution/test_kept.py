"""What is kept for the next request is small, whatever the last one sent."""

from typing import Any

import orjson
import pytest
from graphql import parse

from api.execution import plans
from api.execution.arguments import MOST_SETTINGS, Arguments
from api.table import MOST_TOLD, Table
from tests.unit.execution.test_plan_memory import answer

CALLED = "query($p: String) { animals { called(prefix: $p) } }"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Arguments]:
    found: list[Arguments] = []

    class Seen(Arguments):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            found.append(self)

    monkeypatch.setattr(plans, "Arguments", Seen)
    return found


async def test_a_small_setting_is_read_once(made: list[Arguments]) -> None:
    document = parse(CALLED)
    for _ in range(3):
        assert (await answer(document, {"p": "x "}))["animals"][0] == {"called": "x wolf 0"}
    kept = [each._known for each in made if each._known]
    assert kept
    assert all(len(known) == 1 for known in kept)


async def test_what_is_large_is_not_kept(made: list[Arguments]) -> None:
    await answer(parse(CALLED), {"p": "x" * 900_000})
    assert not any(each._known for each in made)


async def test_only_so_many_are_kept(made: list[Arguments]) -> None:
    document = parse(CALLED)
    for at in range(MOST_SETTINGS + 5):
        await answer(document, {"p": str(at)})
    assert max(len(each._known) for each in made) == MOST_SETTINGS


def test_a_table_keeps_what_was_asked_last_and_no_more() -> None:
    table: Table[dict[str, int]] = Table(dict, {"n": [1, 2]})
    asked = [lambda columns, at=at: [{f"n{at}": each} for each in columns["n"]] for at in range(5)]
    for at, each in enumerate(asked):
        assert orjson.dumps(table.told(each)) == orjson.dumps([{f"n{at}": 1}, {f"n{at}": 2}])
    assert len(table._told) == MOST_TOLD
    assert table.told(asked[-1]) is table.told(asked[-1])

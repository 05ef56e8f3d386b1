"""What is remembered of values, and for whom."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.kpis.memory import Memory, Reckoned
from domain.kpis.reads import Standing
from domain.kpis.valuation import Ground, Question
from domain.metrics.definitions import orders, revenue
from domain.metrics.evaluation import Coverage, Values
from domain.metrics.periods import Grain, last_periods
from tenants.registry.profile import Profile

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)
PROFILE = Profile(UUID(int=1), "Crumb", "EUR", ZoneInfo("UTC"), 1, timedelta(0))
STANDING = Standing(UUID(int=1), 7, NOW, date(2026, 1, 1), None, True, False, False)
COVERAGE = Coverage(TODAY, date(2026, 1, 1), True)
GROUND = Ground(PROFILE, STANDING, COVERAGE)
QUESTION = Question(PROFILE, orders.ORDERS, "", last_periods(TODAY, Grain.DAY, 3))


@pytest.mark.parametrize(
    ("ground", "question"),
    [
        (GROUND._replace(standing=STANDING._replace(data_version=8)), QUESTION),
        (GROUND._replace(standing=STANDING._replace(computed_at=NOW + timedelta(microseconds=1))), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(today=date(2026, 3, 11))), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(first_day=None)), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(connected=False)), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(backfilling=True)), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(pending=True)), QUESTION),
        (GROUND._replace(coverage=COVERAGE._replace(fiscal_start_month=4)), QUESTION),
        (GROUND, QUESTION._replace(metric=revenue.NET_REVENUE)),
        (GROUND, QUESTION._replace(segment="channel=web")),
        (GROUND, QUESTION._replace(periods=last_periods(TODAY, Grain.DAY, 4))),
        (GROUND, QUESTION._replace(periods=last_periods(TODAY, Grain.WEEK, 3))),
        (GROUND, QUESTION._replace(periods=last_periods(date(2026, 3, 9), Grain.DAY, 3))),
    ],
)
def test_whatever_a_value_rests_on_tells_it_from_others(ground: Ground, question: Question) -> None:
    memory = Memory()
    memory.keep(GROUND.key, QUESTION.key, reckoned(3))
    assert QUESTION.key in memory.on(GROUND.key)
    assert question.key not in memory.on(ground.key)


def test_tenants_do_not_share_what_they_rest_on() -> None:
    other = Profile(UUID(int=2), "Crumb", "EUR", ZoneInfo("UTC"), 1, timedelta(0))
    assert GROUND._replace(profile=other).key != GROUND.key


def test_the_grounds_nobody_asks_about_go_first() -> None:
    memory = Memory(most=18)
    for ground in "abc":
        memory.keep(ground, "q", reckoned(2))
    memory.on("a")
    memory.keep("d", "q", reckoned(2))
    assert remembered(memory, "acd") == ["a", "c", "d"]
    memory.keep("d", "r", reckoned(2))
    assert remembered(memory, "acd") == ["c", "d"]
    memory.keep("e", "q", reckoned(100))
    assert remembered(memory, "acde") == []


def test_whoever_asks_about_grounds_without_values_fills_nothing() -> None:
    memory = Memory(most=100)
    for ground in range(1000):
        memory.on(ground)
    memory.keep("a", "q", reckoned(2))
    assert remembered(memory, "a") == ["a"]
    assert memory.grounds <= 50


def test_with_no_room_nothing_is_remembered() -> None:
    memory = Memory(0)
    memory.keep("a", "q", reckoned(1))
    assert remembered(memory, "a") == []


def remembered(memory: Memory, grounds: str) -> list[str]:
    return [ground for ground in grounds if memory.on(ground)]


def reckoned(values: int) -> Reckoned:
    return Reckoned(Values([1] * values, [1] * values, [None] * values, [()] * values), {}, {})

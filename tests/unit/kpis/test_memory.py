"""What is remembered of values, and for whom."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.kpis.memory import Memory, Reckoned
from domain.kpis.reads import Standing
from domain.kpis.valuation import Question, _ground, _key
from domain.metrics.definitions import orders, revenue
from domain.metrics.evaluation import Coverage, Values
from domain.metrics.periods import Grain, last_periods
from tenants.registry.profile import Profile

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)
PROFILE = Profile(UUID(int=1), "Crumb", "EUR", ZoneInfo("UTC"), 1, timedelta(0))
STANDING = Standing(UUID(int=1), date(2026, 1, 1), 7, NOW, True, False, False, ())
COVERAGE = Coverage(TODAY, date(2026, 1, 1), True)
QUESTION = Question(PROFILE, orders.ORDERS, "", last_periods(TODAY, Grain.DAY, 3))


def key(question: Question = QUESTION, standing: Standing = STANDING, coverage: Coverage = COVERAGE) -> Any:
    return _key(question, _ground(coverage, standing))


@pytest.mark.parametrize(
    "other",
    [
        key(standing=replace(STANDING, tenant_id=UUID(int=2))),
        key(standing=replace(STANDING, data_version=8)),
        key(standing=replace(STANDING, computed_at=NOW + timedelta(microseconds=1))),
        key(coverage=replace(COVERAGE, today=date(2026, 3, 11))),
        key(coverage=replace(COVERAGE, first_day=None)),
        key(coverage=replace(COVERAGE, connected=False)),
        key(coverage=replace(COVERAGE, backfilling=True)),
        key(coverage=replace(COVERAGE, pending=True)),
        key(coverage=replace(COVERAGE, fiscal_start_month=4)),
        key(QUESTION._replace(metric=revenue.NET_REVENUE)),
        key(QUESTION._replace(segment="channel=web")),
        key(QUESTION._replace(periods=last_periods(TODAY, Grain.DAY, 4))),
        key(QUESTION._replace(periods=last_periods(TODAY, Grain.WEEK, 3))),
        key(QUESTION._replace(periods=last_periods(date(2026, 3, 9), Grain.DAY, 3))),
    ],
)
def test_whatever_a_value_rests_on_tells_it_from_others(other: Any) -> None:
    memory = Memory()
    memory.keep(key(), reckoned(3))
    assert memory.find(key()) is not None
    assert memory.find(other) is None


def test_a_sync_that_changed_nothing_makes_nothing_forgotten() -> None:
    assert key(standing=replace(STANDING, freshness=(("shopify", NOW),))) == key()


def test_the_oldest_go_first_and_use_keeps_young() -> None:
    memory = Memory(most=12)
    for name in "abc":
        memory.keep(name, reckoned(2))
    memory.find("a")
    memory.keep("d", reckoned(2))
    assert [name for name in "abcd" if memory.find(name)] == ["a", "c", "d"]
    memory.keep("e", reckoned(100))
    assert [name for name in "abcde" if memory.find(name)] == []


def test_with_no_room_nothing_is_remembered() -> None:
    memory = Memory(0)
    memory.keep("a", reckoned(1))
    assert memory.find("a") is None


def reckoned(values: int) -> Reckoned:
    return Reckoned(Values([1] * values, [1] * values, [None] * values, [()] * values), {}, {})

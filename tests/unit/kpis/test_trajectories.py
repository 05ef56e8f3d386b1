from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kpis.trajectories import Path, Point, TargetStatus, Trajectory, expected, status
from domain.metrics.definition import Direction

START = Point(date(2026, 1, 1), Decimal(100))
END = Point(date(2026, 1, 11), Decimal(200))
STEPS = (Point(date(2026, 1, 4), Decimal(120)), Point(date(2026, 1, 8), Decimal(180)))


def path(trajectory: Trajectory, between: tuple[Point, ...] = ()) -> Path:
    return Path(START, END, trajectory, between)


@pytest.mark.parametrize(
    ("trajectory", "between", "day", "value"),
    [
        (Trajectory.LINEAR, (), 6, "150"),
        (Trajectory.LINEAR, (), 1, "100"),
        (Trajectory.LINEAR, (), 11, "200"),
        (Trajectory.STEPPED, STEPS, 3, "100"),
        (Trajectory.STEPPED, STEPS, 4, "120"),
        (Trajectory.STEPPED, STEPS, 10, "180"),
        (Trajectory.STEPPED, STEPS, 11, "200"),
        (Trajectory.CUSTOM, STEPS, 6, "150"),
        (Trajectory.CUSTOM, STEPS, 4, "120"),
        (Trajectory.S_CURVE, (), 6, "150"),
        (Trajectory.S_CURVE, (), 2, "102.8"),
        (Trajectory.HOLD, (), 2, "200"),
    ],
)
def test_what_a_path_asks_for(trajectory: Trajectory, between: tuple[Point, ...], day: int, value: str) -> None:
    assert expected(path(trajectory, between), date(2026, 1, day)) == Decimal(value)


def test_outside_its_dates_a_path_asks_for_its_ends() -> None:
    assert expected(path(Trajectory.LINEAR), date(2025, 1, 1)) == START.value
    assert expected(path(Trajectory.LINEAR), date(2027, 1, 1)) == END.value


@given(
    st.sampled_from([Trajectory.LINEAR, Trajectory.S_CURVE, Trajectory.HOLD]),
    st.integers(1, 1000),
    st.decimals(-1000, 1000, places=2),
    st.decimals(-1000, 1000, places=2),
)
def test_a_path_never_turns_back(trajectory: Trajectory, days: int, low: Decimal, high: Decimal) -> None:
    low, high = sorted((low, high))
    rising = Path(starting_at(low), Point(START.on + timedelta(days=days), high), trajectory)
    values = [expected(rising, START.on + timedelta(days=day)) for day in range(0, days + 1, max(1, days // 20))]
    assert values == sorted(values)
    assert all(low <= value <= high for value in values)


def starting_at(value: Decimal) -> Point:
    return Point(START.on, value)


@pytest.mark.parametrize(
    ("actual", "verdict"),
    [
        ("150", TargetStatus.ON_TRACK),
        ("151", TargetStatus.ON_TRACK),
        ("149", TargetStatus.AT_RISK),
        ("135", TargetStatus.AT_RISK),
        ("134.99", TargetStatus.OFF_TRACK),
    ],
)
def test_before_it_is_due_the_path_decides(actual: str, verdict: TargetStatus) -> None:
    assert judged(Decimal(actual), on=date(2026, 1, 6)) is verdict


@pytest.mark.parametrize(("actual", "verdict"), [("200", TargetStatus.MET), ("199.99", TargetStatus.MISSED)])
def test_the_last_period_decides(actual: str, verdict: TargetStatus) -> None:
    assert judged(Decimal(actual), on=END.on, final=True) is verdict
    assert judged(Decimal(actual), on=END.on - timedelta(days=3), final=True) is verdict


def test_without_a_value_there_is_no_verdict() -> None:
    assert judged(None, on=date(2026, 1, 6)) is TargetStatus.NO_DATA
    assert judged(None, on=END.on, final=True) is TargetStatus.NO_DATA


def test_where_down_is_good_less_is_more() -> None:
    falling = Path(Point(START.on, Decimal("0.4")), Point(END.on, Decimal("0.2")), Trajectory.LINEAR)

    def verdict(actual: str, on: date) -> TargetStatus:
        return judged(Decimal(actual), on=on, final=on == END.on, way=falling, direction=Direction.DOWN_IS_GOOD)

    assert verdict("0.3", date(2026, 1, 6)) is TargetStatus.ON_TRACK
    assert verdict("0.33", date(2026, 1, 6)) is TargetStatus.AT_RISK
    assert verdict("0.331", date(2026, 1, 6)) is TargetStatus.OFF_TRACK
    assert verdict("0.2", END.on) is TargetStatus.MET
    assert verdict("0.21", END.on) is TargetStatus.MISSED


def judged(
    actual: Decimal | None,
    *,
    on: date,
    final: bool = False,
    way: Path | None = None,
    direction: Direction = Direction.UP_IS_GOOD,
) -> TargetStatus:
    return status(
        way or path(Trajectory.LINEAR),
        actual=actual,
        measured_on=on,
        final=final,
        direction=direction,
        tolerance=Decimal("0.1"),
    )

"""Where a value should stand on the way to its target, and what that says of where it stands. Pure and exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from domain.metrics.definition import Direction


class Trajectory(StrEnum):
    LINEAR = "LINEAR"
    STEPPED = "STEPPED"
    S_CURVE = "S_CURVE"
    CUSTOM = "CUSTOM"
    HOLD = "HOLD"


class TargetStatus(StrEnum):
    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"
    MET = "MET"
    MISSED = "MISSED"
    NO_DATA = "NO_DATA"


@dataclass(frozen=True, slots=True)
class Point:
    on: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Path:
    """From `start` to `end`. `between` lists the steps of STEPPED and the bends of CUSTOM, in order of date."""

    start: Point
    end: Point
    trajectory: Trajectory
    between: Sequence[Point] = ()


def expected(path: Path, on: date) -> Decimal:
    """The value the path asks for on a day. Before the start it is the start's, after the end the end's."""
    if path.trajectory is Trajectory.HOLD or on >= path.end.on:
        return path.end.value
    if on <= path.start.on:
        return path.start.value
    points = (path.start, *path.between, path.end)
    before, after = next((a, b) for a, b in pairwise(points) if a.on <= on < b.on)
    match path.trajectory:
        case Trajectory.STEPPED:
            return before.value
        case Trajectory.S_CURVE:
            return _between(before, after, _smooth(_share(before, after, on)))
        case _:
            return _between(before, after, _share(before, after, on))


def status(
    path: Path, *, actual: Decimal | None, measured_on: date, final: bool, direction: Direction, tolerance: Decimal
) -> TargetStatus:
    """What `actual`, measured over a period that ended on a day, means.

    `final`: it is the last period before the target is due, and decides between MET and MISSED. Earlier ones are
    ON_TRACK at or beyond the path, AT_RISK short of it by no more than `tolerance` (a share of the path's value
    there), OFF_TRACK beyond that.
    """
    if actual is None:
        return TargetStatus.NO_DATA
    sign = 1 if direction is Direction.UP_IS_GOOD else -1
    if final:
        return TargetStatus.MET if sign * (actual - path.end.value) >= 0 else TargetStatus.MISSED
    wanted = expected(path, measured_on)
    shortfall = sign * (wanted - actual)
    if shortfall <= 0:
        return TargetStatus.ON_TRACK
    return TargetStatus.AT_RISK if shortfall <= tolerance * abs(wanted) else TargetStatus.OFF_TRACK


def _share(before: Point, after: Point, on: date) -> Decimal:
    return Decimal((on - before.on).days) / Decimal((after.on - before.on).days)


def _smooth(share: Decimal) -> Decimal:
    """3t² - 2t³: slow, fast, slow, and exactly 0 and 1 at the ends."""
    return share * share * (3 - 2 * share)


def _between(before: Point, after: Point, share: Decimal) -> Decimal:
    return before.value + (after.value - before.value) * share

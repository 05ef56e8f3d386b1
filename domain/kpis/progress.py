"""How a target stands on a day: measured over the newest period that is over, against the path to it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.kpis.models import Target
from domain.kpis.trajectories import Path, Point, TargetStatus, Trajectory, expected, status
from domain.kpis.valuation import Answer, Question, last_complete_period
from domain.metrics.definition import Metric
from domain.metrics.periods import Grain
from tenants.registry.profile import Profile


@dataclass(frozen=True)
class Progress:
    on: date
    status: TargetStatus
    expected: Decimal
    measured: Answer


def path_of(target: Target) -> Path:
    return Path(
        start=Point(target.start_on, target.start_value),
        end=Point(target.due_on, target.value),
        trajectory=Trajectory(target.trajectory),
        between=tuple(Point(date.fromisoformat(each["on"]), Decimal(each["value"])) for each in target.points),
    )


def measurement(target: Target, metric: Metric, segment: str, profile: Profile, *, on: date, today: date) -> Question:
    """What must be known to judge the target on a day: a period that is over by then and by yesterday."""
    over = min(on, target.due_on, date.fromordinal(today.toordinal() - 1))
    return Question(metric, segment, last_complete_period(profile, Grain(target.grain), over))


def judge(target: Target, metric: Metric, measured: Answer, *, on: date) -> Progress:
    path = path_of(target)
    verdict = status(
        path,
        actual=measured.value.number,
        measured_on=measured.question.period.end,
        on=on,
        direction=metric.direction,
        tolerance=target.tolerance,
    )
    return Progress(on, verdict, expected(path, on), measured)

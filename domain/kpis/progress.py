"""How a target stands on a day: measured over the newest period that is over, against the path to it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.kpis.models import Target
from domain.kpis.trajectories import Path, Point, TargetStatus, Trajectory, expected, status
from domain.kpis.valuation import Answer, Question, last_complete_period
from domain.metrics.definition import Metric
from domain.metrics.periods import Grain, Periods
from tenants.registry.profile import Profile


@dataclass(frozen=True, slots=True)
class Progress:
    on: date
    status: TargetStatus
    path: Path
    measured: Answer
    final: bool = False

    @property
    def expected(self) -> Decimal:
        """What the path asks for on the day."""
        return expected(self.path, self.on)

    @property
    def judged_by(self) -> Decimal:
        """What it asked for when the measured period ended; at last, the target."""
        return self.path.end.value if self.final else expected(self.path, self.measured.question.periods[-1].end)


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
    return Question(profile, metric, segment, Periods((last_complete_period(profile, Grain(target.grain), over),)))


def judge(target: Target, metric: Metric, measured: Answer, profile: Profile, *, on: date, today: date) -> Progress:
    """A day to come, or before the target starts, has no status yet."""
    path = path_of(target)
    period, number = measured.question.periods[-1], measured.values.numbers[-1]
    if on > today or on < path.start.on:
        return Progress(on, TargetStatus.NO_DATA, path, measured)
    due_on = path.end.on
    final = on >= due_on and period == last_complete_period(profile, period.grain, due_on)
    verdict = status(
        path,
        actual=None if number is None else Decimal(number),
        measured_on=period.end,
        final=final,
        direction=metric.direction,
        tolerance=target.tolerance,
    )
    return Progress(on, verdict, path, measured, final)

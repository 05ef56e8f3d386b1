"""The heart's enumerations under the names the schema gives them."""

import strawberry

from domain.kpis.trajectories import TargetStatus, Trajectory
from domain.metrics.definition import Category, Direction, Kind, Level, NullReason, Timing, Unit, Window
from domain.metrics.periods import Grain, PeriodName

strawberry.enum(Unit, name="MetricUnit")
strawberry.enum(Direction, name="MetricDirection")
strawberry.enum(Category, name="MetricCategory")
strawberry.enum(Level, name="MetricLevel", description="The three levels of the metric hierarchy.")
strawberry.enum(Timing, name="MetricTiming")
strawberry.enum(Kind, name="MetricKind", description="How values of several periods combine.")
strawberry.enum(NullReason, description="Why there is no number.")
strawberry.enum(Window, name="InputWindow", description="The period asked for, or the one before it.")
strawberry.enum(Grain, description="How long a period is.")
strawberry.enum(
    PeriodName, description="Periods by name, in the tenant's own calendar. A trailing window ends yesterday."
)
strawberry.enum(Trajectory, description="The way from the start value to the target.")
strawberry.enum(TargetStatus)

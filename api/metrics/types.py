import datetime as dt
from enum import StrEnum

import strawberry

from api.metrics import enums  # noqa: F401
from domain.metrics import definition
from domain.metrics import periods as calendar
from domain.metrics.definition import Category, Direction, Kind, Level, NullReason, Timing, Unit, Window
from domain.metrics.periods import Grain


@strawberry.enum(description="Periods by name, in the tenant's own calendar. A trailing window ends yesterday.")
class PeriodName(StrEnum):
    TODAY = "TODAY"
    YESTERDAY = "YESTERDAY"
    THIS_WEEK = "THIS_WEEK"
    LAST_WEEK = "LAST_WEEK"
    THIS_MONTH = "THIS_MONTH"
    LAST_MONTH = "LAST_MONTH"
    THIS_QUARTER = "THIS_QUARTER"
    LAST_QUARTER = "LAST_QUARTER"
    THIS_YEAR = "THIS_YEAR"
    LAST_YEAR = "LAST_YEAR"
    TRAILING_28_DAYS = "TRAILING_28_DAYS"
    TRAILING_90_DAYS = "TRAILING_90_DAYS"
    TRAILING_365_DAYS = "TRAILING_365_DAYS"


GRAIN_OF = {
    "TODAY": Grain.DAY,
    "YESTERDAY": Grain.DAY,
    "THIS_WEEK": Grain.WEEK,
    "LAST_WEEK": Grain.WEEK,
    "THIS_MONTH": Grain.MONTH,
    "LAST_MONTH": Grain.MONTH,
    "THIS_QUARTER": Grain.QUARTER,
    "LAST_QUARTER": Grain.QUARTER,
    "THIS_YEAR": Grain.YEAR,
    "LAST_YEAR": Grain.YEAR,
}


def period_named(name: PeriodName, day: dt.date, fiscal_start_month: int) -> calendar.Period:
    """The named period as seen on `day`, which is under way."""
    grain = GRAIN_OF.get(name.value)
    if grain is None:
        return calendar.period_of(day - dt.timedelta(days=1), Grain(name.value))
    period = calendar.period_of(day, grain, fiscal_start_month)
    if name.value.startswith(("LAST", "YESTER")):
        return calendar.previous(period, fiscal_start_month)
    return period


@strawberry.type(description="Days of the tenant's calendar, both ends included.")
class Period:
    start: dt.date
    end: dt.date
    grain: Grain

    @classmethod
    def of(cls, period: calendar.Period) -> "Period":
        return cls(start=period.start, end=period.end, grain=period.grain)


@strawberry.type(description="One operand of a metric's formula.")
class MetricInput:
    name: str
    component: str
    meaning: str
    window: Window
    segments: list[str] = strawberry.field(description="The dimensions this component is kept by.")


@strawberry.type(description="A definition of the catalogue: what is measured, how, and what it needs.")
class Metric:
    key: str
    version: int
    name: str
    meaning: str
    formula: str
    kind: Kind
    unit: Unit
    direction: Direction
    category: Category
    level: Level
    timing: Timing
    inputs: list[MetricInput]
    sources: list[str]
    guardrails: list[str]
    null_reasons: list[NullReason]
    citation: str

    @classmethod
    def of(cls, metric: definition.Metric) -> "Metric":
        return cls(
            key=metric.key,
            version=metric.version,
            name=metric.name,
            meaning=metric.meaning,
            formula=metric.formula_text,
            kind=metric.kind,
            unit=metric.unit,
            direction=metric.direction,
            category=metric.category,
            level=metric.level,
            timing=metric.timing,
            inputs=[
                MetricInput(
                    name=name,
                    component=each.component.key,
                    meaning=each.component.meaning,
                    window=each.window,
                    segments=list(each.component.segments),
                )
                for name, each in metric.inputs.items()
            ],
            sources=list(metric.sources),
            guardrails=list(metric.guardrails),
            null_reasons=list(metric.null_reasons),
            citation=metric.citation,
        )

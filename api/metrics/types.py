import datetime as dt

import strawberry

from api.metrics import enums  # noqa: F401
from domain.metrics import definition
from domain.metrics import periods as calendar
from domain.metrics.definition import Category, Direction, Kind, Level, NullReason, Timing, Unit, Window
from domain.metrics.periods import Grain


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

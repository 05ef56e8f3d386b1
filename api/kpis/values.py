"""A value and everything that says how far it can be trusted."""

import datetime as dt
from decimal import Decimal

import strawberry

from api.metrics import enums  # noqa: F401
from api.metrics.types import Period
from api.numbers import shown
from domain.kpis.valuation import Answer
from domain.metrics.definition import Metric, NullReason, Unit, Window
from domain.metrics.periods import Grain
from tenants.registry.profile import Profile


@strawberry.type(description="How far a source has been read.")
class Freshness:
    source: str
    as_of: dt.datetime | None


@strawberry.type(description="A difference, in the metric's unit and as a share of what it is compared with.")
class Change:
    absolute: Decimal
    relative: Decimal | None = strawberry.field(description="Null where the other value is zero.")


@strawberry.type(description="A metric over a period. Without a number there is a reason.")
class MetricValue:
    value: Decimal | None
    unit: Unit
    currency: str | None
    period: Period
    n: int = strawberry.field(description="How many observations the value rests on.")
    null_reason: NullReason | None
    flags: list[str]
    definition_version: int
    data_version: int
    freshness: list[Freshness]
    vs_previous: Change | None = strawberry.field(description="Against the period before.")
    vs_baseline: Change | None = strawberry.field(
        description="Against the newest baseline, where its periods are as long."
    )

    @classmethod
    def of(
        cls, answer: Answer, profile: Profile, *, before: Answer | None = None, baseline: Decimal | None = None
    ) -> "MetricValue":
        metric, value = answer.question.metric, answer.value
        previous = None if before is None else before.value.number
        return cls(
            value=number_of(value.number, metric, profile),
            unit=metric.unit,
            currency=currency_of(metric, profile),
            period=Period.of(answer.question.period),
            n=value.n,
            null_reason=value.null_reason,
            flags=list(value.flags),
            definition_version=metric.version,
            data_version=answer.standing.data_version,
            freshness=freshness_of(answer),
            vs_previous=change(value.number, previous, metric, profile),
            vs_baseline=change(value.number, baseline, metric, profile),
        )


@strawberry.type(description="One point of a series.")
class SeriesPoint:
    at: dt.date = strawberry.field(description="The first day of the period.")
    until: dt.date = strawberry.field(description="The last day of the period.")
    value: Decimal | None
    n: int
    null_reason: NullReason | None
    flags: list[str]


@strawberry.type(description="Values over consecutive periods, oldest first: as points, or column by column.")
class Series:
    granularity: Grain
    unit: Unit
    currency: str | None
    starts: list[dt.date]
    values: list[Decimal | None]
    points: list[SeriesPoint]

    @classmethod
    def of(cls, answers: list[Answer], grain: Grain, metric: Metric, profile: Profile) -> "Series":
        points = [
            SeriesPoint(
                at=each.question.period.start,
                until=each.question.period.end,
                value=number_of(each.value.number, metric, profile),
                n=each.value.n,
                null_reason=each.value.null_reason,
                flags=list(each.value.flags),
            )
            for each in answers
        ]
        return cls(
            granularity=grain,
            unit=metric.unit,
            currency=currency_of(metric, profile),
            starts=[point.at for point in points],
            values=[point.value for point in points],
            points=points,
        )


@strawberry.type(description="One operand as it went into the formula. Money is in minor units, as it is computed.")
class ExplainedInput:
    name: str
    component: str
    meaning: str
    window: Window
    period: Period
    value: Decimal | None


@strawberry.type(description="Everything a value can be recomputed from: formula(inputs) is exactly `unrounded`.")
class Explanation:
    formula: str
    definition_version: int
    citation: str
    segment: str | None
    period: Period
    inputs: list[ExplainedInput]
    unrounded: Decimal | None = strawberry.field(description="Before rounding, money in minor units.")
    value: Decimal | None
    unit: Unit
    currency: str | None
    n: int
    null_reason: NullReason | None
    flags: list[str]
    freshness: list[Freshness]
    data_version: int

    @classmethod
    def of(cls, answer: Answer, profile: Profile) -> "Explanation":
        metric, value = answer.question.metric, answer.value
        return cls(
            formula=metric.formula_text,
            definition_version=metric.version,
            citation=metric.citation,
            segment=answer.question.segment or None,
            period=Period.of(answer.question.period),
            inputs=[
                ExplainedInput(
                    name=name,
                    component=each.component.key,
                    meaning=each.component.meaning,
                    window=each.window,
                    period=Period.of(answer.windows[name]),
                    value=answer.inputs.get(name),
                )
                for name, each in metric.inputs.items()
            ],
            unrounded=value.number,
            value=number_of(value.number, metric, profile),
            unit=metric.unit,
            currency=currency_of(metric, profile),
            n=value.n,
            null_reason=value.null_reason,
            flags=list(value.flags),
            freshness=freshness_of(answer),
            data_version=answer.standing.data_version,
        )


def number_of(number: Decimal | None, metric: Metric, profile: Profile) -> Decimal | None:
    return None if number is None else shown(number, metric.unit, profile.currency)


def currency_of(metric: Metric, profile: Profile) -> str | None:
    return profile.currency if metric.unit is Unit.MONEY else None


def freshness_of(answer: Answer) -> list[Freshness]:
    return [Freshness(source=source, as_of=as_of) for source, as_of in answer.standing.freshness]


def change(number: Decimal | None, other: Decimal | None, metric: Metric, profile: Profile) -> Change | None:
    if number is None or other is None:
        return None
    difference = number - other
    relative = None if other == 0 else shown(difference / abs(other), Unit.RATIO, profile.currency)
    return Change(absolute=shown(difference, metric.unit, profile.currency), relative=relative)

"""A value and everything that says how far it can be trusted."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import strawberry

from api.context import Context
from api.kpis.answers import answers
from api.metrics import enums  # noqa: F401
from api.metrics.types import Period
from api.numbers import column_shown, shown
from api.sets import Each, attempt, set_based
from api.table import Table
from domain.kpis import models
from domain.kpis.reads import read_freshness
from domain.kpis.repository import list_baselines
from domain.kpis.valuation import Answer, Question
from domain.metrics.definition import Metric, NullReason, Unit, Window
from domain.metrics.formulas import Number
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
    answer: strawberry.Private[Answer]
    kpi: strawberry.Private[models.Kpi]
    instant: strawberry.Private[dt.datetime | None]
    """As of which it was known."""

    @strawberry.field
    def value(self) -> Decimal | None:
        """Reckoned once for as long as it is remembered; in the reporting currency, which is the tenant's for good."""
        answer = self.answer
        try:
            found: Decimal | None = answer.told[MetricValue]
        except KeyError:
            question = answer.question
            found = answer.told[MetricValue] = number_of(answer.values.numbers[-1], question.metric, question.profile)
        return found

    @strawberry.field
    def unit(self) -> Unit:
        return self.answer.question.metric.unit

    @strawberry.field
    def currency(self) -> str | None:
        return currency_of(self.answer.question.metric, self.answer.question.profile)

    @strawberry.field
    def period(self) -> Period:
        return Period.of(self.answer.question.periods[-1])

    @strawberry.field(description="How many observations the value rests on.")
    def n(self) -> int:
        return self.answer.values.n[-1]

    @strawberry.field
    def null_reason(self) -> NullReason | None:
        return self.answer.values.null_reasons[-1]

    @strawberry.field
    def flags(self) -> list[str]:
        return list(self.answer.values.flags[-1])

    @strawberry.field
    def definition_version(self) -> int:
        return self.answer.question.metric.version

    @strawberry.field
    def data_version(self) -> int:
        return self.answer.standing.data_version

    @set_based(description="How far each source of the tenant has been read.")
    async def freshness(values: Sequence["MetricValue"], context: Context) -> Each[list[Freshness]]:
        return await freshness_of([each.answer.question.profile.tenant_id for each in values], context)

    @set_based(description="Against the period before.")
    async def vs_previous(values: Sequence["MetricValue"], context: Context) -> Each[Change | None]:
        return await previous_changes(values, context)

    @set_based(description="Against the newest baseline, where its periods are as long.")
    async def vs_baseline(values: Sequence["MetricValue"], context: Context) -> Each[Change | None]:
        histories = await context.load_lists(list_baselines, [(each.kpi.tenant_id, each.kpi.id) for each in values])
        return [
            change(value.answer, comparable(history, value.answer.question.periods[-1].grain, value.instant))
            for value, history in zip(values, histories, strict=True)
        ]


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
    n: list[int] = strawberry.field(description="How many observations each value rests on.")
    null_reasons: list[NullReason | None]
    points: list[SeriesPoint]

    @classmethod
    def of(cls, answer: Answer) -> "Series":
        """The same one again for values that are remembered."""
        currency = answer.question.profile.currency
        found: Series | None = answer.told.get(currency)
        if found is None:
            found = answer.told[currency] = cls._of(answer)
        return found

    @classmethod
    def _of(cls, answer: Answer) -> "Series":
        question, values = answer.question, answer.values
        metric, profile, periods = question.metric, question.profile, question.periods
        starts = [period.start for period in periods]
        numbers = column_shown(values.numbers, metric.unit, profile.currency)
        points: Table[SeriesPoint] = Table(
            SeriesPoint,
            {
                "at": starts,
                "until": [period.end for period in periods],
                "value": numbers,
                "n": values.n,
                "null_reason": values.null_reasons,
                "flags": values.flags,
            },
        )
        return cls(
            granularity=periods[0].grain,
            unit=metric.unit,
            currency=currency_of(metric, profile),
            starts=starts,
            values=numbers,
            n=list(values.n),
            null_reasons=list(values.null_reasons),
            points=points,  # type: ignore[arg-type]
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
    data_version: int
    tenant_id: strawberry.Private[UUID]

    @set_based(description="How far each source of the tenant has been read.")
    async def freshness(explanations: Sequence["Explanation"], context: Context) -> Each[list[Freshness]]:
        return await freshness_of([each.tenant_id for each in explanations], context)

    @classmethod
    def of(cls, answer: Answer) -> "Explanation":
        question, value = answer.question, answer.value
        metric, profile = question.metric, question.profile
        return cls(
            formula=metric.formula_text,
            definition_version=metric.version,
            citation=metric.citation,
            segment=question.segment or None,
            period=Period.of(question.periods[-1]),
            inputs=_explained(answer),
            unrounded=_decimal(value.number),
            value=number_of(value.number, metric, profile),
            unit=metric.unit,
            currency=currency_of(metric, profile),
            n=value.n,
            null_reason=value.null_reason,
            flags=list(value.flags),
            data_version=answer.standing.data_version,
            tenant_id=profile.tenant_id,
        )


def _explained(answer: Answer) -> list[ExplainedInput]:
    windows = answer.question.windows
    return [
        ExplainedInput(
            name=name,
            component=each.component.key,
            meaning=each.component.meaning,
            window=each.window,
            period=Period.of(windows[name][-1]),
            value=_decimal(answer.inputs[name][-1]) if answer.inputs else None,
        )
        for name, each in answer.question.metric.inputs.items()
    ]


def number_of(number: Number | None, metric: Metric, profile: Profile) -> Decimal | None:
    return None if number is None else shown(number, metric.unit, profile.currency)


def currency_of(metric: Metric, profile: Profile) -> str | None:
    return profile.currency if metric.unit is Unit.MONEY else None


async def freshness_of(tenant_ids: Sequence[UUID], context: Context) -> list[list[Freshness]]:
    found = await context.reader.read(read_freshness, tenant_ids)
    return [[Freshness(source=source, as_of=as_of) for source, as_of in found[tenant_id]] for tenant_id in tenant_ids]


async def previous_changes(values: Sequence[MetricValue], context: Context) -> list[Change | Exception | None]:
    """The periods before are asked for together with those of the same instant, which nearly always is one."""
    changes: dict[int, Change | Exception | None] = {}
    for instant in {value.instant for value in values}:
        then = [(at, value.answer) for at, value in enumerate(values) if value.instant == instant]
        befores = await answers(context, [answer for _, answer in then], _previous, instant)
        for (at, answer), before in zip(then, befores, strict=True):
            changes[at] = attempt(_change_since, before, answer)
    return [changes[at] for at in range(len(values))]


def change(answer: Answer, other: Number | None) -> Change | None:
    metric, profile, number = answer.question.metric, answer.question.profile, answer.value.number
    if number is None or other is None:
        return None
    difference = Decimal(number) - Decimal(other)
    relative = None if other == 0 else shown(difference / abs(Decimal(other)), Unit.RATIO, profile.currency)
    return Change(absolute=shown(difference, metric.unit, profile.currency), relative=relative)


def comparable(history: Sequence[models.Baseline], grain: Grain, as_of: dt.datetime | None) -> Decimal | None:
    """The newest baseline there was, if it is about periods of this length: a quarter does not exceed a month."""
    newest = next((each for each in history if as_of is None or each.created_at <= as_of), None)
    return newest.value if newest is not None and newest.grain == grain.value else None


def _previous(answer: Answer) -> Question:
    return answer.question.previous


def _change_since(before: Answer, answer: Answer) -> Change | None:
    return change(answer, before.value.number)


def _decimal(number: Number | None) -> Decimal | None:
    return None if number is None else Decimal(number)

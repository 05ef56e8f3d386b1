"""Values of metrics: many questions at once, each answered with the inputs it can be recomputed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.reads import Figure, Standing, is_kept, read_figures, read_standing
from domain.metrics.components import ORDERS, PRICED_ORDERS, Additive
from domain.metrics.definition import Metric, NullReason
from domain.metrics.evaluation import Coverage, Value, evaluate, windows
from domain.metrics.periods import TRAILING, Grain, Period, last_periods, period_of
from tenants.registry.profile import Profile


@dataclass(frozen=True, slots=True)
class Question:
    metric: Metric
    segment: str
    period: Period


@dataclass(frozen=True, slots=True)
class Answer:
    question: Question
    value: Value
    inputs: Mapping[str, Decimal | None]
    windows: Mapping[str, Period]
    standing: Standing


async def answer(
    session: AsyncSession, profile: Profile, questions: Sequence[Question], *, now: datetime, as_of: datetime | None
) -> list[Answer]:
    """In the order asked. `as_of` answers with what was known at that instant, and with that instant's today."""
    standing = await read_standing(session, profile.tenant_id, as_of=as_of)
    figures = [figure for question in questions for figure in _figures(question, profile).values()]
    figures += [_all_orders(question) for question in questions if question.metric.priced]
    known = await read_figures(session, profile.tenant_id, [each for each in figures if is_kept(each)], as_of=as_of)
    coverage = Coverage(
        today=profile.today(as_of or now),
        first_day=standing.first_day,
        connected=standing.connected,
        backfilling=standing.backfilling,
        pending=standing.pending,
        fiscal_start_month=profile.fiscal_year_start_month,
    )
    return [_answer(question, profile, known, coverage, standing) for question in questions]


def recent_periods(
    profile: Profile, grain: Grain, count: int, *, now: datetime, until: date | None = None
) -> list[Period]:
    """Oldest first. The last one holds `until`, by default today; a trailing window ends the day before."""
    day = until or profile.today(now)
    if grain in TRAILING:
        day -= timedelta(days=1)
    return last_periods(day, grain, count, profile.fiscal_year_start_month)


def last_complete_period(profile: Profile, grain: Grain, on: date) -> Period:
    """The newest period of a grain that is over by the end of `on`."""
    period = period_of(on, grain, profile.fiscal_year_start_month)
    if period.end <= on:
        return period
    return period_of(period.start - timedelta(days=1), grain, profile.fiscal_year_start_month)


def _figures(question: Question, profile: Profile) -> dict[str, Figure]:
    periods = windows(question.metric, question.period, profile.fiscal_year_start_month)
    return {
        name: Figure(each.component, question.segment, periods[name]) for name, each in question.metric.inputs.items()
    }


def _answer(
    question: Question, profile: Profile, known: Mapping[Figure, Decimal], coverage: Coverage, standing: Standing
) -> Answer:
    figures = _figures(question, profile)
    periods = {name: figure.period for name, figure in figures.items()}
    if not all(is_kept(figure) for figure in figures.values()):
        return Answer(question, Value(None, 0, NullReason.SEGMENT_NOT_KEPT, ()), {}, periods, standing)
    inputs = {name: known.get(figure, _absent(figure)) for name, figure in figures.items()}
    left_out = _left_out(question, known) if question.metric.priced else Decimal(0)
    value = evaluate(question.metric, question.period, inputs, coverage, left_out=left_out)
    return Answer(question, value, inputs, periods, standing)


def _all_orders(question: Question) -> Figure:
    return Figure(ORDERS, question.segment, question.period)


def _left_out(question: Question, known: Mapping[Figure, Decimal]) -> Decimal:
    """Orders in other currencies than the tenant's: counted, but not added up."""
    priced = Figure(PRICED_ORDERS, question.segment, question.period)
    return known.get(_all_orders(question), Decimal(0)) - known.get(priced, Decimal(0))


def _absent(figure: Figure) -> Decimal | None:
    """No row means nothing happened, but for trailing windows, which are kept for some days only."""
    kept_whole = figure.component.additive is Additive.DISTINCT and figure.period.grain in TRAILING
    return None if kept_whole else Decimal(0)

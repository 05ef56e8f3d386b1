"""Values of metrics: many questions at once, each answered with the inputs it can be recomputed from."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.kpis.figures import Column, Figures
from domain.kpis.memory import Memory, Reckoned
from domain.kpis.reads import Standing, read_standings
from domain.metrics.components import ORDERS, Additive, Component, Measure
from domain.metrics.definition import Metric, NullReason, Window
from domain.metrics.evaluation import Coverage, Frame, Value, Values, evaluate
from domain.metrics.periods import TRAILING, Grain, Period, last_periods, period_of, shifted
from tenants.registry.profile import Profile
from tenants.snapshots import Snapshot


class Question(NamedTuple):
    """A metric of a tenant, in one segment or '' for all, over consecutive periods of one grain: often of one."""

    profile: Profile
    metric: Metric
    segment: str
    periods: tuple[Period, ...]

    @property
    def windows(self) -> dict[str, tuple[Period, ...]]:
        """Which periods each input is read over."""
        before = _before(self)
        return {
            name: before if each.window is Window.PREVIOUS else self.periods
            for name, each in self.metric.inputs.items()
        }

    @property
    def previous(self) -> "Question":
        """The same of the period before each."""
        return self._replace(periods=shifted(self.periods, self.profile.fiscal_year_start_month))


class Answer(NamedTuple):
    """Columns of one item a period. Without any inputs the metric is not kept by the question's segment."""

    question: Question
    values: Values
    inputs: Mapping[str, Column]
    standing: Standing
    told: dict[str, Any]

    @property
    def value(self) -> Value:
        """Of the newest period, which often is the only one."""
        return self.values.newest


async def answer(
    snapshot: Snapshot,
    questions: Sequence[Question],
    *,
    now: datetime,
    as_of: datetime | None,
    memory: Memory | None = None,
) -> list[Answer]:
    """In the order asked, of any number of tenants, which must be readable in the snapshot.

    `as_of` answers with what was known at that instant, and with that instant's today. Answers of the present are
    remembered.
    """
    profiles = {question.profile.tenant_id: question.profile for question in questions}
    if not profiles:
        return []
    memory = Memory(0) if memory is None or as_of is not None else memory
    standings = await read_standings(snapshot, list(profiles), as_of=as_of)
    coverages = {each.tenant_id: _coverage(each, standings[each.tenant_id], as_of or now) for each in profiles.values()}
    grounds = {tenant_id: _ground(coverages[tenant_id], standing) for tenant_id, standing in standings.items()}
    keys = [_key(question, grounds[question.profile.tenant_id]) for question in questions]
    known = [memory.find(key) for key in keys]
    reckoned = iter(
        await _reckon(
            snapshot,
            [question for question, found in zip(questions, known, strict=True) if found is None],
            coverages,
            as_of,
        )
    )
    answers = []
    for question, key, found in zip(questions, keys, known, strict=True):
        if found is None:
            found = next(reckoned)
            memory.keep(key, found)
        answers.append(Answer(question, *found[:2], standings[question.profile.tenant_id], found.told))
    return answers


def recent_periods(
    profile: Profile, grain: Grain, count: int, *, now: datetime, until: date | None = None
) -> tuple[Period, ...]:
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


class Frames:
    """Made once for all questions over the same periods."""

    def __init__(self, coverages: Mapping[UUID, Coverage]) -> None:
        self._coverages = coverages
        self._known: dict[tuple[UUID, bool, Grain, date, int], Frame] = {}

    def of(self, question: Question) -> Frame:
        periods, looks_back = question.periods, question.metric.looks_back
        tenant_id = question.profile.tenant_id
        key = (tenant_id, looks_back, periods[0].grain, periods[0].start, len(periods))
        frame = self._known.get(key)
        if frame is None:
            frame = self._known[key] = Frame.of(periods, self._coverages[tenant_id], looks_back=looks_back)
        return frame


class Ordinals(NamedTuple):
    """Where the columns of a question's figures will be."""

    inputs: Mapping[str, int]
    all_orders: int | None


def is_kept(component: Component, segment: str) -> bool:
    """Whether the engine keeps this component by this segment at all."""
    if segment == "":
        return True
    if component.additive is Additive.DISTINCT:
        return False
    return segment.partition("=")[0] in component.segments


def _ask(question: Question, figures: Figures) -> Ordinals | None:
    """None where something is not kept by the segment."""
    metric, segment, tenant_id = question.metric, question.segment, question.profile.tenant_id
    if segment and not all(is_kept(each.component, segment) for each in metric.inputs.values()):
        return None
    span = figures.span(question.periods)
    before = figures.span(_before(question)) if metric.looks_back else span
    inputs = {
        name: figures.ask(tenant_id, each.component, segment, before if each.window is Window.PREVIOUS else span)
        for name, each in metric.inputs.items()
    }
    return Ordinals(inputs, figures.ask(tenant_id, ORDERS, segment, span) if metric.priced else None)


async def _reckon(
    snapshot: Snapshot, questions: Sequence[Question], coverages: Mapping[UUID, Coverage], as_of: datetime | None
) -> list[Reckoned]:
    figures = Figures()
    wanted = [_ask(question, figures) for question in questions]
    await figures.read(snapshot, as_of=as_of)
    frames = Frames(coverages)
    return [
        _evaluated(question, ordinals, figures, frames) for question, ordinals in zip(questions, wanted, strict=True)
    ]


def _evaluated(question: Question, ordinals: Ordinals | None, figures: Figures, frames: Frames) -> Reckoned:
    if ordinals is None:
        return Reckoned(Values.missing([NullReason.SEGMENT_NOT_KEPT] * len(question.periods)), {}, {})
    metric = question.metric
    inputs = {
        name: figures.column(ordinals.inputs[name], each.component.measure) for name, each in metric.inputs.items()
    }
    left_out = None
    if ordinals.all_orders is not None and metric.priced is not None:
        left_out = _left_out(figures.column(ordinals.all_orders, Measure.N), inputs[metric.priced])
    return Reckoned(evaluate(metric, frames.of(question), inputs, left_out=left_out), inputs, {})


def _ground(coverage: Coverage, standing: Standing) -> str:
    """All that a tenant's values rest on. A text, which remembers its hash."""
    return f"{standing.tenant_id} {standing.data_version} {standing.computed_at} {coverage}"


def _key(question: Question, ground: str) -> tuple[object, ...]:
    first = question.periods[0]
    return (ground, question.metric, question.segment, first.grain, first.start, len(question.periods))


def _left_out(orders: Column, priced: Column) -> list[int] | None:
    """Orders in other currencies than the tenant's: counted, but not added up. None where there are none."""
    if orders == priced:
        return None
    return [int((each or 0) - (ours or 0)) for each, ours in zip(orders, priced, strict=True)]


def _before(question: Question) -> tuple[Period, ...]:
    """Of a metric that looks back, the periods it looks at."""
    if not question.metric.looks_back:
        return question.periods
    return shifted(question.periods, question.profile.fiscal_year_start_month)


def _coverage(profile: Profile, standing: Standing, instant: datetime) -> Coverage:
    return Coverage(
        today=profile.today(instant),
        first_day=standing.first_day,
        connected=standing.connected,
        backfilling=standing.backfilling,
        pending=standing.pending,
        fiscal_start_month=profile.fiscal_year_start_month,
    )

"""Values of metrics: many questions at once, each answered with the inputs it can be recomputed from."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain.kpis.current import ValueKey, basis_of, find_current
from domain.kpis.figures import Column, Figures
from domain.kpis.memory import Memory, Reckoned
from domain.kpis.reads import Standing, read_standings
from domain.metrics.components import ORDERS, Additive, Component, Measure
from domain.metrics.definition import Metric, NullReason, Window
from domain.metrics.evaluation import Coverage, Frame, Value, Values, evaluate
from domain.metrics.periods import TRAILING, Grain, Period, Periods, last_periods, period_of, shifted
from tenants.registry.profile import Profile
from tenants.snapshots import Snapshot


class Question(NamedTuple):
    """A metric of a tenant, in one segment or '' for all, over consecutive periods of one grain: often of one."""

    profile: Profile
    metric: Metric
    segment: str
    periods: Periods

    @property
    def key(self) -> Hashable:
        """Tells it from all others of its tenant."""
        return (self.metric, self.segment, self.periods.key)

    @property
    def windows(self) -> dict[str, Periods]:
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


class Ground(NamedTuple):
    """What all values of a tenant rest on."""

    profile: Profile
    standing: Standing
    coverage: Coverage

    @property
    def key(self) -> Hashable:
        return (self.profile.tenant_id, self.standing.data_version, self.standing.computed_at, self.coverage)

    @property
    def current(self) -> bool:
        """Whether what the recompute keeps of today is true. Where there is no data nothing is kept."""
        today, first_day = self.coverage.today, self.coverage.first_day
        return first_day is not None and self.standing.basis == basis_of(self.profile, today, first_day)


class Answer(NamedTuple):
    """Columns of one item a period. Without any inputs the metric is not kept by the question's segment."""

    question: Question
    values: Values
    inputs: Mapping[str, Column]
    standing: Standing
    told: dict[Any, Any]

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
    memory = Memory(0) if memory is None or as_of is not None else memory
    grounds = await read_grounds(
        snapshot, {question.profile.tenant_id: question.profile for question in questions}, now=now, as_of=as_of
    )
    known = {tenant_id: memory.on(ground.key) for tenant_id, ground in grounds.items()}
    found = [known[each.profile.tenant_id].get(each.key) for each in questions]
    if None in found:
        unknown = [question for question, one in zip(questions, found, strict=True) if one is None]
        reckoned = await _found_or_reckoned(snapshot, unknown, grounds, as_of)
        for question, one in zip(unknown, reckoned, strict=True):
            memory.keep(grounds[question.profile.tenant_id].key, question.key, one)
        coming = iter(reckoned)
        found = [next(coming) if one is None else one for one in found]
    return [
        Answer(each, one.values, one.inputs, grounds[each.profile.tenant_id].standing, one.told)
        for each, one in zip(questions, cast("list[Reckoned]", found), strict=True)
    ]


async def read_grounds(
    snapshot: Snapshot, profiles: Mapping[UUID, Profile], *, now: datetime, as_of: datetime | None = None
) -> dict[UUID, Ground]:
    """By tenant; known as long as the snapshot is."""
    known: dict[tuple[UUID, datetime | None], Ground] = snapshot.known.setdefault(read_grounds, {})
    new = [tenant_id for tenant_id in profiles if (tenant_id, as_of) not in known]
    standings = await read_standings(snapshot, new, as_of=as_of) if new else {}
    for tenant_id, standing in standings.items():
        coverage = _coverage(profiles[tenant_id], standing, as_of or now)
        known[tenant_id, as_of] = Ground(profiles[tenant_id], standing, coverage)
    return {tenant_id: known[tenant_id, as_of] for tenant_id in profiles}


def recent_periods(profile: Profile, grain: Grain, count: int, *, now: datetime, until: date | None = None) -> Periods:
    """The last one holds `until`, by default today; a trailing window ends the day before."""
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

    def __init__(self, grounds: Mapping[UUID, Ground]) -> None:
        self._grounds = grounds
        self._known: dict[tuple[UUID, bool, str], Frame] = {}

    def of(self, question: Question) -> Frame:
        periods, looks_back = question.periods, question.metric.looks_back
        tenant_id = question.profile.tenant_id
        key = (tenant_id, looks_back, periods.key)
        frame = self._known.get(key)
        if frame is None:
            frame = self._known[key] = Frame.of(periods, self._grounds[tenant_id].coverage, looks_back=looks_back)
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


async def _found_or_reckoned(
    snapshot: Snapshot, questions: Sequence[Question], grounds: Mapping[UUID, Ground], as_of: datetime | None
) -> list[Reckoned]:
    """What the recompute keeps is read; everything else is worked out."""
    current = {tenant_id for tenant_id, ground in grounds.items() if as_of is None and ground.current}
    keys = [_key(each) if len(each.periods) == 1 and each.profile.tenant_id in current else None for each in questions]
    wanted = [key for key in keys if key is not None]
    kept = await find_current(snapshot, wanted) if wanted else {}
    found = [None if key is None else kept.get(key) for key in keys]
    rest = [question for question, one in zip(questions, found, strict=True) if one is None]
    reckoned = iter(await _reckon(snapshot, rest, grounds, as_of) if rest else ())
    return [
        next(reckoned) if one is None else _flagged(one, grounds[question.profile.tenant_id].coverage)
        for question, one in zip(questions, found, strict=True)
    ]


def _key(question: Question) -> ValueKey:
    period = question.periods[0]
    return (question.profile.tenant_id, period.grain.value, period.start, question.metric.key, question.segment)


def _flagged(reckoned: Reckoned, coverage: Coverage) -> Reckoned:
    """With what holds for every number of the tenant just now."""
    values = reckoned.values
    if not coverage.flags or values.numbers[0] is None:
        return reckoned
    return reckoned._replace(values=values._replace(flags=[(*values.flags[0], *coverage.flags)]))


async def _reckon(
    snapshot: Snapshot, questions: Sequence[Question], grounds: Mapping[UUID, Ground], as_of: datetime | None
) -> list[Reckoned]:
    figures = Figures()
    wanted = [_ask(question, figures) for question in questions]
    await figures.read(snapshot, as_of=as_of)
    frames = Frames(grounds)
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


def _left_out(orders: Column, priced: Column) -> list[int] | None:
    """Orders in other currencies than the tenant's: counted, but not added up. None where there are none."""
    if orders == priced:
        return None
    return [int((each or 0) - (ours or 0)) for each, ours in zip(orders, priced, strict=True)]


def _before(question: Question) -> Periods:
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

"""Reading figures: the columns of any number of questions of any number of tenants, by one statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import orjson

from domain.metrics.components import Additive, Component, Measure
from domain.metrics.formulas import Number
from domain.metrics.periods import TRAILING, Grain, Periods
from tenants.snapshots import Snapshot
from tenants.sql import Row, query

DAYS, SUMS, KEPT = "DAYS", "SUMS", "KEPT"
"""Rows as they stand, rows added up by period, rows that are kept by period."""

# A track is one component of one tenant in one segment over consecutive periods. Lateral, so that each track walks its
# own stretch of the index: joined, the planner of a large table reads all days of a component and throws away those of
# other periods. Grouped by the tenant, without which the shards could not each do their own.
# `places` says which periods a column is of, where it is not of all.
_ASKED = """
WITH asked AS MATERIALIZED (
    SELECT t.ordinal, w.tenant_ids[t.tenant] AS tenant_id, t.kind, t.component, t.segment, t.grain,
           w.starts[t.first_start : t.last_start] AS starts, w.starts[t.first_start] AS first_day, t.last_day
    FROM (SELECT :tenant_ids!uuids AS tenant_ids, :starts!dates AS starts) w,
    json_to_recordset(:tracks!text::json) AS t (
        ordinal int, tenant int, kind text, component text, segment text, grain text,
        first_start int, last_start int, last_day date
    )
)
"""
_COLUMNS = """
SELECT a.ordinal, c.places, c.counts, c.totals
FROM asked a CROSS JOIN LATERAL (
    SELECT d.tenant_id, array_agg(d.n ORDER BY d.local_day) AS counts,
           array_agg(d.total::text ORDER BY d.local_day) AS totals,
           CASE WHEN count(*) < cardinality(a.starts) THEN
               array_agg(d.local_day - a.first_day ORDER BY d.local_day)
           END AS places
    FROM {days} d
    WHERE d.tenant_id = ANY (:tenant_ids) AND d.tenant_id = a.tenant_id
      AND d.component = a.component AND d.segment = a.segment AND d.local_day BETWEEN a.first_day AND a.last_day
    GROUP BY d.tenant_id
) c
WHERE a.kind = 'DAYS'
UNION ALL
SELECT a.ordinal, c.places, c.counts, c.totals
FROM asked a CROSS JOIN LATERAL (
    SELECT s.tenant_id, array_agg(s.n ORDER BY s.place) AS counts, array_agg(s.total ORDER BY s.place) AS totals,
           CASE WHEN count(*) < cardinality(a.starts) THEN array_agg(s.place - 1 ORDER BY s.place) END AS places
    FROM (
        SELECT d.tenant_id, width_bucket(d.local_day, a.starts) AS place, sum(d.n)::bigint AS n,
               sum(d.total)::text AS total
        FROM {days} d
        WHERE d.tenant_id = ANY (:tenant_ids) AND d.tenant_id = a.tenant_id
          AND d.component = a.component AND d.segment = a.segment AND d.local_day BETWEEN a.first_day AND a.last_day
        GROUP BY d.tenant_id, place
    ) s
    GROUP BY s.tenant_id
) c
WHERE a.kind = 'SUMS'
UNION ALL
SELECT a.ordinal, c.places, c.counts, NULL
FROM asked a CROSS JOIN LATERAL (
    SELECT p.tenant_id, array_agg(p.n ORDER BY p.starts_on) AS counts,
           CASE WHEN count(*) < cardinality(a.starts) THEN
               array_agg(width_bucket(p.starts_on, a.starts) - 1 ORDER BY p.starts_on)
           END AS places
    FROM {periods} p
    WHERE p.tenant_id = ANY (:tenant_ids) AND p.tenant_id = a.tenant_id
      AND p.component = a.component AND p.grain = a.grain AND p.starts_on = ANY (a.starts)
    GROUP BY p.tenant_id
) c
WHERE a.kind = 'KEPT'
"""

FIGURES = query(_ASKED + _COLUMNS.format(days="day_components", periods="period_components"))

_VALID = "tenant_id = ANY (:tenant_ids) AND valid_from <= :as_of!instant"
_DAYS_THEN = f"""(
    SELECT tenant_id, component, segment, local_day, n, total FROM day_components WHERE {_VALID}
    UNION ALL
    SELECT tenant_id, component, segment, local_day, n, total FROM day_component_revisions
    WHERE {_VALID} AND valid_to > :as_of
)"""
_PERIODS_THEN = f"""(
    SELECT tenant_id, component, grain, starts_on, n FROM period_components WHERE {_VALID}
    UNION ALL
    SELECT tenant_id, component, grain, starts_on, n FROM period_component_revisions
    WHERE {_VALID} AND valid_to > :as_of
)"""
FIGURES_AS_OF = query(_ASKED + _COLUMNS.format(days=_DAYS_THEN, periods=_PERIODS_THEN))

Column = Sequence[Number | None]

AT_ONCE = 50
"""Tenants."""


class Span(NamedTuple):
    """Consecutive periods, whose starts stand in a row among those that are sent: from 1, as the server counts."""

    periods: Periods
    first: int
    last: int


class Track(NamedTuple):
    """One component of one tenant in one segment ('' for all) over a span."""

    tenant_id: UUID
    component: Component
    segment: str
    span: Span

    @property
    def kind(self) -> str:
        if self.component.additive is Additive.DISTINCT:
            return KEPT
        return DAYS if self.grain is Grain.DAY else SUMS

    @property
    def grain(self) -> Grain:
        return self.span.periods[0].grain

    @property
    def absent(self) -> Number | None:
        """No row means nothing happened, but for trailing windows, which are kept for some days only."""
        return None if self.kind is KEPT and self.grain in TRAILING else 0


class Figures:
    """All who need figures ask for them, many for the same; then all is read at once; then the columns are there."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._ordinals: dict[tuple[UUID, str, str, int], int] = {}
        self._starts: list[date] = []
        self._spans: dict[str, Span] = {}
        self._rows: dict[int, Row] = {}
        self._totals: dict[int, Column] = {}

    def span(self, periods: Periods) -> Span:
        span = self._spans.get(periods.key)
        if span is None:
            sent = len(self._starts)
            span = self._spans[periods.key] = Span(periods, sent + 1, sent + len(periods))
            self._starts += [period.start for period in periods]
        return span

    def ask(self, tenant_id: UUID, component: Component, segment: str, span: Span) -> int:
        """Where the columns will be."""
        key = (tenant_id, component.key, segment, span.first)
        ordinal = self._ordinals.get(key)
        if ordinal is None:
            ordinal = self._ordinals[key] = len(self._tracks)
            self._tracks.append(Track(tenant_id, component, segment, span))
        return ordinal

    async def read(self, snapshot: Snapshot, *, as_of: datetime | None) -> None:
        tenant_ids = list(dict.fromkeys(track.tenant_id for track in self._tracks))
        if len(tenant_ids) <= AT_ONCE:
            await self._read_of(snapshot, tenant_ids, as_of)
            return
        for start in range(0, len(tenant_ids), AT_ONCE):
            some = tenant_ids[start : start + AT_ONCE]
            async with snapshot.narrowed(some):
                await self._read_of(snapshot, some, as_of)

    async def _read_of(self, snapshot: Snapshot, tenant_ids: Sequence[UUID], as_of: datetime | None) -> None:
        places = {tenant_id: at for at, tenant_id in enumerate(tenant_ids, 1)}
        tracks = [(at, track) for at, track in enumerate(self._tracks) if track.tenant_id in places]
        if not tracks:
            return
        asked = {"tenant_ids": tenant_ids, "starts": self._starts, "tracks": _sent(tracks, places)}
        if as_of is None:
            rows = await snapshot.fetch(FIGURES, **asked)
        else:
            rows = await snapshot.fetch(FIGURES_AS_OF, **asked, as_of=as_of)
        self._rows |= {row["ordinal"]: row for row in rows}

    def column(self, ordinal: int, measure: Measure) -> Column:
        """Of every period, also where nothing happened or nothing is kept."""
        row = self._rows.get(ordinal)
        if row is None:
            track = self._tracks[ordinal]
            return [track.absent] * len(track.span.periods)
        if measure is Measure.N:
            counts: Column = row["counts"]
            return self._spread(ordinal, row, counts)
        known = self._totals.get(ordinal)
        if known is None:
            known = self._totals[ordinal] = self._spread(ordinal, row, _numbers(row["totals"]))
        return known

    def _spread(self, ordinal: int, row: Row, numbers: Column) -> Column:
        if row["places"] is None:
            return numbers
        track = self._tracks[ordinal]
        column = [track.absent] * len(track.span.periods)
        for place, number in zip(row["places"], numbers, strict=True):
            column[place] = number
        return column


def _sent(tracks: Sequence[tuple[int, Track]], tenants: Mapping[UUID, int]) -> str:
    """As one text: the driver takes longer over nine columns of them."""
    rows = [
        {
            "ordinal": ordinal,
            "tenant": tenants[track.tenant_id],
            "kind": track.kind,
            "component": track.component.key,
            "segment": track.segment,
            "grain": track.grain,
            "first_start": track.span.first,
            "last_start": track.span.last,
            "last_day": track.span.periods[-1].end,
        }
        for ordinal, track in tracks
    ]
    return orjson.dumps(rows).decode()


def _numbers(texts: Sequence[str]) -> Sequence[Number]:
    """Exact, however large; money is whole in minor units, and whole numbers are the quickest."""
    try:
        return list(map(int, texts))
    except ValueError:
        return list(map(Decimal, texts))

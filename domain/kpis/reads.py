"""Reading figures: any number of questions, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.kpis.models import Kpi
from domain.metrics.components import Additive, Component, Measure
from domain.metrics.periods import Period
from domain.paging import live_page
from tenants.sql import statement

_QUESTIONS = """
WITH asked AS (
    SELECT * FROM unnest(
        :ordinals!bigints, :components!texts, :segments!texts, :grains!texts, :starts!dates, :ends!dates
    ) AS a (ordinal, component, segment, grain, starts_on, ends_on)
)
"""

# Lateral, so that each question walks its own stretch of the index. Joined, the planner of a large table reads all days
# of a component and throws away those of other periods.
_ANSWERS = """
SELECT a.ordinal, s.n, s.total
FROM asked a CROSS JOIN LATERAL (
    SELECT sum(d.n)::bigint AS n, sum(d.total) AS total FROM {days} d
    WHERE d.tenant_id = :tenant_id!uuid AND d.component = a.component AND d.segment = a.segment
      AND d.local_day BETWEEN a.starts_on AND a.ends_on
) s
WHERE s.n IS NOT NULL
UNION ALL
SELECT a.ordinal, p.n, 0
FROM asked a JOIN {periods} p
  ON p.tenant_id = :tenant_id!uuid AND p.component = a.component AND p.grain = a.grain AND p.starts_on = a.starts_on
WHERE a.segment = ''
"""

FIGURES = statement(_QUESTIONS + _ANSWERS.format(days="day_components", periods="period_components"))

_VALID = "valid_from <= :as_of!instant"
_WAS_VALID = f"{_VALID} AND valid_to > :as_of!instant"
_DAYS_THEN = f"""(
    SELECT component, segment, local_day, n, total, tenant_id FROM day_components
    WHERE tenant_id = :tenant_id!uuid AND {_VALID}
    UNION ALL
    SELECT component, segment, local_day, n, total, tenant_id FROM day_component_revisions
    WHERE tenant_id = :tenant_id!uuid AND {_WAS_VALID}
)"""
_PERIODS_THEN = f"""(
    SELECT component, grain, starts_on, n, tenant_id FROM period_components
    WHERE tenant_id = :tenant_id!uuid AND {_VALID}
    UNION ALL
    SELECT component, grain, starts_on, n, tenant_id FROM period_component_revisions
    WHERE tenant_id = :tenant_id!uuid AND {_WAS_VALID}
)"""
FIGURES_AS_OF = statement(_QUESTIONS + _ANSWERS.format(days=_DAYS_THEN, periods=_PERIODS_THEN))

# One row, whatever is missing. The first day comes from the edge of an index.
STANDING = statement("""
SELECT
    (SELECT local_day FROM day_components
     WHERE tenant_id = :tenant_id!uuid AND component = 'orders' AND segment = '' AND n > 0
     ORDER BY local_day LIMIT 1) AS first_day,
    (SELECT data_version FROM tenant_states WHERE tenant_id = :tenant_id!uuid) AS data_version,
    (SELECT count(*) FROM connections
     WHERE tenant_id = :tenant_id!uuid AND status IN ('ACTIVE', 'PAUSED', 'NEEDS_REAUTH', 'ERROR')) AS connections,
    (SELECT count(*) FROM stream_states WHERE tenant_id = :tenant_id!uuid AND phase = 'BACKFILL') AS backfilling,
    (SELECT count(*) FROM dirty_days WHERE tenant_id = :tenant_id!uuid) AS dirty_days
""")

FIRST_DAY_THEN = statement(f"""
SELECT min(local_day) FROM {_DAYS_THEN} AS d WHERE component = 'orders' AND segment = '' AND n > 0
""")

FRESHNESS = statement("""
SELECT c.provider, min(s.as_of) AS as_of
FROM connections c JOIN stream_states s ON s.tenant_id = c.tenant_id AND s.connection_id = c.id
WHERE c.tenant_id = :tenant_id!uuid AND s.tenant_id = :tenant_id!uuid AND c.archived_at IS NULL
GROUP BY c.provider ORDER BY c.provider
""")


@dataclass(frozen=True, slots=True)
class Figure:
    """One component over one period in one segment ('' for all)."""

    component: Component
    segment: str
    period: Period


@dataclass(frozen=True, slots=True)
class Standing:
    first_day: date | None
    data_version: int
    connected: bool
    backfilling: bool
    pending: bool
    freshness: tuple[tuple[str, datetime | None], ...]

    @property
    def complete(self) -> bool:
        """Whether all was read once and nothing waits to be computed."""
        return not self.backfilling and not self.pending


async def read_figures(
    session: AsyncSession, tenant_id: UUID, figures: Sequence[Figure], *, as_of: datetime | None
) -> dict[Figure, Decimal]:
    """Only what has rows: an absent figure is nought or not kept, as its component and the coverage tell."""
    distinct = list(dict.fromkeys(figures))
    if not distinct:
        return {}
    parameters = {
        "tenant_id": tenant_id,
        "ordinals": list(range(len(distinct))),
        "components": [figure.component.key for figure in distinct],
        "segments": [figure.segment for figure in distinct],
        "grains": [figure.period.grain.value for figure in distinct],
        "starts": [figure.period.start for figure in distinct],
        "ends": [figure.period.end for figure in distinct],
    }
    if as_of is None:
        rows = await session.execute(FIGURES, parameters)
    else:
        rows = await session.execute(FIGURES_AS_OF, {**parameters, "as_of": as_of})
    answers: dict[Figure, Decimal] = {}
    for ordinal, n, total in rows:
        figure = distinct[ordinal]
        answers[figure] = Decimal(n) if figure.component.measure is Measure.N else Decimal(total)
    return answers


async def read_standing(session: AsyncSession, tenant_id: UUID, *, as_of: datetime | None = None) -> Standing:
    """Today's, but for the first day: what was not known at `as_of` was no data then."""
    parameters = {"tenant_id": tenant_id}
    row = (await session.execute(STANDING, parameters)).one()
    freshness = (await session.execute(FRESHNESS, parameters)).all()
    first_day = row.first_day
    if as_of is not None:
        first_day = (await session.execute(FIRST_DAY_THEN, {**parameters, "as_of": as_of})).scalar_one()
    return Standing(
        first_day=first_day,
        data_version=row.data_version or 0,
        connected=row.connections > 0,
        backfilling=row.backfilling > 0,
        pending=row.dirty_days > 0,
        freshness=tuple((each.provider, each.as_of) for each in freshness),
    )


def is_kept(figure: Figure) -> bool:
    """Whether the engine keeps this component by this segment at all."""
    if figure.segment == "":
        return True
    if figure.component.additive is Additive.DISTINCT:
        return False
    return figure.segment.partition("=")[0] in figure.component.segments


async def page(session: AsyncSession, *, tenant_id: UUID, after: UUID | None, limit: int) -> Sequence[Kpi]:
    """Live ones in the order they were adopted."""
    return (await session.execute(live_page(Kpi, tenant_id, after, limit))).scalars().all()

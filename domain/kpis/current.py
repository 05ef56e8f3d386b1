"""Current values: what the recompute keeps of the periods that have a name today, so that nobody adds them up again.

They are kept on a basis: the tenant's today, its first day with data, its fiscal year and the definitions of this
release. Where a reader's basis is another one, or figures have changed since, what is kept does not count.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from domain.kpis.memory import Reckoned
from domain.kpis.trajectories import TargetStatus
from domain.metrics.catalog import edition
from domain.metrics.definition import NullReason
from domain.metrics.evaluation import Values
from domain.metrics.formulas import Number
from tenants.registry.profile import Profile
from tenants.snapshots import Snapshot
from tenants.sql import Row, query

KEPT = query("""
SELECT tenant_id, grain, starts_on, metric_key, segment, value::text AS value, n, null_reason, flags, inputs
FROM current_values
WHERE tenant_id = ANY (:tenant_ids!uuids) AND grain = ANY (:grains!texts) AND starts_on = ANY (:starts!dates)
  AND metric_key = ANY (:metric_keys!texts) AND segment = ANY (:segments!texts)
""")

STATUS: Mapping[str | None, TargetStatus] = {status.value: status for status in TargetStatus}

ValueKey = tuple[UUID, str, date, str, str]
"""Tenant, grain, first day of the period, metric, segment."""


def basis_of(profile: Profile, today: date, first_day: date) -> str:
    return _basis(today, first_day, profile.fiscal_year_start_month)


@lru_cache(maxsize=4096)
def _basis(today: date, first_day: date, fiscal_year_start_month: int) -> str:
    return f"{today} {first_day} {fiscal_year_start_month} {edition()}"


async def find_current(snapshot: Snapshot, keys: Sequence[ValueKey]) -> dict[ValueKey, Reckoned]:
    """Those that are kept, without the flags that hold for all numbers of a tenant."""
    tenant_ids, grains, starts, metric_keys, segments = (list(set(each)) for each in zip(*keys, strict=True))
    rows = await snapshot.fetch(
        KEPT, tenant_ids=tenant_ids, grains=grains, starts=starts, metric_keys=metric_keys, segments=segments
    )
    return {
        (row["tenant_id"], row["grain"], row["starts_on"], row["metric_key"], row["segment"]): _reckoned(row)
        for row in rows
    }


def said(number: Number | None) -> str | None:
    """Exact, as it is kept."""
    return None if number is None else str(number)


def _heard(text: str | None) -> Number | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def _reckoned(row: Row) -> Reckoned:
    reason = row["null_reason"]
    values = Values(
        [_heard(row["value"])], [row["n"]], [None if reason is None else NullReason(reason)], [tuple(row["flags"])]
    )
    return Reckoned(values, {name: [_heard(text)] for name, text in row["inputs"].items()}, {})

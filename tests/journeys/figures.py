"""Every metric over many periods, as the API tells it and as it must be."""

from datetime import date
from typing import Any

from api.demo.client import ApiClient
from tests.journeys import truth
from tests.journeys.truth import Ledger, Span

SERIES = {"DAY": 45, "WEEK": 30, "MONTH": 20, "YEAR": 3}
TRAILING = (28, 90, 365)
PERIODS = {
    "DAY": truth.days,
    "WEEK": truth.weeks,
    "MONTH": truth.months,
    "YEAR": truth.calendar_years,
}
SELECTED = [
    *(f"{grain}: series(granularity: {grain}, last: {last}) {{ starts values }}" for grain, last in SERIES.items()),
    *(f"trailing{days}: value(period: TRAILING_{days}_DAYS) {{ value }}" for days in TRAILING),
]
QUERY = (
    f"query($tenant: ID!) {{ tenant(id: $tenant) {{ today kpis(first: 20) "
    f"{{ nodes {{ metricKey {' '.join(SELECTED)} }} }} }} }}"
)


async def all_differences(api: ApiClient, tenant: str, ledger: Ledger) -> dict[str, dict[str, str]]:
    """What the product says otherwise, by period and metric; empty when every figure is exact."""
    answer = (await api.ask(QUERY, {"tenant": tenant}))["data"]["tenant"]
    today = date.fromisoformat(answer["today"])
    kpis = {kpi["metricKey"]: kpi for kpi in answer["kpis"]["nodes"]}
    found: dict[str, dict[str, str]] = {}
    for grain, last in SERIES.items():
        found |= series_differences(grain, PERIODS[grain](today, last), kpis, ledger)
    for length in TRAILING:
        span, before = truth.trailing(today, length)
        answered = {key: kpis[key][f"trailing{length}"]["value"] for key in truth.KEYS}
        found[f"trailing {length}"] = truth.differences(ledger.figures(span, before), answered)
    return {period: wrong for period, wrong in found.items() if wrong}


def series_differences(
    grain: str, periods: list[tuple[Span, Span]], kpis: dict[str, Any], ledger: Ledger
) -> dict[str, dict[str, str]]:
    found = {}
    for at, (span, before) in enumerate(periods):
        series = {key: kpis[key][grain] for key in truth.KEYS}
        assert {one["starts"][at] for one in series.values()} == {span.start.isoformat()}
        answered = {key: one["values"][at] for key, one in series.items()}
        found[f"{grain} {span.start}"] = truth.differences(ledger.figures(span, before), answered)
    return found

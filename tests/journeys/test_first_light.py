"""The demonstration, run as a newcomer runs it, against what its purchases must come to; and that it leaves nothing."""

import signal
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.demo.client import ApiClient
from tests.journeys import truth
from tests.journeys.demonstration import Demonstration, demonstrated
from tests.journeys.figures import all_differences
from tests.journeys.truth import Ledger, Span, panel

WORDS = {
    "ON_TRACK": "on track",
    "MET": "reached",
    "AT_RISK": "at risk",
    "OFF_TRACK": "off track",
    "MISSED": "missed",
    "NO_DATA": "no data yet",
}
pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="/proc is not here to look through")


@pytest.fixture(scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """`azimuth demo --once --json`, come to its end."""
    async with demonstrated(tmp_path_factory.mktemp("once") / "state", "--once") as running:
        assert await running.ended() == 0, running.printed
    return running


@pytest.fixture(scope="module")
def answer(told: Demonstration) -> dict[str, Any]:
    tenant: dict[str, Any] = told.result["dashboard"]["answer"]["data"]["tenant"]
    return tenant


@pytest.fixture(scope="module")
def ledger(answer: dict[str, Any]) -> Ledger:
    """The shop sold until the day before."""
    return Ledger(panel(date.fromisoformat(answer["today"]) - timedelta(days=1)))


@pytest.fixture(scope="module")
async def serving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demonstration]:
    """`azimuth demo --json`, shown and still there."""
    async with demonstrated(tmp_path_factory.mktemp("serving") / "state") as running:
        await running.until_said("Serving until Ctrl-C")
        yield running


def test_it_writes_what_others_build_on(told: Demonstration) -> None:
    result = told.result
    assert result["graphql_url"].startswith("http://127.0.0.1:")
    assert all(result[name] for name in ("access_token", "client_id", "client_secret", "tenant_id"))
    assert result["dashboard"]["request"]["variables"] == {"tenant": result["tenant_id"]}
    assert "errors" not in result["dashboard"]["answer"]
    assert all(step["name"] and step["seconds"] >= 0 for step in result["steps"])
    assert told.json_file.stat().st_mode & 0o777 == 0o600


def test_the_totals_are_the_panels(told: Demonstration, ledger: Ledger) -> None:
    totals = told.result["totals"]
    assert (totals["customers"], totals["orders"]) == (ledger.customers, len(ledger.purchases)) == (2357, 6919)
    assert truth.told(totals["revenue"]) == truth.shown("net_revenue", truth.dollars(ledger.purchases))


def test_the_panel_is_the_published_one(reference: Path) -> None:
    ours = panel(date(1998, 6, 30))
    assert panel(date(1998, 6, 30), file=reference / "reference-data" / "cdnow_sample_transactions.csv") == ours


def test_every_monthly_series_is_exact(answer: dict[str, Any], ledger: Ledger) -> None:
    series = {kpi["metricKey"]: kpi["series"] for kpi in answer["kpis"]["nodes"]}
    assert set(series) == set(truth.KEYS)
    months = truth.months(date.fromisoformat(answer["today"]), len(series["orders"]["values"]))
    assert months[0][0].start < ledger.first_day, "the series begins before the first purchase"
    for at, (span, before) in enumerate(months):
        answered = {key: each["values"][at] for key, each in series.items()}
        assert {each["starts"][at] for each in series.values()} == {span.start.isoformat()}
        assert truth.differences(ledger.figures(span, before), answered) == {}, span


@pytest.mark.parametrize("card", ["lastMonth", "trailing"])
def test_every_value_is_exact(answer: dict[str, Any], ledger: Ledger, card: str) -> None:
    today = date.fromisoformat(answer["today"])
    span, before = truth.months(today, 2)[0] if card == "lastMonth" else truth.trailing(today, 90)
    answered = {kpi["metricKey"]: kpi[card]["value"] for kpi in answer["kpis"]["nodes"]}
    assert truth.differences(ledger.figures(span, before), answered) == {}
    assert {(kpi[card]["period"]["start"], kpi[card]["period"]["end"]) for kpi in answer["kpis"]["nodes"]} == {
        (span.start.isoformat(), span.end.isoformat())
    }


def test_the_objective_is_seen_through_to_its_target(answer: dict[str, Any], ledger: Ledger) -> None:
    (objective,) = answer["objectives"]["nodes"]
    (kpi,) = objective["kpis"]["nodes"]
    assert objective["initiatives"]["nodes"][0]["kpi"]["name"] == kpi["name"] == "Repeat purchase rate"
    baseline, target = kpi["baseline"], kpi["target"]
    window = Span(date.fromisoformat(baseline["windowStart"]), date.fromisoformat(baseline["windowEnd"]))
    bought: dict[tuple[int, int, int], int] = {}
    for one in ledger.within(window):
        key = (one.customer, one.day.year, one.day.month)
        bought[key] = bought.get(key, 0) + 1
    pooled = truth.ratio(sum(count > 1 for count in bought.values()), len(bought))
    assert truth.told(baseline["value"]) == truth.shown("repeat_purchase_rate", pooled)
    assert objective["status"] == target["progress"]["status"]


def test_an_owner_can_read_what_is_printed(told: Demonstration, answer: dict[str, Any]) -> None:
    (objective,) = answer["objectives"]["nodes"]
    status = WORDS[objective["status"]]
    printed = " ".join(told.printed.split())
    for words in ("Net revenue", "Repeat purchase rate", f": {status} ", "Win-back e-mails", "money in USD"):
        assert words in printed
    assert "null" not in told.printed
    assert "Traceback" not in told.printed


async def test_once_it_leaves_nothing(told: Demonstration) -> None:
    await told.until_nothing_runs()
    assert list(told.state.iterdir()) == []


@pytest.mark.long
async def test_the_api_it_started_answers_the_same_question_alike(serving: Demonstration) -> None:
    """With the client it gave out, from outside, as an integrator would."""
    result = serving.result
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        url = result["graphql_url"].removesuffix("/graphql")
        api = await ApiClient.sign_in(http, url, result["client_id"], result["client_secret"])
        request = result["dashboard"]["request"]
        answer = await api.ask(request["query"], request["variables"])
    assert answer["data"] == result["dashboard"]["answer"]["data"]


@pytest.mark.long
async def test_days_weeks_years_and_all_trailing_windows_are_exact(serving: Demonstration, ledger: Ledger) -> None:
    result = serving.result
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        api = ApiClient(http, result["graphql_url"].removesuffix("/graphql"), result["access_token"])
        assert await all_differences(api, result["tenant_id"], ledger) == {}


@pytest.mark.long
async def test_ctrl_c_ends_it_and_leaves_nothing(serving: Demonstration) -> None:
    assert serving.left_running()
    serving.signal(signal.SIGINT)
    assert await serving.ended() == 0
    await serving.until_nothing_runs()
    assert list(serving.state.iterdir()) == []


@pytest.mark.long
async def test_what_it_started_dies_with_it_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    """Killed in the middle of a backfill, and the next one interrupted there."""
    async with demonstrated(tmp_path / "state") as killed:
        await killed.until_worker_reads()
        started = " ".join(killed.left_running())
        assert all(name in started for name in ("supervisor", "pgdata", "sandbox", "serve", "worker"))
        killed.signal(signal.SIGKILL)
        await killed.ended()
        await killed.until_nothing_runs()
    async with demonstrated(tmp_path / "state") as following:
        await following.until_worker_reads()
        assert len(list(following.state.iterdir())) == 1
        following.signal(signal.SIGINT)
        assert await following.ended(30) == 130
        await following.until_nothing_runs()
        assert list(following.state.iterdir()) == []
        assert "Traceback" not in following.printed


async def test_told_to_end_at_its_start_it_leaves_nothing(tmp_path: Path) -> None:
    async with demonstrated(tmp_path / "state") as running:
        await running.until_said("database started")
        running.signal(signal.SIGTERM)
        assert await running.ended(30) == 143
        await running.until_nothing_runs()
        assert list(running.state.iterdir()) == []

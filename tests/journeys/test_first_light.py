"""The demonstration, run as a newcomer runs it, against what its purchases must come to."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.journeys import truth
from tests.journeys.truth import Ledger, Span, panel

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0


def azimuth_demo(directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AZIMUTH_", "DATABASE_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "demo", "--json", str(directory / "out.json"), *arguments],
        cwd=ROOT,
        env=environment | {"AZIMUTH_STATE_DIR": str(directory / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(place: Path) -> tuple[dict[str, Any], str]:
    """What `azimuth demo --once --json` wrote and printed."""
    process = azimuth_demo(place, "--once")
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, printed.decode()[-3000:]
    return json.loads((place / "out.json").read_text()), printed.decode()


@pytest.fixture(scope="module")
def answer(told: tuple[dict[str, Any], str]) -> dict[str, Any]:
    tenant: dict[str, Any] = told[0]["dashboard"]["answer"]["data"]["tenant"]
    return tenant


@pytest.fixture(scope="module")
def ledger(answer: dict[str, Any]) -> Ledger:
    return Ledger(panel(date.fromisoformat(answer["today"]) - timedelta(days=1)))


def test_it_writes_what_others_build_on(told: tuple[dict[str, Any], str]) -> None:
    result, _ = told
    assert result["graphql_url"].startswith("http://127.0.0.1:")
    assert all(result[name] for name in ("access_token", "client_id", "client_secret", "tenant_id"))
    assert result["dashboard"]["request"]["variables"] == {"tenant": result["tenant_id"]}
    assert "errors" not in result["dashboard"]["answer"]
    assert all(step["name"] and step["seconds"] >= 0 for step in result["steps"])


def test_the_totals_are_the_panels(told: tuple[dict[str, Any], str], ledger: Ledger) -> None:
    totals = told[0]["totals"]
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


def test_an_owner_can_read_what_is_printed(told: tuple[dict[str, Any], str]) -> None:
    printed = told[1]
    for words in ("Net revenue", "Repeat purchase rate", "on track", "Win-back e-mails", "money in USD"):
        assert words in printed
    assert "null" not in printed
    assert "Traceback" not in printed


def test_nothing_is_left_behind(told: tuple[dict[str, Any], str], place: Path) -> None:
    assert list((place / "state").iterdir()) == []
    assert programs_of(place) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_it_serves_until_it_is_stopped(tmp_path: Path, how: signal.Signals) -> None:
    """After Ctrl-C it cleans up; after kill -9 its programs still end."""
    process = azimuth_demo(tmp_path)
    try:
        result = written(tmp_path / "out.json", process)
        answer = httpx2.post(
            result["graphql_url"],
            json=result["dashboard"]["request"],
            headers={"Authorization": f"Bearer {result['access_token']}"},
            trust_env=False,
        )
        assert answer.json()["data"]["tenant"]["name"] == "First Light Records"
        process.send_signal(how)
        process.wait(timeout=60)
    finally:
        process.kill()
        process.communicate()
    until_gone(tmp_path)
    if how is signal.SIGINT:
        assert process.returncode == 0
        assert list((tmp_path / "state").iterdir()) == []


def written(file: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    for _ in range(int(PATIENCE / 0.1)):
        try:
            result: dict[str, Any] = json.loads(file.read_text())
            return result
        except (FileNotFoundError, ValueError):
            assert process.poll() is None, process.communicate()[0].decode()[-3000:]
            time.sleep(0.1)
    raise AssertionError("the demonstration did not get that far")


def until_gone(directory: Path) -> None:
    for _ in range(300):
        if not programs_of(directory):
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {programs_of(directory)}")


def programs_of(directory: Path) -> list[str]:
    """Whatever still runs with this directory in its surroundings."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            environment = (process / "environ").read_bytes() if process.name.isdigit() else b""
            if str(directory).encode() in environment:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found

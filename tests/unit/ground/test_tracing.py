"""Whether traces are collected, what is told of one piece of work, and what a collector that is away may cost."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from time import monotonic, perf_counter

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from tenants.settings import ConfigurationError
from tenants.telemetry.otlp import MOST_PARTS, OtlpTracer, Seldom
from tenants.telemetry.spans import traced_by, tracer
from tenants.telemetry.tally import Calls, faulty, sent, tallied
from tenants.telemetry.tracing import is_wanted, traced
from tests.loopback import listen

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}
RATIO = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}


@pytest.fixture
def kept() -> Iterator[InMemorySpanExporter]:
    """What the work of this test tells."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced_by(OtlpTracer(provider)):
        yield exporter
    provider.shutdown()


def work(exporter: InMemorySpanExporter) -> ReadableSpan:
    (found,) = (span for span in exporter.get_finished_spans() if span.parent is None)
    return found


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_TRACES_SAMPLER": "no such", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example.com/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({**ENDPOINT, **RATIO, "OTEL_TRACES_SAMPLER_ARG": "0.01"}, True),
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            True,
        ),
    ],
)
def test_traces_are_collected_where_a_collector_is_named(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT: must be an absolute"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: must be otlp or none"),
        ({"OTEL_TRACES_SAMPLER": "jaeger_remote"}, "OTEL_TRACES_SAMPLER: must be one of always_on, "),
        ({**RATIO, "OTEL_TRACES_SAMPLER_ARG": "10"}, "OTEL_TRACES_SAMPLER_ARG: must be a share of 1"),
        ({**RATIO, "OTEL_TRACES_SAMPLER_ARG": "tenth"}, "OTEL_TRACES_SAMPLER_ARG: must be a share of 1"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_remedy(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        is_wanted(ENDPOINT | given)
    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "before", "environment", "said"),
    [
        # As where the extra was never installed.
        ("serve", "sys.modules['opentelemetry'] = None", ENDPOINT, "pip install 'azimuth[tracing]'"),
        pytest.param(
            "worker",
            "sys.modules['opentelemetry'] = None",
            ENDPOINT,
            "pip install 'azimuth[tracing]'",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "worker",
            "pass",
            {**ENDPOINT, "OTEL_TRACES_SAMPLER": "some"},
            "OTEL_TRACES_SAMPLER: must be one of",
            marks=pytest.mark.long,
        ),
        ("worker", "pass", {**ENDPOINT, "OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "max_queue_size must be a positive integer"),
    ],
)
def test_a_process_that_cannot_do_what_it_is_told_says_so_in_a_line(
    command: str, before: str, environment: dict[str, str], said: str
) -> None:
    program = f"import sys; {before}; from api.cli import main; sys.argv = ['azimuth', '{command}']; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


async def test_nothing_is_collected_unless_it_is_asked_for() -> None:
    async with traced({}):
        assert tracer() is None
        with tallied({"traceparent": f"00-{'1' * 32}-{'1' * 16}-01"}) as tally:
            sent("SELECT", perf_counter())
        assert tally.span is None


def test_parts_lie_within_their_work_and_nothing_nests(kept: InMemorySpanExporter) -> None:
    with tallied() as tally:
        tally.describe("job sync", {"azimuth.job": "sync"})
        for _ in range(3):
            began = perf_counter()
            Calls("shopify").ended("Orders", began, 200)
            sent("COMMIT", began)
        tally.outcome = "ok"
    whole = work(kept)
    parts = [span for span in kept.get_finished_spans() if span is not whole]
    assert [part.name for part in parts] == ["shopify Orders", "COMMIT"] * 3
    assert whole.start_time is not None
    assert whole.end_time is not None
    for part in parts:
        assert part.parent == whole.context
        assert part.start_time is not None
        assert part.end_time is not None
        assert whole.start_time <= part.start_time <= part.end_time <= whole.end_time
    assert whole.attributes is not None
    assert {key: whole.attributes[key] for key in ("azimuth.job", "azimuth.outcome", "azimuth.statements")} == {
        "azimuth.job": "sync",
        "azimuth.outcome": "ok",
        "azimuth.statements": 3,
    }


def test_a_call_that_went_wrong_shows_as_such(kept: InMemorySpanExporter) -> None:
    with tallied() as tally:
        for status in (200, 304, 429, 502, None):
            Calls("shopify").ended("Orders", perf_counter(), status)
        tally.outcome = "ok"
    told = [
        (dict(span.attributes or {}).get("http.response.status_code"), span.status.status_code is StatusCode.ERROR)
        for span in kept.get_finished_spans()
        if span.parent
    ]
    assert told == [(200, False), (304, False), (429, True), (502, True), (None, True)]


@pytest.mark.parametrize(
    ("outcome", "fault", "failed"), [("ok", False, False), ("ok", True, True), ("failed", False, True)]
)
def test_work_failed_where_we_did(kept: InMemorySpanExporter, outcome: str, fault: bool, failed: bool) -> None:
    with tallied() as tally:
        if fault:
            faulty()
        tally.outcome = outcome
    assert (work(kept).status.status_code is StatusCode.ERROR) is failed
    assert not work(kept).events


def test_work_that_goes_on_for_long_shows_so_much_and_counts_the_rest(kept: InMemorySpanExporter) -> None:
    with tallied():
        for _ in range(MOST_PARTS + 5):
            sent("COMMIT", perf_counter())
        for _ in range(3):
            Calls("shopify").ended("Orders", perf_counter(), 200)
    names = [span.name for span in kept.get_finished_spans()]
    assert names.count("COMMIT") == MOST_PARTS
    assert names.count("shopify Orders") == 3
    attributes = dict(work(kept).attributes or {})
    assert attributes["azimuth.statements"] == MOST_PARTS + 5
    assert attributes["azimuth.statements_not_shown"] == 5
    assert "azimuth.calls_not_shown" not in attributes


def test_what_the_sampler_leaves_out_is_not_told_and_costs_next_to_nothing() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced_by(OtlpTracer(provider)), tallied() as tally:
        began = perf_counter()
        for _ in range(10_000):
            sent("COMMIT", began)
        assert perf_counter() - began < 0.2
    assert tally.statements == 10_000
    assert exporter.get_finished_spans() == ()
    provider.shutdown()


async def test_a_collector_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen() as silent:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        for name, value in {**environment, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}.items():
            monkeypatch.setenv(name, value)
        async with traced(environment, patience_seconds=0.2):
            began = monotonic()
            for _ in range(10):
                with tallied():
                    sent("COMMIT", perf_counter())
        assert monotonic() - began < 0.8
        assert tracer() is None
        (left_behind,) = (thread for thread in threading.enumerate() if thread.name.startswith("OtelBatch"))
        left_behind.join()


def test_a_collector_that_is_away_is_told_once_in_a_while() -> None:
    seldom = Seldom()
    records = [logging.makeLogRecord({"msg": "away for %s", "args": (number,)}) for number in range(100)]
    assert [bool(seldom.filter(record)) for record in records] == [True] + [False] * 99
    assert seldom.filter(logging.makeLogRecord({"msg": "something else"}))

"""Spans by OpenTelemetry's library, sent over HTTP from a thread of their own. Loaded only where traces are collected.

The library reads its own environment variables: the collector's address, headers and certificates, sampling, batches.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from math import inf
from time import monotonic, perf_counter

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace import Tracer as Spans
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import bind_contextvars, reset_contextvars

from tenants.telemetry.spans import Attributes, Named

MOST_PARTS = 1000
"""Statements that one piece of work shows, and as many calls: a first sync has tens of thousands."""
TOLD_EVERY_SECONDS = 60.0
MOST_HEADER = 512
NANO = 1_000_000_000
STATEMENT = {"db.system.name": "postgresql"}

_TRACE_CONTEXT = TraceContextTextMapPropagator()


class OtlpTracer:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._spans = provider.get_tracer("azimuth", version("azimuth"))

    def begin(self, headers: Mapping[str, str] | None) -> "Work":
        return Work(self._spans, headers)

    def close(self) -> None:
        """Sends what waits. Blocks as long as the collector lets it."""
        self._provider.shutdown()


class Work:
    """One request or job. Its parts are told when they have ended, so that nothing is current and nothing nests."""

    def __init__(self, spans: Spans, headers: Mapping[str, str] | None) -> None:
        self._spans = spans
        self._span = spans.start_span(
            "work",
            context=_TRACE_CONTEXT.extract(_carrier(headers or {}), Context()),
            kind=SpanKind.CONSUMER if headers is None else SpanKind.SERVER,
        )
        self._context = set_span_in_context(self._span, Context())
        self._parts: Counter[str] = Counter()
        self._began = perf_counter()
        # What was not chosen by the sampler records nothing, and has no instant.
        self._nanoseconds = (self._span.start_time or 0) if isinstance(self._span, ReadableSpan) else None
        self._logged = bind_contextvars(trace_id=format_trace_id(self._span.get_span_context().trace_id))

    def statement(self, what: Named | str, began: float, ended: float) -> None:
        if self._has_room("statements"):
            self._part(what if isinstance(what, str) else _name(what), began, ended, STATEMENT)

    def call(self, provider: str, operation: str, began: float, ended: float, status: int | None) -> None:
        if self._has_room("calls"):
            answered: Attributes = {} if status is None else {"http.response.status_code": status}
            self._part(
                f"{provider} {operation}",
                began,
                ended,
                {"azimuth.provider": provider, "azimuth.operation": operation, **answered},
                failed=status is None or status >= 400,
            )

    def describe(self, name: str, attributes: Attributes) -> None:
        self._span.update_name(name)
        self._span.set_attributes(attributes)

    def end(self, attributes: Attributes, *, failed: bool) -> None:
        reset_contextvars(**self._logged)
        self._span.set_attributes(attributes)
        for sort, number in self._parts.items():
            if number > MOST_PARTS:
                self._span.set_attribute(f"azimuth.{sort}_not_shown", number - MOST_PARTS)
        if failed:
            self._span.set_status(StatusCode.ERROR)
        self._span.end(self._at(perf_counter()))

    def _has_room(self, sort: str) -> bool:
        if self._nanoseconds is None:
            return False
        self._parts[sort] += 1
        return self._parts[sort] <= MOST_PARTS

    def _part(self, name: str, began: float, ended: float, attributes: Attributes, *, failed: bool = False) -> None:
        part = self._spans.start_span(
            name, context=self._context, kind=SpanKind.CLIENT, attributes=attributes, start_time=self._at(began)
        )
        if failed:
            part.set_status(StatusCode.ERROR)
        part.end(self._at(ended))

    def _at(self, instant: float) -> int | None:
        """One clock for the work and its parts: the wall's may be set meanwhile."""
        if self._nanoseconds is None:
            return None
        return self._nanoseconds + int((instant - self._began) * NANO)


class Seldom(logging.Filter):
    """A collector that is away is told once a minute, and not at every attempt."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, words = monotonic(), str(record.msg)
        if now - self._told.get(words, -inf) < TOLD_EVERY_SECONDS:
            return False
        self._told[words] = now
        return True


SELDOM = Seldom()


def open_tracer() -> OtlpTracer:
    """Raises ValueError for what the library cannot work with."""
    logging.getLogger(OTLPSpanExporter.__module__).addFilter(SELDOM)
    # Every process is closed by us; the library's own way would wait for the collector longer than we do.
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtlpTracer(provider)


def _resource() -> Resource:
    """Who tells: ours unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise."""
    said = OTELResourceDetector().detect().attributes
    return Resource.create({"service.name": "azimuth", "service.version": version("azimuth"), **said})


def _carrier(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Which trace, and nothing else: what a `tracestate` says is its sender's, and in our spans it has no business."""
    parent = headers.get("traceparent", "")
    return {"traceparent": parent} if 0 < len(parent) <= MOST_HEADER else {}


@lru_cache(maxsize=1000)
def _name(what: Named) -> str:
    return what.name

"""Whether traces are collected, by OpenTelemetry's own variables, so that every collector's documentation holds."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from tenants.settings import ConfigurationError
from tenants.telemetry.spans import traced_by

if TYPE_CHECKING:
    from tenants.telemetry.otlp import OtlpTracer

log = logging.getLogger(__name__)

EXPORTER = ("OTEL_TRACES_EXPORTER",)
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SAMPLERS = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)
PATIENCE_SECONDS = 5.0
"""For a collector that does not take what waits when this process ends."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """The first of these variables that says anything is the one that counts."""

    variables: tuple[str, ...]
    holds: Callable[[str], bool]
    words: str


@asynccontextmanager
async def traced(
    environment: Environment = os.environ, *, patience_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[None]:
    """What this process does is told to the collector that is named, if any. Raises ConfigurationError."""
    if not is_wanted(environment):
        yield
        return
    tracer = _open()
    log.info("traces are collected")
    try:
        with traced_by(tracer):
            yield
    finally:
        # In a thread that may be left behind: one of the loop's pool would be waited for at its end.
        closing = Thread(target=tracer.close, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, patience_seconds)


def is_wanted(environment: Environment) -> bool:
    """Raises ConfigurationError, with a line for each value that cannot be used."""
    _, exporter = _said(environment, EXPORTER)
    _, endpoint = _said(environment, ENDPOINTS)
    disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or exporter == "none" or not (endpoint or exporter == "otlp"):
        return False
    said = [(rule, *_said(environment, rule.variables)) for rule in RULES]
    complaints = [f"{name}: {rule.words}" for rule, name, value in said if value and not rule.holds(value)]
    if complaints:
        raise ConfigurationError("\n".join(complaints))
    return True


def _said(environment: Environment, variables: tuple[str, ...]) -> tuple[str, str]:
    """Which of them, and what; an empty one says nothing."""
    values = ((name, environment.get(name, "").strip()) for name in variables)
    return next((each for each in values if each[1]), ("", ""))


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


RULES = (
    Rule(EXPORTER, lambda value: value == "otlp", "must be otlp or none"),
    Rule(
        ENDPOINTS,
        lambda value: value.startswith(("http://", "https://")),
        "must be an absolute http(s) address, for example http://localhost:4318",
    ),
    Rule(
        PROTOCOLS,
        lambda value: value == "http/protobuf",
        "must be http/protobuf, which collectors take at port 4318",
    ),
    Rule(
        ("OTEL_TRACES_SAMPLER",),
        lambda value: value.lower() in SAMPLERS,
        f"must be one of {', '.join(SAMPLERS)}",
    ),
    Rule(("OTEL_TRACES_SAMPLER_ARG",), _is_share, "must be a share of 1, for example 0.1"),
)


def _open() -> "OtlpTracer":
    try:
        from tenants.telemetry.otlp import open_tracer
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and what sends them is not installed: "
            "pip install 'azimuth[tracing]', or unset the variable"
        ) from error
    try:
        return open_tracer()
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(f"OpenTelemetry cannot work with its variables: {error}") from error

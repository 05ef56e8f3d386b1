"""What a request tells of itself: to the meters, to its trace, and to the log where it was slow."""

import hashlib
from typing import Any

from tenants.telemetry import meters
from tenants.telemetry.names import Names
from tenants.telemetry.tally import Tally

NAMES = Names(meters.OPERATION_SECONDS)


def measure(tally: Tally, seconds: float) -> None:
    meters.REQUEST_SECONDS.labels(tally.kind, tally.outcome).observe(seconds)
    meters.REQUEST_STATEMENTS.observe(tally.statements)
    meters.REQUEST_DATABASE_SECONDS.observe(tally.seconds)
    meters.REQUEST_WAIT_SECONDS.inc(tally.waited)
    NAMES.series(tally.operation).observe(seconds)


def describe(tally: Tally) -> None:
    """By the names that the meters have: whoever makes one up for each request makes up none here."""
    name = NAMES.bounded(tally.operation)
    if tally.kind == "none":
        tally.describe("graphql", {})
    else:
        tally.describe(f"{tally.kind} {name}", {"graphql.operation.type": tally.kind, "graphql.operation.name": name})


def particulars(query: str, tally: Tally) -> dict[str, Any]:
    """Of the document its digest, of statements their names: what was asked with stays where it is."""
    return {
        "document": hashlib.sha256(query.encode("utf-8", "replace")).hexdigest(),
        "statements": tally.statements,
        "database_milliseconds": milliseconds(tally.seconds),
        "waited_milliseconds": milliseconds(tally.waited),
        "slowest": tally.slowest_name,
        "slowest_milliseconds": milliseconds(tally.slowest_seconds),
    }


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)

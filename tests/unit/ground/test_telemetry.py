"""What is told of the process is bounded, and adds up over all tasks of one piece of work."""

import asyncio
from time import perf_counter

import pytest
from prometheus_client import CollectorRegistry, Histogram
from pydantic import ValidationError

from api import schema
from tenants import sql
from tenants.settings import Settings
from tenants.telemetry.names import Names
from tenants.telemetry.tally import about, sent, tallied, waited


def named(most: int) -> tuple[Names, CollectorRegistry]:
    registry = CollectorRegistry()
    return Names(Histogram("seconds", "Of tests.", ("operation",), registry=registry), most=most), registry


def series(registry: CollectorRegistry) -> dict[str, float]:
    return {
        sample.labels["operation"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "seconds_count"
    }


def test_operations_that_come_again_get_a_series_and_no_more_than_there_is_room_for() -> None:
    names, registry = named(most=2)
    for _ in range(3):
        for name in ("Dashboard", "Overview", "Late"):
            names.series(name).observe(1)
    assert series(registry) == {"Dashboard": 2, "Overview": 2, "other": 5}


def test_a_client_that_makes_up_a_name_for_each_request_takes_no_room() -> None:
    names, registry = named(most=2)
    for number in range(5000):
        names.series(f"Request{number}").observe(1)
    for _ in range(2):
        names.series("Dashboard").observe(1)
        names.series("").observe(1)
        names.series("x" * 61).observe(1)
    assert series(registry) == {"other": 5005, "Dashboard": 1}


async def test_a_tally_has_what_all_tasks_of_its_work_sent_and_nothing_of_others() -> None:
    async def work(kind: str, pauses: list[float]) -> tuple[int, str, str, float]:
        with tallied() as tally:

            async def read(pause: float) -> None:
                began = perf_counter()
                await asyncio.sleep(pause)
                sent(f"{kind} {pause}", began)

            await asyncio.gather(*(asyncio.ensure_future(read(pause)) for pause in pauses))
            about(kind)
            return tally.statements, tally.slowest_name, tally.kind, tally.seconds

    query, mutation = await asyncio.gather(work("query", [0.01, 0.05, 0.02]), work("mutation", [0.03]))
    assert query[:3] == (3, "query 0.05", "query")
    assert 0.08 <= query[3] < 1
    assert mutation[:3] == (1, "mutation 0.03", "mutation")


def test_outside_of_any_work_nothing_is_kept() -> None:
    with tallied() as tally:
        pass
    sent("SELECT", perf_counter() - 1)
    waited(perf_counter() - 1)
    assert (tally.statements, tally.seconds, tally.waited) == (0, 0, 0)


def test_every_query_has_a_name_an_operator_can_find() -> None:
    assert schema.schema is not None
    names = {query.name for query in sql.WRITTEN if query.place.startswith("domain.")}
    assert {"domain.kpis.figures.FIGURES", "domain.kpis.repository.pages"} <= names
    assert not [name for name in names if ":" in name], "only a line tells where it is"


def test_nothing_listens_unless_it_is_asked_to_and_then_on_this_machine_alone() -> None:
    assert Settings().metrics_port is None
    assert Settings().metrics_host == "127.0.0.1"
    with pytest.raises(ValidationError):
        Settings(metrics_port=70_000)

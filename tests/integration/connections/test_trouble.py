"""A provider gone mad: a pass that cannot be finished says why, keeps its place, and the next one completes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.connections.sync import Halted
from domain.ports.errors import ProviderError
from tests.integration.connections.office import Client, Office

PAGE = 20


@pytest.fixture
async def halfway(office: Office) -> AsyncIterator[Client]:
    """One page of the orders is read, two and a bit are not."""
    office = office.with_pages_of(PAGE)
    client = await office.connect(office.open_shop(customers=20))
    office.house.halted.set()
    with pytest.raises(Halted):
        await client.read_orders()
    office.house.halted.clear()
    yield client
    client.fair_weather()


def all_orders(client: Client) -> int:
    return len(client.store.control("GET", "/orders?fields=id")["orders"])


@pytest.mark.parametrize(
    ("kind", "times", "reason"),
    [
        ("partial", 1, "PARTIAL_ANSWER"),
        ("malformed_json", 1, "MALFORMED_ANSWER"),
        ("other_version", 1, "WRONG_API_VERSION"),
        ("http_402", 1, "ACCOUNT_FROZEN"),
        ("http_423", 1, "ACCOUNT_LOCKED"),
        ("throttled", 5, "THROTTLED"),
        ("http_429", 5, "THROTTLED"),
    ],
)
async def test_pass_that_breaks_off_says_why_and_is_finished_later(
    halfway: Client, kind: str, times: int, reason: str
) -> None:
    cursor = await halfway.cursor()
    halfway.fault(kind, times=times)
    with pytest.raises(ProviderError):
        await halfway.read_orders()
    assert (await halfway.runs())[-1] == ("INCOMPLETE", reason, 0)
    assert await halfway.cursor() == cursor
    assert await halfway.order_count() == PAGE, "nothing of a broken page is kept"
    await halfway.read_orders()
    assert (await halfway.runs())[-1] == ("COMPLETE", None, all_orders(halfway) - PAGE)
    assert await halfway.order_count() == all_orders(halfway)


@pytest.mark.parametrize("kind", ["cut_body", "hang", "internal_error", "http_502"])
async def test_trouble_that_passes_is_sat_out(halfway: Client, kind: str) -> None:
    halfway.fault(kind)
    await halfway.read_orders()
    assert (await halfway.runs())[-1] == ("COMPLETE", None, all_orders(halfway) - PAGE)
    assert await halfway.order_count() == all_orders(halfway)


async def test_outage_is_told_and_tried_again_later(client: Client) -> None:
    client.fault("http_500", times=100)
    await client.sync()
    connection = await client.connection()
    assert (connection["status"], connection["reason"]) == ("ACTIVE", "PROVIDER_UNAVAILABLE")
    assert timedelta(seconds=50) < await client.due_in() <= client.house.retry
    client.fair_weather()
    await client.sync()
    connection = await client.connection()
    assert (connection["status"], connection["reason"]) == ("ACTIVE", None)
    assert await client.order_count() == all_orders(client)
    assert timedelta(minutes=14) < await client.due_in() <= client.house.sync_interval


async def test_wait_the_provider_asks_for_is_kept(client: Client) -> None:
    client.fault("http_429", times=1, seconds=40)
    await client.sync()
    assert (await client.connection())["reason"] == "THROTTLED"
    assert timedelta(seconds=35) < await client.due_in() <= timedelta(seconds=40)


async def test_frozen_shop_is_asked_again_and_says_what_it_is(client: Client) -> None:
    client.fault("http_402", times=100)
    await client.sync()
    connection = await client.connection()
    assert (connection["status"], connection["reason"]) == ("ACTIVE", "ACCOUNT_FROZEN")
    client.fair_weather()
    await client.sync()
    assert (await client.connection())["reason"] is None


async def test_empty_bucket_costs_time_and_nothing_else(office: Office) -> None:
    office = office.with_pages_of(PAGE)
    client = await office.connect(office.open_shop(customers=20))
    await client.sync()
    client.store.control("POST", "/bucket", {"client_id": office.client_id, "available": 0})
    await client.sync()
    assert [run[:2] for run in await client.runs()] == [("COMPLETE", None), ("COMPLETE", None)]


async def test_of_two_workers_with_one_connection_one_reads(client: Client) -> None:
    await client.make_due("sync")
    await asyncio.gather(*(client.sync_if_due() for _ in range(4)))
    assert [run[:2] for run in await client.runs()] == [("COMPLETE", None)]
    assert await client.order_count() == all_orders(client)


async def test_worker_whose_lease_ran_out_leaves_its_connection_to_the_other(halfway: Client) -> None:
    """Both are on the same page, and every page counts once."""
    ended = await asyncio.gather(*(halfway.read_orders() for _ in range(3)), return_exceptions=True)
    assert sorted({type(each).__name__ for each in ended}) == ["NoneType", "Overtaken"]
    assert sum(records for _, _, records in await halfway.runs()) == all_orders(halfway)
    assert await halfway.order_count() == all_orders(halfway)


async def test_worker_that_is_asked_to_stop_hands_over_at_once(halfway: Client) -> None:
    halfway.house.halted.set()
    await halfway.sync()
    halfway.house.halted.clear()
    assert await halfway.due_in() < timedelta(seconds=1)
    assert (await halfway.connection())["reason"] is None
    await halfway.sync_if_due()
    assert await halfway.order_count() == all_orders(halfway)


async def test_pass_of_a_worker_that_died_is_closed_by_the_next(halfway: Client) -> None:
    await halfway.rows("UPDATE sync_runs SET status = 'RUNNING', finished_at = NULL WHERE tenant_id = $1")
    await halfway.sync()
    assert [run[:2] for run in await halfway.runs()] == [("INCOMPLETE", "WORKER_LOST"), ("COMPLETE", None)]

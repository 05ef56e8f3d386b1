"""Tokens that expire, get lost on their way, and die."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.ports.errors import ReauthRequired
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tests.integration.connections.office import Client
from tests.integration.oauth.world import ManualClock


@pytest.fixture
async def elsewhere(client: Client, database_urls: DatabaseUrls) -> AsyncIterator[Client]:
    """The same connection, seen from another process: nothing is shared but the database."""
    database = Database(database_urls.application, pool_size=10)
    house = replace(client.house, database=database)
    yield replace(client, office=replace(client.office, house=house))
    await database.close()


def requests(client: Client, name: str) -> int:
    return int(client.store.control("GET", "/counters").get(name, 0))


def expire(client: Client) -> None:
    client.store.control("POST", "/tokens/expire", {"client_id": client.office.client_id})


def revoke(client: Client) -> None:
    client.store.control("POST", "/tokens/revoke", {"client_id": client.office.client_id})


async def test_of_many_who_need_a_new_token_one_asks_for_it(client: Client, elsewhere: Client) -> None:
    sources = [(await each.reading()).account.tokens for each in (client, elsewhere)]
    rejected = await sources[0].current()
    expire(client)
    renewed = await asyncio.gather(*(sources[at % 2].renewed(rejected) for at in range(20)))
    assert len(set(renewed)) == 1
    assert rejected not in renewed
    assert requests(client, "refreshes") == 1
    assert await sources[1].current() == renewed[0]


async def test_token_that_expires_under_way_is_renewed_once(client: Client) -> None:
    expire(client)
    await client.sync()
    assert (requests(client, "unauthorized"), requests(client, "refreshes")) == (1, 1)
    assert [run[:2] for run in await client.runs()] == [("COMPLETE", None)]


async def test_token_is_renewed_before_it_expires(client: Client, clock: ManualClock) -> None:
    clock.advance(minutes=59, seconds=30)
    await client.sync()
    assert (requests(client, "unauthorized"), requests(client, "refreshes")) == (0, 1)


async def test_every_renewal_replaces_the_pair_and_keeps_the_last(client: Client) -> None:
    sql = (
        "SELECT token_version, sealed_previous_refresh_token IS NOT NULL AS kept FROM connections WHERE tenant_id = $1"
    )
    assert tuple(await client.row(sql)) == (1, False)
    for version in (2, 3, 4):
        expire(client)
        await client.sync()
        assert tuple(await client.row(sql)) == (version, True)
    assert requests(client, "refreshes") == 3


async def test_lost_answer_to_a_renewal_loses_nothing(client: Client) -> None:
    expire(client)
    client.fault("lose_answer", endpoint="token")
    await client.sync()
    connection = await client.connection()
    assert connection["status"] == "ACTIVE"
    await client.sync()
    assert (await client.connection())["reason"] is None
    assert [run[:2] for run in await client.runs()] == [("COMPLETE", None)]
    # And the pair that came at the second attempt is one that works.
    expire(client)
    await client.sync()
    assert (await client.connection())["reason"] is None


async def test_outage_of_the_token_endpoint_is_not_the_owners_business(client: Client) -> None:
    expire(client)
    client.fault("http_500", endpoint="token", times=100)
    await client.sync()
    connection = await client.connection()
    assert (connection["status"], connection["reason"]) == ("ACTIVE", "PROVIDER_UNAVAILABLE")
    client.fair_weather()
    await client.sync()
    assert (await client.connection())["reason"] is None


async def test_dead_refresh_token_needs_the_owner_and_nobody_keeps_asking(client: Client) -> None:
    await client.read()
    orders = await client.order_count()
    revoke(client)
    await client.sync()
    connection = await client.connection()
    assert (connection["status"], connection["reason"]) == ("NEEDS_REAUTH", "NEEDS_REAUTH")
    asked = requests(client, "refreshes"), requests(client, "graphql")
    for _ in range(3):
        await client.sync()
        await client.work_off()
    assert (requests(client, "refreshes"), requests(client, "graphql")) == asked
    assert asked[0] == 1
    assert await client.order_count() == orders, "what was read stays"


async def test_renewals_that_wait_for_a_dead_token_all_hear_of_it(client: Client) -> None:
    source = (await client.reading()).account.tokens
    rejected = await source.current()
    revoke(client)
    ended = await asyncio.gather(*(source.renewed(rejected) for _ in range(8)), return_exceptions=True)
    assert {type(each) for each in ended} == {ReauthRequired}
    assert (await client.connection())["status"] == "NEEDS_REAUTH"
    assert requests(client, "refreshes") == 1, "one was told, and told the others"

"""Whose rows a request may read: of tenants it was let in to, and of nobody else, also where it only asked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.context import Reader
from domain.connections.house import House
from tenants.access.actor import ApiScope
from tenants.database import Database
from tenants.errors import Denied, NotFound
from tenants.ids import new_id
from tenants.jobs import PostgresJobQueue
from tenants.registry.service import tenants_of
from tenants.secrets.keyring import DirectoryKeyRing
from tenants.snapshots import Snapshot
from tenants.sql import query
from tests.factories.tenants import give_grant, new_tenant
from tests.integration.api.test_differential import Standing
from tests.integration.api.world import World

OPEN_TO = query("SELECT unnest(app.tenant_ids()) AS tenant_id")


@pytest.fixture
async def reader(database: Database, keyring: DirectoryKeyRing, world: World) -> AsyncIterator[Reader]:
    """Of the agency."""
    now = datetime.now(UTC)
    house = House(database, keyring, Standing(now), PostgresJobQueue(), {}, "", timedelta(hours=1))
    reader = Reader(house, world.agency.machine.actor, now)
    yield reader
    await reader.close()


async def open_to(reader: Reader) -> set[UUID]:
    async def read(snapshot: Snapshot) -> set[UUID]:
        return {row.tenant_id for row in await snapshot.fetch(OPEN_TO)}

    return await reader.read(read)


async def test_whoever_is_refused_leaves_the_guard_shut(reader: Reader, world: World) -> None:
    for stranger in (world.stranger.tenant.id, new_id()):
        with pytest.raises(NotFound):
            await reader.enter_tenant(stranger)
        assert await open_to(reader) == set()
    await reader.enter_tenant(world.agency.tenant.id)
    with pytest.raises(NotFound):
        await reader.enter_tenant(world.stranger.tenant.id)
    assert await open_to(reader) == {world.agency.tenant.id}


async def test_of_many_only_those_are_opened_that_may_be_entered(reader: Reader, world: World) -> None:
    ours, strangers, nobodys = world.agency.tenant.id, world.stranger.tenant.id, new_id()
    refusals = await reader.enter_tenants((strangers, ours, nobodys))
    assert {key: type(refusal) for key, refusal in refusals.items()} == {strangers: NotFound, nobodys: NotFound}
    assert await open_to(reader) == {ours}


async def test_a_grant_that_does_not_reach_so_far_opens_nothing(reader: Reader, world: World) -> None:
    organization_id = world.agency.machine.actor.organization_id
    blind = await new_tenant(world.database, world.keyring, world.stranger.machine.actor)
    await give_grant(world.database, blind, organization_id, scopes=[ApiScope.READ_CONNECTIONS])
    with pytest.raises(Denied):
        await reader.enter_tenant(blind.id)
    assert await open_to(reader) == set()
    await reader.enter_tenant(blind.id, scope=ApiScope.READ_CONNECTIONS)
    with pytest.raises(Denied):
        await reader.enter_tenant(blind.id, scope=ApiScope.READ_METRICS)
    assert await open_to(reader) == {blind.id}


async def test_who_was_found_by_what_may_be_read_is_asked_about_everything_else(reader: Reader, world: World) -> None:
    ids = await reader.read(
        tenants_of, reader.actor, scope=ApiScope.READ_METRICS, now=reader.now, after=None, limit=100
    )
    profiles = await reader.enter_readable(ids)
    assert {world.agency.tenant.id, world.sister.tenant.id} <= set(profiles) == await open_to(reader)
    assert await reader.enter_tenant(ids[0]) is profiles[ids[0]]
    assert await reader.enter_tenant(ids[0], scope=ApiScope.READ_CONNECTIONS) == profiles[ids[0]]
    assert await open_to(reader) == set(profiles)

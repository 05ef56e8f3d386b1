"""Deliveries are claimed a batch at a time, each batch by one statement."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from domain.connections.house import House
from domain.connections.inbox import BATCH, _claim
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.jobs import PostgresJobQueue
from tenants.secrets.keyring import KeyRing
from tests.integration.housekeeping.ground import Ground


@pytest.fixture
async def ground(database_urls: DatabaseUrls, database: Database) -> AsyncIterator[Ground]:
    connection = await asyncpg.connect(database_urls.migration)
    yield Ground(connection, database)
    await connection.close()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def test_a_batch_is_claimed_by_one_statement_and_no_larger_than_it_may(
    ground: Ground, database: Database, keyring: KeyRing
) -> None:
    owner = await ground.open_tenant()
    house = House(database, keyring, ground.clock, PostgresJobQueue(), {}, "", timedelta(hours=1))
    await ground.deliver(owner, "RECEIVED", timedelta(minutes=1), count=BATCH + 20)
    await ground.deliver(owner, "PROCESSED", timedelta(minutes=1))
    with statements(database) as seen:
        first = await _claim(house, owner[0])
    assert sum("webhook_deliveries" in each for each in seen) == 1
    second, third = await _claim(house, owner[0]), await _claim(house, owner[0])
    assert [len(batch) for batch in (first, second, third)] == [BATCH, 20, 0]
    assert len({row.delivery_id for row in first + second}) == BATCH + 20
    assert {(row.status, row.attempts, row.due_at - ground.clock.now()) for row in first} == {
        ("RECEIVED", 2, house.lease)
    }

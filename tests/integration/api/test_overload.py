"""More than the database's connections can carry: said in time, in a type of its own, and nothing is made worse."""

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from tenants import snapshots
from tenants.embedded import DatabaseUrls
from tests.integration.api.client import sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.world import World

QUERY = "query($t: ID!) { a: tenant(id: $t) { objectives { nodes { title } } } b: tenant(id: $t) { name } }"
NODE = "query($t: ID!) { node(id: $t) { ... on Tenant { objectives { nodes { title } } } } }"


@pytest.fixture
async def narrow(opened: Open, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    """A process with one connection, where nobody waits long for it, nor long for an answer on it."""
    monkeypatch.setattr(snapshots, "PATIENCE_SECONDS", 0.3)
    async with (
        opened(pool_size=1, statement_timeout_seconds=1.5) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        yield http


@pytest.fixture
async def objectives_are_locked(database_urls: DatabaseUrls) -> AsyncIterator[None]:
    connection = await asyncpg.connect(database_urls.migration)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE objectives IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize("query", [QUERY, NODE])
async def test_who_finds_no_connection_is_told_to_come_again(
    narrow: httpx2.AsyncClient, world: World, objectives_are_locked: None, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    caller = await sign_in(narrow, world.agency.machine)
    headers = {"Authorization": f"Bearer {caller.token}"}
    body = {"query": query, "variables": {"t": world.agency.tenant.gid}}
    asked = [asyncio.create_task(narrow.post("/graphql", json=body, headers=headers)) for _ in range(4)]
    answers = sorted([await each for each in asked], key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [503] * 3 + [504]
    codes = []
    for answer in answers:
        assert answer.headers.get("Retry-After") == ("1" if answer.status_code == 503 else None)
        codes.append({error["extensions"]["code"] for error in answer.json()["errors"]})
    assert sorted(codes, key=sorted) == [{"OVERLOADED"}] * 3 + [{"TOO_SLOW"}], "one waited until it was given up"
    told = [record for record in caplog.records if record.name == "tenants.snapshots"]
    assert [(each.levelname, each.getMessage()) for each in told] == [("WARNING", "a statement took too long")]
    assert "objectives" in told[0].__dict__["statement"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

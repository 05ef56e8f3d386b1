"""What breaks on our side: the caller gets a number to quote, the log gets the reason, and neither gets a secret."""

import logging
from collections.abc import AsyncIterator

import pytest

from api.ids import decode
from tests.integration.api.client import Caller
from tests.integration.api.ledger import Ledger
from tests.integration.api.world import World

NODE = "query($id: ID!) { node(id: $id) { ... on Initiative { name kind } } viewer { clientId } }"
MASKED = "Something went wrong on our side. Quote the request id when you ask about it."
# The test's own client talks in the same process.
OF_THE_CLIENT = ("httpx2", "httpcore2", "asyncio")


@pytest.fixture
async def broken(world: World, ledger: Ledger) -> str:
    """An automation of a kind that no release writes."""
    gid = await world.planner(await world.another_tenant()).initiative()
    await ledger.execute("UPDATE initiatives SET kind = 'no_such_kind' WHERE id = $1", decode(gid).id)
    return gid


@pytest.fixture
async def stuck(ledger: Ledger) -> AsyncIterator[None]:
    """A database that refuses rows for a reason nobody foresaw."""
    await ledger.execute("ALTER TABLE objectives ADD CONSTRAINT mood CHECK (title NOT LIKE 'Sad%') NOT VALID")
    yield
    await ledger.execute("ALTER TABLE objectives DROP CONSTRAINT mood")


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """As it is written, at the chattiest level, with what an exception says."""
    formatter = logging.Formatter("%(message)s")
    own = [record for record in caplog.records if not record.name.startswith(OF_THE_CLIENT)]
    return "\n".join(f"{formatter.format(record)} {record.__dict__}" for record in own)


async def test_it_is_masked_and_numbered(agency: Caller, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await agency.ask(NODE, id=broken)
    assert answer.error["message"] == MASKED
    request_id = answer.body["extensions"]["requestId"]
    assert answer.error["extensions"] == {"code": "INTERNAL_ERROR", "requestId": request_id}
    assert answer.body["data"]["node"] is None
    assert answer.body["data"]["viewer"]["clientId"], "what is beside it is answered"
    assert "no_such_kind" not in answer.text
    assert "InitiativeKind" not in answer.text
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [(each.name, each.getMessage()) for each in failures] == [("api.errors", "request failed")]
    assert failures[0].__dict__["request_id"] == request_id
    assert failures[0].exc_info is not None
    assert agency.token not in _logged(caplog)


async def test_what_the_database_says_stays_in_the_log_and_out_of_it_stay_the_values(
    agency: Caller, world: World, ledger: Ledger, stuck: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await ledger.read()
    answer = await agency.attempt(
        "objectiveCreate",
        {
            "tenantId": world.agency.tenant.gid,
            "title": "Sad: call Mrs. Crumb",
            "description": "at crumb@bakery.example",
            "startsOn": "2025-01-01",
            "dueOn": "2025-12-31",
            "idempotencyKey": "key-of-the-sad-one",
        },
    )
    assert answer.code == "INTERNAL_ERROR"
    assert answer.body["data"] is None
    for word in ("mood", "objectives", "CheckViolation", "INSERT"):
        assert word not in answer.text
    assert await ledger.read() == before
    logged = _logged(caplog)
    assert "mood" in logged
    for word in (agency.token, world.agency.machine.secret, "Mrs. Crumb", "crumb@bakery.example"):
        assert word not in logged


async def test_a_change_after_it_goes_through(agency: Caller, world: World, broken: str) -> None:
    """Nothing of a request that broke is left on the connection it had."""
    await agency.ask(NODE, id=broken)
    payload = await agency.change("kpiCreate", "kpi { name }", tenantId=world.agency.tenant.gid, metricKey="orders")
    assert payload["kpi"]["name"] == "Orders"


async def test_every_request_leaves_one_line(agency: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = await agency.post({"query": "query Who { viewer { clientId } }", "operationName": "Who"})
    lines = [record for record in caplog.records if record.name == "api.http.graphql"]
    assert len(lines) == 1
    said = lines[0].__dict__
    assert said["request_id"] == answer.json()["extensions"]["requestId"]
    assert said["operation"] == "Who"
    assert said["client_id"] == answer.json()["data"]["viewer"]["clientId"]
    assert agency.token not in _logged(caplog)


async def test_a_line_has_an_end(agency: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await agency.post({"query": "{ viewer { clientId } }", "operationName": "x" * 500_000})
    assert len(_logged(caplog)) < 10_000

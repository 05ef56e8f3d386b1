"""Old rows go, young ones and those of others stay, in batches; a delivery's id outlives every retry of it."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from domain.housekeeping import service
from domain.housekeeping.retention import ALL, AT_ONCE, OF_TENANTS, OF_THE_HOUSE, Retention
from domain.housekeeping.service import tidy
from tenants.database import Database
from tenants.ids import new_id
from tenants.scope import Scope
from tests.factories.organizations import new_machine
from tests.integration.housekeeping.ground import NOW, Ground

RETRIES = timedelta(days=3)
"""The longest any provider is said to go on."""


async def test_deliveries_go_when_no_retry_can_come_any_more_and_never_before_they_were_worked_off(
    ground: Ground,
) -> None:
    owner = await ground.open_tenant()
    for status in ("PROCESSED", "FAILED", "RECEIVED"):
        for days in (4, 31, 91, 1000):
            await ground.deliver(owner, status, timedelta(days=days))
    assert await ground.tidy() == 5
    rows = await ground.migrator.fetch(
        "SELECT status, received_at FROM webhook_deliveries WHERE tenant_id = $1", owner[0]
    )
    left = sorted((row["status"], (NOW - row["received_at"]).days) for row in rows)
    assert left == [
        ("FAILED", 4), ("FAILED", 31), ("PROCESSED", 4),
        ("RECEIVED", 4), ("RECEIVED", 31), ("RECEIVED", 91), ("RECEIVED", 1000),
    ]  # fmt: skip
    assert all(rule.keep > 2 * RETRIES for rule in OF_TENANTS if rule.table == "webhook_deliveries")


async def test_a_backlog_goes_in_batches_each_of_them_for_good(ground: Ground) -> None:
    owners = [await ground.open_tenant() for _ in range(2)]
    for owner in owners:
        await ground.deliver(owner, "PROCESSED", timedelta(days=60), count=2500)
    assert await ground.tidy() == 5000
    assert await ground.count("webhook_deliveries") == 0


async def test_one_statement_takes_no_more_than_a_batch(ground: Ground) -> None:
    owner = await ground.open_tenant()
    await ground.deliver(owner, "PROCESSED", timedelta(days=60), count=AT_ONCE + 50)
    rule = OF_TENANTS[0]
    counts = await service._batch(ground.database, [rule], Scope.of_tenant(owner[0]), owner[0], now=NOW)
    assert counts == [AT_ONCE]


async def test_a_halt_is_heeded_after_the_batch_in_hand(ground: Ground) -> None:
    await ground.deliver(await ground.open_tenant(), "PROCESSED", timedelta(days=60))
    halted = asyncio.Event()
    halted.set()
    assert await tidy(ground.database, ground.clock, halted=halted) == 0
    assert await ground.count("webhook_deliveries") == 1


async def test_workers_who_meet_take_each_others_rows_for_done(ground: Ground) -> None:
    for _ in range(2):
        await ground.deliver(await ground.open_tenant(), "PROCESSED", timedelta(days=60), count=1500)
    assert sum(await asyncio.gather(*(ground.tidy() for _ in range(4)))) == 3000


async def test_a_locked_row_keeps_nobody_waiting(ground: Ground, migrator: asyncpg.Connection) -> None:
    owner = await ground.open_tenant()
    await ground.deliver(owner, "PROCESSED", timedelta(days=60), count=3)
    async with migrator.transaction():
        await migrator.execute(
            "UPDATE webhook_deliveries SET duplicates = 1 WHERE delivery_id ="
            " (SELECT min(delivery_id) FROM webhook_deliveries WHERE tenant_id = $1)",
            owner[0],
        )
        assert await asyncio.wait_for(ground.tidy(), 5) == 2
    assert await ground.tidy() == 1


async def test_keys_states_and_runs_go_at_their_time(ground: Ground) -> None:
    tenant_id, connection_id = await ground.open_tenant()
    app_id = await ground.migrator.fetchval("SELECT provider_app_id FROM connections WHERE id = $1", connection_id)
    for hours in (-1, 1):
        await ground.migrator.execute(
            "INSERT INTO idempotency_keys VALUES ($1, 'c', $2, '', '{}', $3)",
            tenant_id, str(hours), NOW - timedelta(hours=hours),
        )  # fmt: skip
    for days in (29, 31):
        at = NOW - timedelta(days=days)
        await ground.migrator.execute(
            "INSERT INTO oauth_states VALUES ($1, $2, $3, $4, $5, $6, 'x', 'me', $2, NULL, $5)",
            new_id(), at, str(days).encode(), app_id, tenant_id, connection_id,
        )  # fmt: skip
        await ground.migrator.execute(
            "INSERT INTO recompute_runs VALUES ($1, $2, $3, 1, '2026-01-01', '2026-01-01', 1, 1, 1, 1)",
            tenant_id, new_id(), at,
        )  # fmt: skip
    for days, status in ((89, "COMPLETE"), (91, "COMPLETE"), (91, "RUNNING")):
        await ground.migrator.execute(
            "INSERT INTO sync_runs VALUES ($1, $2, $3, $4, 'orders', 'INCREMENT', $5, NULL, 1, 1, NULL)",
            tenant_id, new_id(), NOW - timedelta(days=days), connection_id, status,
        )  # fmt: skip
    assert await ground.tidy() == 4
    for table, left in (("idempotency_keys", 1), ("oauth_states", 1), ("recompute_runs", 1), ("sync_runs", 2)):
        assert await ground.count(table) == left, table


async def test_what_organizations_and_the_house_keep_goes_too(ground: Ground, database: Database) -> None:
    machine = await new_machine(database)
    for hours in (-1, 1):
        await ground.migrator.execute(
            "INSERT INTO organization_idempotency_keys VALUES ($1, 'c', $2, '', '{}', $3)",
            machine.organization_id, str(hours), NOW - timedelta(hours=hours),
        )  # fmt: skip
    person_id = new_id()
    await ground.migrator.execute(
        "INSERT INTO people VALUES ($1, $2, $3, 'x', NULL)", person_id, NOW, f"{person_id}@example.com"
    )
    for hours in (23, 25):
        await ground.migrator.execute(
            "INSERT INTO authorization_codes VALUES ($1, $2, $3, $4, $5, $6, 'https://x', '{}', 'c', $2, NULL, $4)",
            new_id(), NOW - timedelta(hours=hours), str(hours).encode(), machine.organization_id,
            machine.actor.app_id, person_id,
        )  # fmt: skip
    for days in (29, 31):
        await ground.migrator.execute(
            "INSERT INTO invitations VALUES ($1, $2, $3, $3, 'a@b.example', 'VIEWER', $4, NULL, $3, NULL, $2)",
            new_id(), NOW - timedelta(days=days), machine.organization_id, str(days).encode(),
        )  # fmt: skip
    for minutes in (-1, 1):
        await ground.migrator.execute(
            "INSERT INTO client_assertions VALUES ($1, $2, $3, $4)",
            machine.organization_id, machine.actor.app_id, str(minutes).encode(), NOW - timedelta(minutes=minutes),
        )  # fmt: skip
    for days in (29, 31):
        await ground.migrator.execute(
            "INSERT INTO app_keys VALUES ($1, $2, $3, $4, $5, '{}', $2)",
            new_id(), NOW - timedelta(days=days), machine.organization_id, machine.actor.app_id, str(days),
        )  # fmt: skip
    for days in (89, 91):
        await ground.migrator.execute(
            "INSERT INTO bulk_jobs VALUES ($1, $2, $3, 'K', '{}', false, 1, $4, NULL, 'c', NULL, NULL, '{}', $2, $2)",
            new_id(), NOW - timedelta(days=days), machine.organization_id, machine.actor.app_id,
        )  # fmt: skip
    await ground.migrator.execute(
        "INSERT INTO bulk_verdicts (organization_id, job_id, tenant_id, code, decided_at)"
        " SELECT organization_id, id, id, 'DONE', finished_at FROM bulk_jobs WHERE organization_id = $1",
        machine.organization_id,
    )
    for minutes in (14, 16):
        await ground.migrator.execute(
            "INSERT INTO sign_in_attempts VALUES ($1, $2, '')", new_id(), NOW - timedelta(minutes=minutes)
        )
    for days in (6, 8):
        await ground.migrator.execute(
            "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)"
            " VALUES ($1, 1, 'successful', 0, 'x')",
            NOW - timedelta(days=days),
        )
    for days in (29, 31):
        await ground.migrator.execute(
            "INSERT INTO pgqueuer_statistics (created, count, priority, status, entrypoint)"
            " VALUES ($1, 1, 0, 'successful', 'x')",
            NOW - timedelta(days=days),
        )
    assert await ground.tidy() == 10
    kept = (
        "organization_idempotency_keys",
        "authorization_codes",
        "invitations",
        "client_assertions",
        "app_keys",
        "bulk_jobs",
        "bulk_verdicts",
    )
    for table in (*kept, *(rule.table for rule in OF_THE_HOUSE)):
        assert await ground.count(table) == 1, table


async def test_one_owner_in_trouble_keeps_nobody_else_from_being_tidied(
    ground: Ground, migrator: asyncpg.Connection
) -> None:
    troubled, other = sorted([await ground.open_tenant(), await ground.open_tenant()])
    for owner in (troubled, other):
        await ground.deliver(owner, "PROCESSED", timedelta(days=60))
    await migrator.execute(
        "CREATE TABLE holds (tenant_id uuid, connection_id uuid, delivery_id text,"
        " FOREIGN KEY (tenant_id, connection_id, delivery_id) REFERENCES webhook_deliveries)"
    )
    try:
        await migrator.execute(
            "INSERT INTO holds SELECT tenant_id, connection_id, delivery_id FROM webhook_deliveries"
            " WHERE tenant_id = $1",
            troubled[0],
        )
        assert await ground.tidy() == 1
        assert await ground.count("webhook_deliveries", f"tenant_id = '{troubled[0]}'") == 1
    finally:
        await migrator.execute("DROP TABLE holds")


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: f"{rule.table} {rule.condition}")
def test_every_length_has_a_reason(rule: Retention) -> None:
    assert rule.because.endswith(".")
    assert rule.keep >= timedelta()

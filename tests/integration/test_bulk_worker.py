"""A worker that is killed in the middle of a bulk job, and another one, which goes on."""

import asyncio
import os
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from api.demo.processes import Program, running
from api.ids import Kind, encode, organization_gid
from domain.connections.tick import wake_for_what_is_due
from tenants.bulk.kinds import BulkKind
from tenants.bulk.run import AT_A_TURN
from tenants.bulk.service import NewJob, create_job
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.jobs import PostgresJobQueue
from tenants.registry.service import NewTenant, create_tenant
from tenants.scope import Scope
from tenants.secrets.keyring import DirectoryKeyRing
from tests.factories.jobs import house_of, work_off
from tests.factories.organizations import new_machine, new_organization

CLIENTS = 60
DECIDED = "SELECT count(*) FROM bulk_verdicts WHERE job_id = $1 AND code IS NOT NULL"


async def until(admin: asyncpg.Connection, question: str, job_id: UUID) -> None:
    for _ in range(3000):
        if await admin.fetchval(question, job_id):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(question)


async def test_a_killed_worker_leaves_nothing_undone_and_nothing_done_twice(
    database: Database, keyring: DirectoryKeyRing, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    machine = await new_machine(database)
    team = await new_organization(database, parent_id=machine.organization_id)
    actor, now = machine.actor, datetime.now(UTC)
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        tenant = NewTenant(name="Client", currency="EUR", time_zone="UTC")
        clients = [await create_tenant(session, actor, tenant=tenant, keyring=keyring, now=now) for _ in range(CLIENTS)]
    parameters = {
        "organizationId": organization_gid(team),
        "role": "VIEWER",
        "scopes": ["read_metrics"],
        "expiresAt": None,
    }
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        asked = NewJob(BulkKind.CLIENTS_ASSIGN, clients, parameters)
        job = await create_job(session, actor, PostgresJobQueue(), asked)
    environment = {
        "DATABASE_URL": database_urls.application,
        "AZIMUTH_STATE_DIR": str(tmp_path),
        "AZIMUTH_MASTER_KEY": b64encode(os.urandom(32)).decode(),
    }
    worker = Program("worker", ("api.cli", "worker"), environment, tmp_path / "worker.log")
    admin = await asyncpg.connect(database_urls.migration)
    try:
        async with running([worker]):
            await until(admin, f"SELECT ({DECIDED}) > {AT_A_TURN}", job.id)
            worker.kill()
        assert AT_A_TURN < await admin.fetchval(DECIDED, job.id) < CLIENTS
        # Its turn is still marked as under way, by somebody who is silent.
        house = house_of(database, keyring, silence=timedelta())
        await wake_for_what_is_due(house)
        await work_off(house, admin, encode(Kind.JOB, actor.organization_id, job.id))
        done = "SELECT count(*) FROM bulk_verdicts WHERE job_id = $1 AND code = 'DONE'"
        assert await admin.fetchval(done, job.id) == CLIENTS
        given = await admin.fetch(
            "SELECT tenant_id, count(*) AS n FROM grants WHERE organization_id = $1 GROUP BY tenant_id", team
        )
        assert {row["tenant_id"]: row["n"] for row in given} == dict.fromkeys(clients, 1)
        trail = await admin.fetchval(
            "SELECT count(*) FROM audit_entries WHERE changes ->> 'bulkJobId' = $1", str(job.id)
        )
        assert trail == CLIENTS
    finally:
        await admin.close()

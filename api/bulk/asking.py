"""How a mutation asks for a bulk job."""

from collections.abc import Sequence
from typing import Any

import strawberry

from api.bulk.types import Job
from api.context import Info
from api.ids import Kind, decode_as, encode
from api.made import made
from api.mutation import KeyedInput, Payload, plain
from tenants.bulk.kinds import BulkKind
from tenants.bulk.service import NewJob, create_job
from tenants.gate import Done, Unit

TENANTS = "tenantIds"


@strawberry.type
class JobPayload(Payload):
    @strawberry.field(description="As it was asked for. `jobProgress` tells how far it is.")
    async def job(self, info: Info) -> Job | None:
        return await made(info, self.subject, Job)


async def ask_for_job(
    unit: Unit,
    info: Info,
    kind: BulkKind,
    input: KeyedInput,
    gids: Sequence[str],
    *,
    dry_run: bool = False,
    **settled: Any,
) -> Done:
    """All of the input but the tenants are the job's parameters, beside what was `settled` of it.

    Raises NotFound for what is no tenant's id at all.
    """
    tenant_ids = [decode_as(Kind.TENANT, gid, field=(TENANTS, str(at))).owner for at, gid in enumerate(gids)]
    parameters = {name: value for name, value in plain(input).items() if name != TENANTS} | settled
    job = NewJob(kind, tenant_ids, parameters, dry_run)
    row = await create_job(unit.session, unit.actor, info.context.house.jobs, job)
    return Done(encode(Kind.JOB, row.organization_id, row.id))

import datetime as dt

import strawberry

from api.bulk.asking import JobPayload, ask_for_job
from api.context import Info
from api.ids import Kind
from api.mutation import KeyedInput, mutation, of_own
from domain.templates.service import version_to_apply
from tenants.access.actor import ApiScope
from tenants.bulk.kinds import BulkKind
from tenants.gate import Done, Unit


@strawberry.input
class TemplateApplyInput(KeyedInput):
    template_id: strawberry.ID
    tenant_ids: list[strawberry.ID] = strawberry.field(description="A thousand at most, each once.")
    starts_on: dt.date = strawberry.field(description="From which the template's days are counted.")
    version: int | None = strawberry.field(default=None, description="By default the newest.")
    dry_run: bool = strawberry.field(default=False, description="Only tell what would be done.")


@strawberry.type
class TemplateApplyPayload(JobPayload):
    pass


@mutation(
    TemplateApplyPayload,
    scope=ApiScope.MANAGE_ORGANIZATION,
    tenant=None,
    also=(ApiScope.WRITE_KPIS,),
    description="Make at many clients what a template has and they have not, and bring what an older version made to "
    "this one. What people changed or put away stays. Needs the scopes manage_organization and write_kpis.",
)
async def template_apply(unit: Unit, info: Info, input: TemplateApplyInput) -> Done:
    version = await version_to_apply(
        unit.session,
        unit.actor,
        template_id=of_own(unit, Kind.TEMPLATE, input.template_id, "templateId"),
        version=input.version,
        starts_on=input.starts_on,
    )
    return await ask_for_job(
        unit, info, BulkKind.TEMPLATE_APPLY, input, input.tenant_ids, dry_run=input.dry_run, version=version
    )

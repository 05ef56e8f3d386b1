"""What each kind of bulk job does for a tenant: an ordinary change, by the parameters its input was kept as."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from api.ids import Kind, decode_as, encode
from domain.templates.models import ItemKind
from domain.templates.service import apply_template
from tenants.access.actor import ApiScope
from tenants.bulk.kinds import DONE, PARTLY_DONE, BulkKind
from tenants.bulk.run import Change, Made
from tenants.gate import Unit
from tenants.registry.grants import GrantRole, NewGrant, create_grant, revoke_given
from tenants.registry.profile import get_profile

Parameters = Mapping[str, Any]
ITEMS = {ItemKind.OBJECTIVE: Kind.OBJECTIVE, ItemKind.KPI: Kind.KPI, ItemKind.TARGET: Kind.TARGET}


async def _assign(unit: Unit, given: Parameters) -> Made:
    ends = given["expiresAt"]
    grant = NewGrant(
        organization_id=decode_as(Kind.ORGANIZATION, given["organizationId"]).id,
        role=GrantRole(given["role"]),
        scopes=given["scopes"],
        expires_at=None if ends is None else datetime.fromisoformat(ends),
    )
    row = await create_grant(unit.session, unit.actor, tenant_id=unit.tenant_id, grant=grant, now=unit.now)
    return Made(encode(Kind.GRANT, row.tenant_id, row.id))


async def _unassign(unit: Unit, given: Parameters) -> Made:
    team = decode_as(Kind.ORGANIZATION, given["organizationId"]).id
    row = await revoke_given(unit.session, unit.actor, tenant_id=unit.tenant_id, organization_id=team, now=unit.now)
    return Made(encode(Kind.GRANT, row.tenant_id, row.id))


async def _apply(unit: Unit, given: Parameters) -> Made:
    applied = await apply_template(
        unit.session,
        unit.actor,
        profile=await get_profile(unit.session, unit.tenant_id),
        template_id=decode_as(Kind.TEMPLATE, given["templateId"]).id,
        version=given["version"],
        starts_on=date.fromisoformat(given["startsOn"]),
        now=unit.now,
    )
    details = {
        "made": {kind.value: n for kind, n in applied.made.items()},
        "changed": applied.changed,
        "leftOut": [{**vars(each), "key": str(each.key)} for each in applied.left_out],
    }
    ids = tuple(encode(ITEMS[kind], unit.tenant_id, id) for kind, id in applied.ids)
    return Made(given["templateId"], details, PARTLY_DONE if applied.left_out else DONE, ids)


CHANGES: Mapping[BulkKind, Change] = {
    BulkKind.CLIENTS_ASSIGN: Change("grantCreate", ApiScope.MANAGE_TENANTS, _assign),
    BulkKind.CLIENTS_UNASSIGN: Change("grantRevoke", ApiScope.MANAGE_TENANTS, _unassign),
    BulkKind.TEMPLATE_APPLY: Change("templateApply", ApiScope.WRITE_KPIS, _apply),
}

"""From a global id to what it names, admitted and read like everything else."""

from collections.abc import Awaitable, Callable

from api.connections.types import ConnectedAccount
from api.context import Info, Session
from api.ids import GlobalId, Kind, decode
from api.initiatives.types import Initiative, InitiativeLink
from api.kpis.types import Baseline, Kpi, Target
from api.node import Node
from api.objectives.types import Objective
from api.tenants.types import Tenant
from domain.connections.repository import get_connection
from domain.initiatives.repository import get_initiative, get_link
from domain.kpis.repository import get_baseline, get_kpi, get_target
from domain.objectives.repository import get_objective
from tenants.access.actor import ApiScope
from tenants.errors import NotFound

SCOPES = {Kind.CONNECTION: ApiScope.READ_CONNECTIONS}


async def fetch_node(info: Info, gid: str, *, field: tuple[str, ...] = ("id",)) -> Node:
    """Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
    wanted = decode(gid, field=field)
    scope = SCOPES.get(wanted.kind, ApiScope.READ_METRICS)
    profile = await info.context.reader.enter_tenant(wanted.tenant_id, scope=scope, field=field)
    if wanted.kind is Kind.TENANT:
        return Tenant.of(profile, info)
    try:
        return await info.context.reader.read(FETCH[wanted.kind], info, wanted)
    except NotFound:
        raise NotFound(field=field) from None


async def _objective(session: Session, info: Info, gid: GlobalId) -> Node:
    return Objective.of(await get_objective(session, tenant_id=gid.tenant_id, objective_id=gid.id), info)


async def _kpi(session: Session, info: Info, gid: GlobalId) -> Node:
    return Kpi.of(await get_kpi(session, tenant_id=gid.tenant_id, kpi_id=gid.id))


async def _baseline(session: Session, info: Info, gid: GlobalId) -> Node:
    row = await get_baseline(session, tenant_id=gid.tenant_id, baseline_id=gid.id)
    kpi = await get_kpi(session, tenant_id=gid.tenant_id, kpi_id=row.kpi_id)
    return Baseline.of(row, Kpi.of(kpi), info)


async def _target(session: Session, info: Info, gid: GlobalId) -> Node:
    row = await get_target(session, tenant_id=gid.tenant_id, target_id=gid.id)
    kpi = await get_kpi(session, tenant_id=gid.tenant_id, kpi_id=row.kpi_id)
    return Target.of(row, Kpi.of(kpi), info)


async def _initiative(session: Session, info: Info, gid: GlobalId) -> Node:
    return Initiative.of(await get_initiative(session, tenant_id=gid.tenant_id, initiative_id=gid.id))


async def _link(session: Session, info: Info, gid: GlobalId) -> Node:
    link, initiative = await get_link(session, tenant_id=gid.tenant_id, link_id=gid.id)
    return InitiativeLink.of(link, initiative)


async def _connection(session: Session, info: Info, gid: GlobalId) -> Node:
    return ConnectedAccount.of(await get_connection(session, tenant_id=gid.tenant_id, connection_id=gid.id))


FETCH: dict[Kind, Callable[[Session, Info, GlobalId], Awaitable[Node]]] = {
    Kind.OBJECTIVE: _objective,
    Kind.KPI: _kpi,
    Kind.BASELINE: _baseline,
    Kind.TARGET: _target,
    Kind.INITIATIVE: _initiative,
    Kind.INITIATIVE_LINK: _link,
    Kind.CONNECTION: _connection,
}

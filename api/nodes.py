"""From global ids to what they name, admitted and read like everything else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from api.connections.types import ConnectedAccount
from api.context import Info
from api.ids import GlobalId, Kind, decode
from api.initiatives.types import Initiative, InitiativeLink
from api.kpis.types import Baseline, Kpi, Target
from api.loading import Read, load_each
from api.node import Node
from api.objectives.types import Objective
from api.tenants.types import Tenant
from domain.connections import models as connections
from domain.initiatives import models as initiatives
from domain.kpis import models as kpis
from domain.kpis.repository import list_kpis
from domain.objectives import models as objectives
from domain.paging import rows_by_id
from tenants.access.actor import ApiScope
from tenants.errors import Denied, NotFound

R = TypeVar("R")

SCOPES = {Kind.CONNECTION: ConnectedAccount.reading}

list_objectives = rows_by_id(objectives.Objective)
list_baselines = rows_by_id(kpis.Baseline)
list_targets = rows_by_id(kpis.Target)
list_initiatives = rows_by_id(initiatives.Initiative)
list_links = rows_by_id(initiatives.InitiativeLink)
list_connections = rows_by_id(connections.Connection)


async def fetch_node(info: Info, gid: str, *, scope: ApiScope | None = None, field: tuple[str, ...] = ("id",)) -> Node:
    """By the scope its kind is read by, if none is named. Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
    wanted = decode(gid, field=field)
    await _admit(info, wanted, field, scope)
    try:
        return await FETCH[wanted.kind](info, wanted)
    except NotFound:
        raise NotFound(field=field) from None


async def fetch_nodes(info: Info, gids: Sequence[str]) -> list[Node | None]:
    """In their order; None for what is not visible. First everything is admitted, so that all can be read together."""
    wanted = [await _admitted(info, gid) for gid in gids]
    return list(await asyncio.gather(*(_visible(info, each) for each in wanted)))


async def _admit(info: Info, wanted: GlobalId, field: tuple[str, ...], scope: ApiScope | None = None) -> None:
    reading = scope or SCOPES.get(wanted.kind, Node.reading)
    await info.context.reader.enter_tenant(wanted.tenant_id, scope=reading, field=field)


async def _admitted(info: Info, gid: str) -> GlobalId | None:
    try:
        wanted = decode(gid)
        await _admit(info, wanted, ())
    except (NotFound, Denied):
        return None
    return wanted


async def _visible(info: Info, wanted: GlobalId | None) -> Node | None:
    try:
        return None if wanted is None else await FETCH[wanted.kind](info, wanted)
    except NotFound:
        return None


async def _row(info: Info, read: Read[R], wanted: GlobalId) -> R:
    row = await load_each(info.context, read).load((wanted.tenant_id, wanted.id))
    if row is None:
        raise NotFound
    return row


async def _tenant(info: Info, wanted: GlobalId) -> Node:
    return Tenant.of(info.context.reader.profile(wanted.tenant_id), info)


async def _objective(info: Info, wanted: GlobalId) -> Node:
    return Objective.of(await _row(info, list_objectives, wanted), info)


async def _kpi(info: Info, wanted: GlobalId) -> Kpi:
    return Kpi.of(await _row(info, list_kpis, wanted))


async def _baseline(info: Info, wanted: GlobalId) -> Node:
    row = await _row(info, list_baselines, wanted)
    return Baseline.of(row, await _kpi(info, GlobalId(Kind.KPI, row.tenant_id, row.kpi_id)), info)


async def _target(info: Info, wanted: GlobalId) -> Node:
    row = await _row(info, list_targets, wanted)
    return Target.of(row, await _kpi(info, GlobalId(Kind.KPI, row.tenant_id, row.kpi_id)), info)


async def _initiative(info: Info, wanted: GlobalId) -> Node:
    return Initiative.of(await _row(info, list_initiatives, wanted))


async def _link(info: Info, wanted: GlobalId) -> Node:
    row = await _row(info, list_links, wanted)
    its = GlobalId(Kind.INITIATIVE, row.tenant_id, row.initiative_id)
    return InitiativeLink.of(row, await _row(info, list_initiatives, its))


async def _connection(info: Info, wanted: GlobalId) -> Node:
    return ConnectedAccount.of(await _row(info, list_connections, wanted))


FETCH: dict[Kind, Callable[[Info, GlobalId], Awaitable[Node]]] = {
    Kind.TENANT: _tenant,
    Kind.OBJECTIVE: _objective,
    Kind.KPI: _kpi,
    Kind.BASELINE: _baseline,
    Kind.TARGET: _target,
    Kind.INITIATIVE: _initiative,
    Kind.INITIATIVE_LINK: _link,
    Kind.CONNECTION: _connection,
}

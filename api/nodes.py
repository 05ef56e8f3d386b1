"""From global ids to what they name, admitted and read like everything else."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import strawberry

from api.bulk.types import Job
from api.connections.types import ConnectedAccount
from api.context import Context, Info
from api.ids import OF_ORGANIZATIONS, OF_PEOPLE, GlobalId, Kind, decode
from api.initiatives.types import Initiative, InitiativeLink
from api.kpis.baselines import Baseline
from api.kpis.targets import Target
from api.kpis.types import Kpi
from api.node import Node
from api.objectives.types import Objective
from api.organizations.people import Invitation, Member
from api.organizations.persisted import PersistedOperationSet
from api.organizations.types import App, Organization
from api.templates.types import Template
from api.tenants.grants import Grant
from api.tenants.types import Tenant
from domain.connections import models as connections
from domain.initiatives import models as initiatives
from domain.kpis import models as kpis
from domain.kpis.repository import targets_by_id
from domain.objectives import models as objectives
from domain.reading import Key, Read, rows_by_id
from domain.templates.reads import templates_by_id
from tenants.access.actor import ApiScope
from tenants.access.reads import apps_by_id, invitations_by_id, members_by_id, organizations_by_id
from tenants.bulk.reads import jobs_by_id
from tenants.errors import ForbiddenScope, InvalidInput, NotFound
from tenants.persisted.reads import sets_by_id
from tenants.registry.reads import grants_by_id
from tenants.tables import TenantEntity

E = TypeVar("E", bound=TenantEntity)

MOST_NODES = 100
KPIS, BASELINES = rows_by_id(kpis.Kpi), rows_by_id(kpis.Baseline)
SCOPES = {Kind.CONNECTION: ApiScope.READ_CONNECTIONS, Kind.GRANT: ApiScope.MANAGE_TENANTS}
OWN: Mapping[Kind, ApiScope | None] = {
    Kind.ORGANIZATION: None,
    Kind.APP: ApiScope.MANAGE_ORGANIZATION,
    Kind.MEMBER: ApiScope.MANAGE_ORGANIZATION,
    Kind.INVITATION: ApiScope.MANAGE_ORGANIZATION,
    Kind.OPERATION_SET: ApiScope.MANAGE_ORGANIZATION,
    Kind.JOB: ApiScope.MANAGE_ORGANIZATION,
    Kind.TEMPLATE: ApiScope.MANAGE_ORGANIZATION,
}
"""By which things of the own organization are read: everybody may see whom they act for."""


@strawberry.type
class NodeQueries:
    @strawberry.field(description="Anything by its id; null, with an error that says why, where you may not see it.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        return await fetch_node(info.context, id)

    @strawberry.field(description="Several things by their ids, in their order; null where nothing is visible to you.")
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise InvalidInput(f"At most {MOST_NODES} ids.", field=("ids",), code="TOO_MANY_IDS")
        return await fetch_nodes(info.context, ids)


async def fetch_node(
    context: Context, gid: str, *, scope: ApiScope | None = None, field: tuple[str, ...] = ("id",)
) -> Node:
    """By the scope its kind is read by, if none is named. Raises NotFound, NoGrant, GrantEnded or ForbiddenScope."""
    wanted = decode(gid, field=field)
    if wanted.kind in OF_PEOPLE:
        raise NotFound(field=field)
    await _admit(context, wanted, field, scope)
    try:
        return await FETCH[wanted.kind](context, wanted)
    except NotFound:
        raise NotFound(field=field) from None


async def fetch_nodes(context: Context, gids: Sequence[str]) -> list[Node | None]:
    """In their order; None for what is not visible. First everything is admitted, so that all can be read together."""
    wanted = [_decoded(gid) for gid in gids]
    tenants: dict[ApiScope, set[UUID]] = {}
    for each in wanted:
        if each is not None and each.kind not in OF_ORGANIZATIONS:
            tenants.setdefault(_scope(each.kind), set()).add(each.owner)
    refused = {scope: await _refused(context, tenant_ids, scope) for scope, tenant_ids in tenants.items()}
    return list(await asyncio.gather(*(_visible(context, each, refused) for each in wanted)))


async def _admit(context: Context, wanted: GlobalId, field: tuple[str, ...], scope: ApiScope | None = None) -> None:
    if wanted.kind in OF_ORGANIZATIONS:
        needed = scope or OWN[wanted.kind]
        if needed is not None:
            context.actor.require(needed)
        if wanted.kind is not Kind.ORGANIZATION and wanted.owner != context.actor.organization_id:
            raise NotFound(field=field)
    else:
        await context.reader.enter_tenant(wanted.owner, scope=scope or _scope(wanted.kind), field=field)


def _scope(kind: Kind) -> ApiScope:
    """By which a tenant's things of a kind are read."""
    return SCOPES.get(kind, Node.reading)


def _decoded(gid: str) -> GlobalId | None:
    try:
        found = decode(gid)
    except NotFound:
        return None
    return None if found.kind in OF_PEOPLE else found


async def _refused(context: Context, tenant_ids: set[UUID], scope: ApiScope) -> Collection[UUID]:
    try:
        return await context.reader.enter_tenants(tenant_ids, scope=scope)
    except ForbiddenScope:
        return tenant_ids


async def _visible(
    context: Context, wanted: GlobalId | None, refused: Mapping[ApiScope, Collection[UUID]]
) -> Node | None:
    if wanted is None:
        return None
    try:
        if wanted.kind in OF_ORGANIZATIONS:
            await _admit(context, wanted, ())
        elif wanted.owner in refused[_scope(wanted.kind)]:
            return None
        return await FETCH[wanted.kind](context, wanted)
    except (NotFound, ForbiddenScope):
        return None


async def _row(context: Context, read: Read[E], key: Key) -> E:
    return await context.load_one(read, key)


async def _tenant(context: Context, wanted: GlobalId) -> Node:
    return Tenant(profile=context.reader.profile(wanted.owner), now=context.now)


async def _organization(context: Context, wanted: GlobalId) -> Node:
    """The own one, or a team under it: of others only the name is told, by what they have to do with a tenant."""
    row = await context.load_one(organizations_by_id, wanted.key)
    if context.actor.organization_id not in {row.id, row.parent_id}:
        raise NotFound
    return Organization(row=row)


async def _grant(context: Context, wanted: GlobalId) -> Node:
    return Grant(row=await context.load_one(grants_by_id, wanted.key))


async def _app(context: Context, wanted: GlobalId) -> Node:
    return App(row=await context.load_one(apps_by_id, wanted.key))


async def _member(context: Context, wanted: GlobalId) -> Node:
    return Member(row=await context.load_one(members_by_id, wanted.key))


async def _invitation(context: Context, wanted: GlobalId) -> Node:
    return Invitation(row=await context.load_one(invitations_by_id, wanted.key))


async def _operation_set(context: Context, wanted: GlobalId) -> Node:
    return PersistedOperationSet(row=await context.load_one(sets_by_id, wanted.key))


async def _job(context: Context, wanted: GlobalId) -> Node:
    return Job(row=await context.load_one(jobs_by_id, wanted.key))


async def _template(context: Context, wanted: GlobalId) -> Node:
    return Template(row=await context.load_one(templates_by_id, wanted.key))


async def _baseline(context: Context, wanted: GlobalId) -> Node:
    row = await _row(context, BASELINES, wanted.key)
    return Baseline.of(row, await _row(context, KPIS, (row.tenant_id, row.kpi_id)), context)


async def _target(context: Context, wanted: GlobalId) -> Node:
    row = await _row(context, targets_by_id, wanted.key)
    return Target.of(row, await _row(context, KPIS, (row.tenant_id, row.kpi_id)), context)


def _of(entity: type[E], of: Callable[[E], Node]) -> Callable[[Context, GlobalId], Awaitable[Node]]:
    read = rows_by_id(entity)

    async def fetch(context: Context, wanted: GlobalId) -> Node:
        return of(await _row(context, read, wanted.key))

    return fetch


FETCH: dict[Kind, Callable[[Context, GlobalId], Awaitable[Node]]] = {
    Kind.ORGANIZATION: _organization,
    Kind.APP: _app,
    Kind.MEMBER: _member,
    Kind.INVITATION: _invitation,
    Kind.OPERATION_SET: _operation_set,
    Kind.JOB: _job,
    Kind.TEMPLATE: _template,
    Kind.TENANT: _tenant,
    Kind.GRANT: _grant,
    Kind.OBJECTIVE: _of(objectives.Objective, lambda row: Objective(row=row)),
    Kind.KPI: _of(kpis.Kpi, lambda row: Kpi(row=row)),
    Kind.BASELINE: _baseline,
    Kind.TARGET: _target,
    Kind.INITIATIVE: _of(initiatives.Initiative, lambda row: Initiative(row=row)),
    Kind.INITIATIVE_LINK: _of(initiatives.InitiativeLink, lambda row: InitiativeLink(row=row)),
    Kind.CONNECTION: _of(connections.Connection, ConnectedAccount.of),
}

"""Who lives where the walk leads: strangers who came first, then an agency with two clients and a team for one of them.

What is whose is told by when it came: rows are looked at in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx2
from sqlalchemy import update

from api.ids import OF_ORGANIZATIONS, OF_PEOPLE, Kind, encode
from api.worker import perform
from domain.connections.models import SyncRun
from domain.kpis.models import Kpi
from domain.kpis.trajectories import Point, Trajectory
from tenants.access.actor import EMBEDDABLE
from tenants.access.kinds import MemberRole
from tenants.bulk.kinds import BulkKind
from tenants.bulk.service import NewJob, create_job
from tenants.clock import WallClock
from tenants.database import Database
from tenants.jobs import Job, JobKind, PostgresJobQueue
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tenants.usage.service import Asked, Usage
from tests.factories.jobs import house_of
from tests.factories.organizations import Machine, give_key, new_machine, new_organization
from tests.factories.people import new_person, new_sign_in
from tests.factories.plans import Planner
from tests.factories.shops import new_provider_app, order
from tests.factories.templates import new_template
from tests.factories.tenants import change_grants, give_grant, new_tenant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Connection
from tests.integration.api.people import person_at
from tests.integration.api.test_embeds import ORIGIN, embed
from tests.integration.api.world import Household, World, directory_gids, new_household
from tests.isolation.walk.canaries import Canaries, Row, rows, told_by

TAKINGS = 86_421_357
"""Of a stranger, in cents."""
SUMMER = datetime.fromisoformat("2025-07-15T12:00:00+00:00")


@dataclass(frozen=True)
class Town:
    """The agency's client is `world.agency`, its other client `world.sister`."""

    world: World
    neighbor: Household
    """Of a partner who works for the agency's client, too, and for one of its own."""
    team: Household
    """As its manager sees the client."""
    strange: Canaries
    """Of the stranger's and the neighbor's."""
    others: Canaries
    """Of the agency's other client."""

    def takings(self, home: Household) -> str:
        """Of a year, in cents: what it sold as everybody does, and what nobody else did."""
        return str(6000 + TAKINGS + len(home.tenant.profile.name))


@dataclass(frozen=True)
class Visitor:
    """Somebody with a token, what they must not meet, and the ids by which they try."""

    name: str
    caller: Caller
    home: Household
    forbidden: Canaries
    foreign: Sequence[Mapping[Kind, str]]
    origin: str | None = None


async def build(database: Database, keyring: KeyRing, administrator: Connection) -> Town:
    nothing = await rows(administrator)
    neighbor = await _stranger(database, keyring, "Nachbarschaftshilfe")
    stranger = await _stranger(database, keyring, "Fremdenverkehr")
    after_strangers = await rows(administrator)
    machine = await new_machine(database)
    app = await new_provider_app(database, keyring, machine.organization_id)
    after_agency = await rows(administrator)
    other = await _branded(await new_household(database, keyring, machine, app, name="Zuckerguss"), "Zuckerguss")
    after_other = await rows(administrator)
    client = await _lived_in(await new_household(database, keyring, machine, app), "Own")
    client = await _rolled_out(client, keyring)
    await give_grant(database, client.tenant, neighbor.machine.organization_id)
    team = await _team(database, machine, client)
    in_the_end = await rows(administrator)
    return Town(
        World(database, keyring, agency=client, sister=other, stranger=stranger),
        neighbor,
        team,
        strange=_own(after_strangers - nothing, nothing, in_the_end - after_strangers),
        others=_own(after_other - after_agency, after_agency, in_the_end - after_other),
    )


def _own(told: frozenset[Row], *others: frozenset[Row]) -> Canaries:
    found = told_by(told)
    for each in others:
        found -= told_by(each)
    return found


async def _stranger(database: Database, keyring: KeyRing, mark: str) -> Household:
    """Whose registration at the provider is older than the agency's."""
    machine = await new_machine(database)
    app = await new_provider_app(database, keyring, machine.organization_id)
    home = await _branded(await new_household(database, keyring, machine, app, name=mark), mark)
    await new_organization(database, name=f"{mark} team", parent_id=machine.organization_id)
    return home


async def _branded(home: Household, mark: str) -> Household:
    """With words and figures that nobody else has."""
    home = await _lived_in(home, mark)
    planner = home.planner
    await home.shop.sell(order(9, SUMMER, TAKINGS + len(mark), customer="nine"))
    kpi = await planner.kpi("orders", name=f"{mark} orders")
    objective = await planner.objective(f"{mark} growth", kpis=(kpi,))
    await planner.link(await planner.initiative(f"{mark} robots"), objective, kpi)
    return home


async def _lived_in(home: Household, mark: str) -> Household:
    """What comes with time: requests that were counted, a pass over a stream; and what not everybody has."""
    database, tenant_id = home.planner.database, home.tenant.id
    await give_key(database, home.machine)
    between = [Point(date(2025, 6, 30), Decimal(150))]
    target = await home.planner.target(home.gids[Kind.KPI], trajectory=Trajectory.CUSTOM, points=between)
    async with database.unit_of_work(home.tenant.scope) as session:
        run = {"stream": "orders", "phase": "INCREMENT", "status": "COMPLETE"}
        session.add(SyncRun(tenant_id=tenant_id, connection_id=home.shop.connection_id, **run))
    usage = Usage(database, WallClock())
    async with usage.written():
        usage.count(home.machine.actor, Asked(f"{mark}Board", 3, throttled=False, failed=False), [tenant_id])
    return replace(home, gids={**home.gids, Kind.TARGET: target})


async def _rolled_out(client: Household, keyring: KeyRing) -> Household:
    """Its plan for two more of the agency's, of whom one has changed something since, and one is gone."""
    database, actor = client.planner.database, client.machine.actor
    organization_id = actor.organization_id
    template_id = await new_template(database, actor, client.tenant, name="Own")
    fresh, gone = [await new_tenant(database, keyring, actor, name=name) for name in ("Fresh", "Gone")]
    template = encode(Kind.TEMPLATE, organization_id, template_id)
    given = {"templateId": template, "version": 1, "startsOn": "2026-01-01"}
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        new = NewJob(BulkKind.TEMPLATE_APPLY, [fresh.id, gone.id], given)
        job = await create_job(session, actor, PostgresJobQueue(), new)
    await perform(house_of(database, keyring), Job(JobKind.BULK, organization_id, job.id))
    async with database.unit_of_work(fresh.scope) as session:
        await session.execute(update(Kpi).where(Kpi.tenant_id == fresh.id).values(archived_at=datetime.now(UTC)))
    await change_grants(database, gone, revoked_at=datetime.now(UTC))
    return replace(
        client, gids={**client.gids, Kind.TEMPLATE: template, Kind.JOB: encode(Kind.JOB, organization_id, job.id)}
    )


async def _team(database: Database, agency: Machine, client: Household) -> Household:
    organization_id = await new_organization(database, parent_id=agency.organization_id, name="North & Sons")
    await give_grant(database, client.tenant, organization_id)
    machine = await new_machine(database, organization_id=organization_id)
    manager = await new_person(database, organization_id, MemberRole.ADMIN)
    gids = {**client.gids, **await directory_gids(database, machine, manager)}
    planner = Planner(database, machine.actor, client.tenant)
    return replace(client, machine=machine, planner=planner, person=manager, gids=gids)


async def machine(town: Town, http: httpx2.AsyncClient) -> Visitor:
    """The agency's own app."""
    home = town.world.agency
    foreign = [town.world.stranger.gids, town.neighbor.gids]
    return Visitor("machine", await sign_in(http, home.machine), home, town.strange, foreign)


async def manager(town: Town, http: httpx2.AsyncClient) -> Visitor:
    """Of the team."""
    caller = await person_at(town.world, town.team, http, _address(http)).sign_in()
    foreign = [town.world.stranger.gids, town.world.sister.gids]
    return Visitor("team", caller, town.team, town.strange | town.others, foreign)


async def visitors(town: Town, http: httpx2.AsyncClient, embedded: httpx2.AsyncClient) -> list[Visitor]:
    """`embedded` are pages of the origin that embed tokens are for."""
    world, home = town.world, town.world.agency
    app = await machine(town, http)
    token = await embed(http, home.machine, app.caller, home.tenant, scope=" ".join(sorted(EMBEDDABLE)))
    of_tenant = {kind: gid for kind, gid in world.sister.gids.items() if kind not in OF_ORGANIZATIONS | OF_PEOPLE}
    foreign = [world.stranger.gids, of_tenant]
    page = Visitor("embed", Caller(embedded, token), home, town.strange | town.others, foreign, ORIGIN)
    found = [app, await manager(town, http), page]
    for role in MemberRole:
        person = await new_person(world.database, home.machine.organization_id, role)
        await new_sign_in(world.database, person)
        known = replace(home, person=person)
        caller = await person_at(world, known, http, _address(http)).sign_in()
        found.append(Visitor(role.lower(), caller, known, town.strange, [world.stranger.gids]))
    return found


def _address(http: httpx2.AsyncClient) -> str:
    return str(http.base_url).rstrip("/")

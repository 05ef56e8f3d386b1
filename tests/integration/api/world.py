"""Two organizations that know nothing of each other, each with a tenant that has one of everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from api.ids import Kind, encode, organization_gid
from tenants.database import Database
from tenants.ids import new_id
from tenants.secrets.keyring import KeyRing
from tests.factories.jobs import new_job
from tests.factories.organizations import Machine, new_machine, new_operation_set
from tests.factories.people import KnownPerson, new_consent, new_invitation, new_person, new_sign_in
from tests.factories.plans import Planner
from tests.factories.shops import Shop, new_provider_app, new_shop, order
from tests.factories.templates import new_template
from tests.factories.tenants import Tenancy, founders_grant, new_tenant


@dataclass(frozen=True)
class Household:
    """An organization with its app, its registration at the provider, and a tenant. `gids` has one id of each kind.

    `person` belongs to it, and whatever people have of their own in `gids` is theirs.
    """

    machine: Machine
    keyring: KeyRing
    provider_app_id: UUID
    tenant: Tenancy
    shop: Shop
    planner: Planner
    person: KnownPerson
    gids: Mapping[Kind, str]


@dataclass(frozen=True)
class World:
    database: Database
    keyring: KeyRing
    agency: Household
    sister: Household
    """Another tenant of the agency's."""
    stranger: Household

    async def another_tenant(self, **given: object) -> Tenancy:
        """Of the agency, empty."""
        return await new_tenant(self.database, self.keyring, self.agency.machine.actor, **given)

    async def another_shop(self, tenant: Tenancy) -> Shop:
        return await new_shop(self.database, self.keyring, tenant, provider_app_id=self.agency.provider_app_id)

    def planner(self, tenant: Tenancy) -> Planner:
        return Planner(self.database, self.agency.machine.actor, tenant)


async def settle(database: Database, keyring: KeyRing) -> World:
    agency, stranger = await new_machine(database), await new_machine(database)
    app = await new_provider_app(database, keyring, agency.organization_id)
    others_app = await new_provider_app(database, keyring, stranger.organization_id)
    return World(
        database,
        keyring,
        agency=await new_household(database, keyring, agency, app),
        sister=await new_household(database, keyring, agency, app),
        stranger=await new_household(database, keyring, stranger, others_app),
    )


async def new_household(
    database: Database, keyring: KeyRing, machine: Machine, provider_app_id: UUID, **given: Any
) -> Household:
    """`given` is what the tenant differs by from a bakery in Berlin."""
    tenant = await new_tenant(database, keyring, machine.actor, **given)
    shop = await new_shop(database, keyring, tenant, provider_app_id=provider_app_id)
    noon = [datetime.fromisoformat(f"2025-0{month}-15T12:00:00+00:00") for month in (1, 2, 3)]
    await shop.sell(*(order(at, day, 1000 * at, customer="one") for at, day in enumerate(noon, start=1)))
    planner = Planner(database, machine.actor, tenant)
    kpi = await planner.kpi("net_revenue")
    objective = await planner.objective(kpis=(kpi,))
    initiative = await planner.initiative()
    member = await new_person(database, machine.organization_id)
    gids = {
        **await directory_gids(database, machine, member),
        Kind.JOB: encode(
            Kind.JOB,
            machine.organization_id,
            await new_job(database, machine.actor, [tenant.id, *(new_id() for _ in range(6))], decided=True),
        ),
        Kind.TEMPLATE: encode(
            Kind.TEMPLATE, machine.organization_id, await new_template(database, machine.actor, tenant)
        ),
        Kind.TENANT: tenant.gid,
        Kind.GRANT: encode(Kind.GRANT, tenant.id, await founders_grant(database, tenant)),
        Kind.KPI: kpi,
        Kind.OBJECTIVE: objective,
        Kind.INITIATIVE: initiative,
        Kind.INITIATIVE_LINK: await planner.link(initiative, objective, kpi),
        Kind.BASELINE: await planner.baseline(kpi, date(2025, 1, 1), date(2025, 3, 31)),
        Kind.TARGET: await planner.target(kpi),
        Kind.CONNECTION: encode(Kind.CONNECTION, tenant.id, shop.connection_id),
    }
    return Household(machine, keyring, provider_app_id, tenant, shop, planner, member, gids)


async def directory_gids(database: Database, machine: Machine, member: KnownPerson) -> dict[Kind, str]:
    """Of the machine's organization, and of what a member of it has of their own."""
    organization_id = machine.organization_id
    return {
        Kind.ORGANIZATION: organization_gid(organization_id),
        Kind.APP: encode(Kind.APP, organization_id, machine.actor.app_id),
        Kind.MEMBER: encode(Kind.MEMBER, organization_id, member.person_id),
        Kind.INVITATION: encode(Kind.INVITATION, organization_id, await new_invitation(database, machine.actor)),
        Kind.OPERATION_SET: encode(
            Kind.OPERATION_SET, organization_id, await new_operation_set(database, machine.actor)
        ),
        **await own_gids(database, machine, member),
    }


async def own_gids(database: Database, machine: Machine, person: KnownPerson) -> dict[Kind, str]:
    return {
        Kind.CONSENT: encode(Kind.CONSENT, person.person_id, await new_consent(database, machine.actor, person)),
        Kind.SIGN_IN: encode(Kind.SIGN_IN, person.person_id, await new_sign_in(database, person)),
    }

"""Who lives in these tests: an agency with its apps and people, and a stranger."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants.access import service
from tenants.access.actor import ApiScope
from tenants.access.apps import register_app
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind
from tenants.database import Database
from tenants.scope import Scope
from tests.factories.people import KnownPerson, new_person

REDIRECT = "https://agency.example/callback?from=azimuth"
SCOPES = (ApiScope.READ_METRICS, ApiScope.WRITE_KPIS)


@dataclass
class ManualClock:
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class KnownApp:
    app_id: UUID
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class World:
    organization_id: UUID
    machine: KnownApp
    front_end: KnownApp
    owner: KnownPerson
    viewer: KnownPerson
    stranger: KnownPerson


async def settle(database: Database) -> World:
    async with database.unit_of_work() as session:
        agency = await service.organization_create(session, kind=OrganizationKind.AGENCY, name="North & Sons")
    machine = await new_app(database, agency.id, AppKind.CONFIDENTIAL)
    front_end = await new_app(database, agency.id, AppKind.PUBLIC, name='<b>Front</b> & "end"')
    return World(
        organization_id=agency.id,
        machine=machine,
        front_end=front_end,
        owner=await new_person(database, agency.id, MemberRole.OWNER),
        viewer=await new_person(database, agency.id, MemberRole.VIEWER),
        stranger=await new_person(database),
    )


async def new_app(
    database: Database,
    organization_id: UUID,
    kind: AppKind,
    *,
    name: str = "Reports",
    scopes: tuple[str, ...] = SCOPES,
    redirect_uris: tuple[str, ...] = (REDIRECT,),
    audience: Audience = Audience.OWN_ORGANIZATION,
    jwks: str | None = None,
) -> KnownApp:
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        app, secret = await register_app(
            session,
            organization_id=organization_id,
            name=name,
            kind=kind,
            redirect_uris=redirect_uris,
            scopes=scopes,
            audience=audience,
            jwks=jwks,
        )
    return KnownApp(app.id, app.client_id, secret or "")

"""Organizations and the apps that act for them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from joserfc.jwk import Key

from tenants.access import service
from tenants.access.actor import Actor, ApiScope
from tenants.access.app_keys import create_key
from tenants.access.apps import register_app
from tenants.access.kinds import AppKind, OrganizationKind
from tenants.clock import wall_now
from tenants.database import Database
from tenants.persisted.service import NewOperation, create_set
from tenants.scope import Scope
from tests.factories.keys import jwk_of, new_key

REDIRECT = "https://reports.example/back"
ALL_SCOPES = tuple(str(scope) for scope in ApiScope)


@dataclass(frozen=True)
class Machine:
    """A confidential app: what its owner was told once, and who it is in our own words."""

    actor: Actor
    secret: str = field(repr=False)

    @property
    def organization_id(self) -> UUID:
        return self.actor.organization_id

    @property
    def credentials(self) -> tuple[str, str]:
        return (self.actor.client_id, self.secret)


async def new_organization(
    database: Database,
    *,
    kind: OrganizationKind = OrganizationKind.AGENCY,
    name: str = "North & Sons",
    parent_id: UUID | None = None,
) -> UUID:
    async with database.unit_of_work() as session:
        return (await service.organization_create(session, kind=kind, name=name, parent_id=parent_id)).id


async def new_machine(
    database: Database, *, organization_id: UUID | None = None, scopes: Collection[str] = ALL_SCOPES
) -> Machine:
    """Of a new organization where none is named."""
    organization_id = organization_id or await new_organization(database)
    async with database.unit_of_work(Scope(organization_id=organization_id)) as session:
        app, secret = await register_app(
            session,
            organization_id=organization_id,
            name="Reports",
            kind=AppKind.CONFIDENTIAL,
            redirect_uris=[REDIRECT],
            scopes=scopes,
        )
    assert secret is not None
    return Machine(Actor(organization_id, app.id, app.client_id, frozenset(scopes)), secret)


async def new_operation_set(
    database: Database, actor: Actor, document: str = "{ viewer { clientId } }", *, only: bool | None = None
) -> UUID:
    """Of the actor's app."""
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        operations = [NewOperation("Viewer", document)]
        return (await create_set(session, actor, app_id=actor.app_id, operations=operations, only=only)).id


async def give_key(database: Database, machine: Machine, key: Key | None = None) -> str:
    """The name of a key that the app signs in by, besides its secret."""
    key, actor = key or new_key(), machine.actor
    async with database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        now = wall_now()
        await create_key(session, actor, app_id=actor.app_id, jwk=jwk_of(key), secret_overlap=None, now=now)
    return str(key.kid)

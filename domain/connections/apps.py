"""Provider apps: our registrations at the providers, with their sealed secrets."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.models import ProviderApp
from domain.connections.repository import find_provider_app_organization, get_provider_app
from domain.ports.provider import AppCredentials
from tenants.database import Database, enter
from tenants.errors import NotFound
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.keyring import KeyRing
from tenants.secrets.sealing import place


async def register_provider_app(
    session: AsyncSession,
    *,
    keyring: KeyRing,
    organization_id: UUID,
    provider: str,
    client_id: str,
    client_secret: str,
    scopes: list[str],
    base_url: str,
    shared: bool,
) -> ProviderApp:
    """The session must be in the organization's scope. The secret is sealed under the organization's key."""
    app_id = new_id()
    key = keyring.create(organization_id)
    app = ProviderApp(
        id=app_id,
        organization_id=organization_id,
        provider=provider,
        client_id=client_id,
        sealed_client_secret=key.seal(client_secret.encode(), _place(organization_id, app_id)),
        scopes=scopes,
        base_url=base_url,
        shared=shared,
    )
    session.add(app)
    await session.flush()
    return app


async def open_credentials(database: Database, keyring: KeyRing, app_id: UUID) -> tuple[ProviderApp, AppCredentials]:
    """Raises NotFound for an app that is unknown or archived."""
    async with database.snapshot() as session:
        organization_id = await find_provider_app_organization(session, app_id=app_id)
        if organization_id is None:
            raise NotFound(field=("providerAppId",))
        await enter(session, Scope(organization_id=organization_id))
        app = await get_provider_app(session, app_id=app_id)
    secret = keyring.key_of(organization_id).unseal(app.sealed_client_secret, _place(organization_id, app_id))
    return app, AppCredentials(app.client_id, secret.decode(), tuple(app.scopes), app.base_url)


def _place(organization_id: UUID, app_id: UUID) -> bytes:
    return place(organization_id, app_id, "provider_apps.sealed_client_secret")

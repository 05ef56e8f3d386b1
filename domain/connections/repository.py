from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.models import Connection, OAuthState, ProviderApp, StreamState
from domain.reading import lists_of
from tenants.errors import NotFound
from tenants.sql import statement

FIND_PROVIDER_APP = statement("SELECT app.find_provider_app(:app_id!uuid)")
FIND_OAUTH_STATE = statement("SELECT state_id, tenant_id, provider_app_id FROM app.find_oauth_state(:state_hash!bytea)")
FIND_ACCOUNT = statement("SELECT tenant_id, connection_id FROM app.find_provider_account(:app_id!uuid, :account!text)")
CLAIM_STATE = statement("""
UPDATE oauth_states SET used_at = :now!instant
WHERE tenant_id = :tenant_id!uuid AND id = :state_id!uuid AND used_at IS NULL AND expires_at > :now!instant
RETURNING id
""")
CLAIM_ACCOUNT = statement("""
INSERT INTO provider_accounts (provider_app_id, account, tenant_id, connection_id)
VALUES (:app_id!uuid, :account!text, :tenant_id!uuid, :connection_id!uuid)
ON CONFLICT (provider_app_id, account) DO NOTHING
RETURNING connection_id
""")
PLAN = statement("""
INSERT INTO schedules (tenant_id, kind, subject_id, due_at)
VALUES (:tenant_id!uuid, :kind!text, :subject_id!uuid, :due_at!instant)
ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET due_at = excluded.due_at
""")


async def get_connection(session: AsyncSession, *, tenant_id: UUID, connection_id: UUID) -> Connection:
    connection = await session.get(Connection, (tenant_id, connection_id))
    if connection is None:
        raise NotFound(field=("connectionId",))
    return connection


async def lock_connection(session: AsyncSession, *, tenant_id: UUID, connection_id: UUID) -> Connection:
    query = (
        select(Connection)
        .where(Connection.tenant_id == tenant_id, Connection.id == connection_id)
        # Not the key: pages and webhooks that only refer to the connection go on while a token is refreshed.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    connection = (await session.execute(query)).scalar_one_or_none()
    if connection is None:
        raise NotFound(field=("connectionId",))
    return connection


list_streams = lists_of(StreamState, "connection_id", order="e.stream")


async def lock_stream(
    session: AsyncSession, *, tenant_id: UUID, connection_id: UUID, stream: str
) -> StreamState | None:
    query = (
        select(StreamState)
        .where(
            StreamState.tenant_id == tenant_id,
            StreamState.connection_id == connection_id,
            StreamState.stream == stream,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def find_provider_app_organization(session: AsyncSession, *, app_id: UUID) -> UUID | None:
    organization_id: UUID | None = (await session.execute(FIND_PROVIDER_APP, {"app_id": app_id})).scalar_one_or_none()
    return organization_id


async def get_provider_app(session: AsyncSession, *, app_id: UUID) -> ProviderApp:
    app = await session.get(ProviderApp, app_id)
    if app is None or app.archived_at is not None:
        raise NotFound(field=("providerAppId",))
    return app


async def list_provider_apps(session: AsyncSession, *, provider: str) -> Sequence[ProviderApp]:
    """Those the organization may use, its own before shared ones."""
    query = (
        select(ProviderApp)
        .where(ProviderApp.provider == provider, ProviderApp.archived_at.is_(None))
        .order_by(ProviderApp.shared, ProviderApp.created_at)
    )
    return (await session.execute(query)).scalars().all()


async def find_oauth_state(session: AsyncSession, *, state_hash: bytes) -> tuple[UUID, UUID, UUID] | None:
    """State, tenant and provider app of a consent under way."""
    row = (await session.execute(FIND_OAUTH_STATE, {"state_hash": state_hash})).one_or_none()
    return None if row is None else (row.state_id, row.tenant_id, row.provider_app_id)


async def get_oauth_state(session: AsyncSession, *, state_id: UUID) -> OAuthState:
    return (await session.execute(select(OAuthState).where(OAuthState.id == state_id))).scalar_one()


async def claim_oauth_state(session: AsyncSession, *, tenant_id: UUID, state_id: UUID, now: datetime) -> bool:
    """True for exactly one caller, and only while the state lives."""
    parameters = {"tenant_id": tenant_id, "state_id": state_id, "now": now}
    return (await session.execute(CLAIM_STATE, parameters)).scalar_one_or_none() is not None


async def find_last_consent(session: AsyncSession, *, tenant_id: UUID, connection_id: UUID) -> datetime | None:
    """When the owner last answered at the provider."""
    query = select(func.max(OAuthState.used_at)).where(
        OAuthState.tenant_id == tenant_id, OAuthState.connection_id == connection_id
    )
    return (await session.execute(query)).scalar_one()


async def find_account(session: AsyncSession, *, app_id: UUID, account: str) -> tuple[UUID, UUID] | None:
    """Tenant and connection of a provider's account."""
    row = (await session.execute(FIND_ACCOUNT, {"app_id": app_id, "account": account})).one_or_none()
    return None if row is None else (row.tenant_id, row.connection_id)


async def claim_account(
    session: AsyncSession, *, app_id: UUID, account: str, tenant_id: UUID, connection_id: UUID
) -> bool:
    """True also where the connection has the account already: its owner has consented anew."""
    parameters = {"app_id": app_id, "account": account, "tenant_id": tenant_id, "connection_id": connection_id}
    if (await session.execute(CLAIM_ACCOUNT, parameters)).scalar_one_or_none() is not None:
        return True
    return await find_account(session, app_id=app_id, account=account) == (tenant_id, connection_id)


async def plan(session: AsyncSession, *, tenant_id: UUID, kind: str, subject_id: UUID, due_at: datetime) -> None:
    parameters = {"tenant_id": tenant_id, "kind": kind, "subject_id": subject_id, "due_at": due_at}
    await session.execute(PLAN, parameters)

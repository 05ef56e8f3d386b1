"""From "connect my shop" to a connection that syncs. Nothing of a callback is believed before it is proven."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.apps import open_credentials
from domain.connections.errors import AccountAlreadyConnected, AccountNameRefused, ProviderUnknown, StateRefused
from domain.connections.house import House
from domain.connections.models import Connection, OAuthState, StreamState
from domain.connections.repository import (
    claim_account,
    claim_oauth_state,
    find_account,
    find_oauth_state,
    get_connection,
    get_oauth_state,
    list_provider_apps,
    lock_connection,
    plan,
)
from domain.connections.tokens import store_tokens
from domain.connections.trail import Event, note
from domain.ports.errors import ConsentRefused
from domain.ports.provider import AppCredentials, Consent, Provider, TokenSet
from tenants.access.actor import Actor, ApiScope
from tenants.jobs import Job, JobKind
from tenants.notices import Topic, announce
from tenants.registry.service import is_admitted
from tenants.scope import Scope
from tenants.secrets.hashing import hash_token

STATE_LIFETIME = timedelta(minutes=10)
SYNC = "sync"
STATE_USED = "STATE_USED"


@dataclass(frozen=True)
class Started:
    connection_id: UUID
    authorize_url: str


async def start_connection(
    session: AsyncSession, actor: Actor, *, house: House, tenant_id: UUID, provider_name: str, account: str
) -> Started:
    """Raises ProviderUnknown, AccountNameRefused, AccountAlreadyConnected."""
    provider = house.providers.get(provider_name)
    apps = [] if provider is None else await list_provider_apps(session, provider=provider_name)
    if provider is None or not apps:
        raise ProviderUnknown(provider_name)
    app = apps[0]
    name = _account_name(provider, account)
    owner = await find_account(session, app_id=app.id, account=name)
    if owner is not None and not await _waits_for_consent(session, tenant_id, owner):
        raise AccountAlreadyConnected
    now = house.clock.now()
    connection = await _open_connection(session, tenant_id, provider_name, app.id, name)
    state = secrets.token_urlsafe(32)
    session.add(
        OAuthState(
            state_hash=hash_token(state),
            provider_app_id=app.id,
            tenant_id=tenant_id,
            connection_id=connection.id,
            account=name,
            begun_by=actor.name,
            begun_by_organization_id=actor.organization_id,
            expires_at=now + STATE_LIFETIME,
        )
    )
    await session.flush()
    # The secret plays no part in the address, and its organization's key is not needed for it.
    credentials = AppCredentials(app.client_id, "", tuple(app.scopes), app.base_url)
    url = provider.oauth.authorize_url(credentials, name, state=state, redirect_uri=house.callback_url(provider_name))
    return Started(connection.id, url)


async def finish_consent(house: House, provider_name: str, query: Sequence[tuple[str, str]]) -> Connection:
    """Raises StateRefused or ConsentRefused, and then nothing is connected; other ProviderErrors can be tried again."""
    provider = house.providers.get(provider_name)
    if provider is None:
        raise StateRefused("UNKNOWN_PROVIDER", "No such provider is set up here.")
    state_text = provider.oauth.state_of(query)
    async with house.database.snapshot() as session:
        found = await find_oauth_state(session, state_hash=hash_token(state_text))
    if found is None:
        raise StateRefused("STATE_UNKNOWN", "This consent was not begun here.")
    state_id, tenant_id, app_id = found
    app, credentials = await open_credentials(house.database, house.keyring, app_id)
    try:
        consent = provider.oauth.verify_callback(credentials, query, now=house.clock.now())
    except ConsentRefused as refusal:
        if refusal.code == "CONSENT_DENIED":
            await _deny(house, tenant_id, state_id)
        raise
    try:
        state = await _claim(house, tenant_id, state_id, consent)
        await _check_still_may(house, state)
        tokens = await provider.oauth.exchange(credentials, consent.account, consent.code, now=house.clock.now())
        return await _activate(house, provider, state, tokens, wanted=tuple(app.scopes))
    except (StateRefused, ConsentRefused, AccountAlreadyConnected) as refusal:
        await _note_refusal(house, tenant_id, state_id, refusal.code)
        raise


async def _claim(house: House, tenant_id: UUID, state_id: UUID, consent: Consent) -> OAuthState:
    """The state is spent before the code is: whatever happens next, it cannot be used a second time."""
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        state = await get_oauth_state(session, state_id=state_id)
        if state.used_at is not None:
            raise StateRefused(STATE_USED, "This consent was answered already.")
        if state.expires_at <= now:
            raise StateRefused("STATE_EXPIRED", "This consent took too long; begin again.")
        if state.account != consent.account:
            raise StateRefused("ACCOUNT_MISMATCH", "The consent was given for another account.")
        if not await claim_oauth_state(session, tenant_id=tenant_id, state_id=state_id, now=now):
            raise StateRefused(STATE_USED, "This consent was answered already.")
    return state


async def _check_still_may(house: House, state: OAuthState) -> None:
    """Raises StateRefused where the grant has ended by which it was begun."""
    async with house.database.snapshot() as session:
        if not await is_admitted(
            session,
            organization_id=state.begun_by_organization_id,
            tenant_id=state.tenant_id,
            scope=ApiScope.WRITE_CONNECTIONS,
            now=house.clock.now(),
        ):
            raise StateRefused("NO_LONGER_ALLOWED", "Who began this may not connect sources to the business any more.")


async def _note_refusal(house: House, tenant_id: UUID, state_id: UUID, code: str) -> None:
    """What anybody could have sent never gets here: the provider signed it. An answer told twice is in there once."""
    if code == STATE_USED:
        return
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        state = await get_oauth_state(session, state_id=state_id)
        connection = await get_connection(session, tenant_id=tenant_id, connection_id=state.connection_id)
        words = {"begunBy": state.begun_by, "code": code}
        await note(session, connection, Event.REFUSED, was=connection.status, now=house.clock.now(), **words)


async def _deny(house: House, tenant_id: UUID, state_id: UUID) -> None:
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        state = await get_oauth_state(session, state_id=state_id)
        if await claim_oauth_state(session, tenant_id=tenant_id, state_id=state_id, now=now):
            connection = await lock_connection(session, tenant_id=tenant_id, connection_id=state.connection_id)
            was = connection.status
            if was == "CONNECTING":
                connection.status, connection.reason = "REVOKED", "CONSENT_DENIED"
            await note(session, connection, Event.DENIED, was=was, now=now, begunBy=state.begun_by)


async def _activate(
    house: House, provider: Provider, state: OAuthState, tokens: TokenSet, *, wanted: tuple[str, ...]
) -> Connection:
    now = house.clock.now()
    async with house.database.unit_of_work(Scope.of_tenant(state.tenant_id)) as session:
        claimed = await claim_account(
            session,
            app_id=state.provider_app_id,
            account=state.account,
            tenant_id=state.tenant_id,
            connection_id=state.connection_id,
        )
        if not claimed:
            raise AccountAlreadyConnected
        connection = await lock_connection(session, tenant_id=state.tenant_id, connection_id=state.connection_id)
        was = connection.status
        store_tokens(connection, house.keyring.key_of(state.tenant_id), tokens)
        connection.scopes = list(tokens.scopes)
        connection.missing_scopes = sorted(set(wanted) - set(tokens.scopes))
        connection.status = "NEEDS_REAUTH" if connection.missing_scopes else "ACTIVE"
        connection.reason = "SCOPE_MISSING" if connection.missing_scopes else None
        await _open_streams(session, provider, connection, now)
        await plan(session, tenant_id=state.tenant_id, kind=SYNC, subject_id=connection.id, due_at=now)
        await house.jobs.enqueue(session, Job(JobKind.SYNC, state.tenant_id, connection.id))
        words = {
            "account": connection.account,
            "scopes": connection.scopes,
            "missingScopes": connection.missing_scopes,
            "begunBy": state.begun_by,
        }
        await note(session, connection, Event.AUTHORIZED, was=was, now=now, **words)
    return connection


async def _open_streams(session: AsyncSession, provider: Provider, connection: Connection, now: datetime) -> None:
    for stream in provider.streams:
        key = (connection.tenant_id, connection.id, stream.name)
        if await session.get(StreamState, key) is None:
            session.add(
                StreamState(
                    tenant_id=connection.tenant_id,
                    connection_id=connection.id,
                    stream=stream.name,
                    phase="BACKFILL",
                    cursor=dict(stream.opening()),
                    updated_at=now,
                )
            )
    await session.flush()


async def _waits_for_consent(session: AsyncSession, tenant_id: UUID, owner: tuple[UUID, UUID]) -> bool:
    """Whether the account is this tenant's own and cannot be read until its owner consents again."""
    owner_id, connection_id = owner
    if owner_id != tenant_id:
        return False
    connection = await get_connection(session, tenant_id=tenant_id, connection_id=connection_id)
    return connection.status not in ("ACTIVE", "PAUSED")


async def _open_connection(
    session: AsyncSession, tenant_id: UUID, provider: str, app_id: UUID, account: str
) -> Connection:
    """A consent that was refused or lost is begun again on the connection it was meant for."""
    query = select(Connection).where(
        Connection.tenant_id == tenant_id,
        Connection.provider_app_id == app_id,
        Connection.account == account,
        Connection.archived_at.is_(None),
    )
    connection = (await session.execute(query)).scalars().first()
    if connection is None:
        connection = Connection(
            tenant_id=tenant_id,
            provider=provider,
            provider_app_id=app_id,
            account=account,
            scopes=[],
            missing_scopes=[],
            token_version=0,
        )
        session.add(connection)
    # One that lost its consent says so until it has another.
    if connection.status not in ("NEEDS_REAUTH", "ERROR"):
        connection.status, connection.reason = "CONNECTING", None
    await session.flush()
    await announce(session, Topic.CONNECTION, tenant_id, connection.id)
    return connection


def _account_name(provider: Provider, account: str) -> str:
    try:
        return provider.oauth.account_name(account)
    except ValueError as error:
        raise AccountNameRefused(str(error), field=("account",)) from None

"""The tokens of one connection: sealed at rest, refreshed by one process at a time."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.house import House
from domain.connections.models import Connection
from domain.connections.repository import get_connection, lock_connection
from domain.connections.trail import Event, note
from domain.ports.errors import ReauthRequired
from domain.ports.provider import AppCredentials, Provider, TokenSet
from tenants.scope import Scope
from tenants.secrets.sealing import DataKey, place

RENEW_BEFORE = timedelta(seconds=60)


def store_tokens(connection: Connection, key: DataKey, tokens: TokenSet) -> None:
    """The old refresh token stays until the next one replaces it: an answer may have been lost on its way."""
    connection.sealed_previous_refresh_token = _reseal_previous(connection, key)
    connection.token_version += 1
    connection.sealed_access_token = key.seal(tokens.access_token.encode(), _place(connection, "access"))
    connection.access_token_expires_at = tokens.access_expires_at
    refresh = tokens.refresh_token
    connection.sealed_refresh_token = (
        None if refresh is None else key.seal(refresh.encode(), _place(connection, "refresh"))
    )
    connection.refresh_token_expires_at = tokens.refresh_expires_at


def forget_tokens(connection: Connection) -> None:
    connection.sealed_access_token = None
    connection.sealed_refresh_token = None
    connection.sealed_previous_refresh_token = None
    connection.access_token_expires_at = None
    connection.refresh_token_expires_at = None


@dataclass(frozen=True)
class ConnectionTokens:
    """A TokenSource over the connection's row."""

    house: House
    provider: Provider
    app: AppCredentials
    tenant_id: UUID
    connection_id: UUID

    async def current(self) -> str:
        async with self.house.database.snapshot(Scope.of_tenant(self.tenant_id)) as session:
            connection = await get_connection(session, tenant_id=self.tenant_id, connection_id=self.connection_id)
            token = self._open(connection, "access")
            expires_at = connection.access_token_expires_at
        if expires_at is not None and expires_at - RENEW_BEFORE <= self.house.clock.now():
            return await self.renewed(token)
        return token

    async def renewed(self, rejected: str) -> str:
        """The row lock is held over the provider's answer: of many who ask, one refreshes and all get its token.

        The new pair is committed before anybody uses it. When nothing comes back the old refresh token stands,
        and the next try sends it again.
        """
        dead: ReauthRequired | None = None
        async with self.house.database.unit_of_work(Scope.of_tenant(self.tenant_id)) as session:
            connection = await lock_connection(session, tenant_id=self.tenant_id, connection_id=self.connection_id)
            if connection.status != "ACTIVE":
                # Somebody heard it before us; asking again would only be counted against us.
                raise ReauthRequired("the connection waits for its owner's consent")
            if connection.sealed_access_token is not None:
                token = self._open(connection, "access")
                if token != rejected:
                    return token
            try:
                token = await self._refresh(session, connection)
            except ReauthRequired as error:
                dead, was = error, connection.status
                connection.status = "NEEDS_REAUTH"
                connection.reason = error.code
                await note(session, connection, Event.LAPSED, was=was, now=self.house.clock.now())
        if dead is not None:
            raise dead
        return token

    async def _refresh(self, session: AsyncSession, connection: Connection) -> str:
        if connection.sealed_refresh_token is None:
            raise ReauthRequired("there is no refresh token: the owner must consent again")
        tokens = await self._ask(connection, self._open(connection, "refresh"))
        store_tokens(connection, self.house.keyring.key_of(self.tenant_id), tokens)
        await session.flush()
        return tokens.access_token

    async def _ask(self, connection: Connection, refresh_token: str) -> TokenSet:
        now = self.house.clock.now()
        try:
            return await self.provider.oauth.refresh(self.app, connection.account, refresh_token, now=now)
        except ReauthRequired:
            if connection.sealed_previous_refresh_token is None:
                raise
            previous = self._open(connection, "previous")
            return await self.provider.oauth.refresh(self.app, connection.account, previous, now=now)

    def _open(self, connection: Connection, which: str) -> str:
        sealed = {
            "access": connection.sealed_access_token,
            "refresh": connection.sealed_refresh_token,
            "previous": connection.sealed_previous_refresh_token,
        }[which]
        if sealed is None:
            raise ReauthRequired("the connection has no tokens: the owner must consent")
        return self.house.keyring.key_of(self.tenant_id).unseal(sealed, _place(connection, which)).decode()


def _reseal_previous(connection: Connection, key: DataKey) -> bytes | None:
    if connection.sealed_refresh_token is None:
        return None
    plain = key.unseal(connection.sealed_refresh_token, _place(connection, "refresh"))
    version = connection.token_version + 1
    return key.seal(plain, place(connection.tenant_id, connection.id, "previous", version))


def _place(connection: Connection, which: str) -> bytes:
    return place(connection.tenant_id, connection.id, which, connection.token_version)

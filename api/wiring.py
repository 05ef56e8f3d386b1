"""Where everything meets: the one place that knows databases, keys, connectors and the web at once."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from httpx2 import AsyncClient

from api.metering import Till
from api.oauth.tokens import AccessTokens, Terms
from connectors.http import open_client
from connectors.openid.provider import NAME as OPENID
from connectors.openid.provider import OpenIdProvider
from connectors.shopify.provider import NAME as SHOPIFY
from connectors.shopify.provider import shopify_provider
from domain.connections.house import House
from domain.kpis.memory import Memory
from domain.ports.identity import IdentityProvider, Registration
from tenants.access.callers import Callers
from tenants.access.keys import SigningKeys
from tenants.budgets.service import Budgets, Limits
from tenants.clock import Clock, WallClock
from tenants.database import Database, reachable, refuse_unsafe_role
from tenants.embedded import DatabaseUrls, resolve_urls
from tenants.jobs import PostgresJobQueue
from tenants.secrets.files import make_once
from tenants.secrets.keyring import SYSTEM, DirectoryKeyRing
from tenants.settings import Settings, SignInProvider, decode_master_key
from tenants.telemetry.tally import Calls
from tenants.telemetry.tracing import traced
from tenants.usage.service import Usage

log = logging.getLogger(__name__)

# The provider's search index lags behind its writes; what is newer than this waits for the next pass.
INCREMENT_LAG = timedelta(seconds=5)


@dataclass(frozen=True)
class Parts:
    settings: Settings
    house: House
    tokens: AccessTokens
    callers: Callers
    till: Till
    urls: DatabaseUrls
    identity_providers: Mapping[str, IdentityProvider]


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Raises ConfigurationError, UnsafeRole, or what the database says when it cannot be reached."""
    async with traced(), _opened(settings) as parts:
        yield parts


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Parts]:
    urls = await resolve_urls(settings)
    database = Database(
        urls.application,
        pool_size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
    )
    async with open_client() as http:
        try:
            async with reachable(), database.snapshot() as session:
                await refuse_unsafe_role(session)
            yield _assemble(settings, urls, database, open_keyring(settings), http)
        finally:
            await database.close()
            if urls.server is not None:
                await asyncio.to_thread(urls.server.stop)


def open_keyring(settings: Settings) -> DirectoryKeyRing:
    directory = settings.keyring_dir or settings.state_dir / "keyring"
    ring = DirectoryKeyRing(directory, _master_key(settings))
    ring.create(SYSTEM)  # opens it where there is one: a wrong master key shows here, and not at the first secret
    return ring


def _assemble(
    settings: Settings, urls: DatabaseUrls, database: Database, keyring: DirectoryKeyRing, http: AsyncClient
) -> Parts:
    clock = WallClock()
    provider = shopify_provider(
        http,
        overlap=timedelta(seconds=settings.sync_overlap_seconds),
        lag=INCREMENT_LAG,
        page_size=settings.page_size,
        calls=Calls(SHOPIFY),
    )
    house = House(
        database=database,
        keyring=keyring,
        clock=clock,
        jobs=PostgresJobQueue(silence=timedelta(seconds=settings.lease_seconds)),
        providers={provider.name: provider},
        public_url=settings.public_url,
        sync_interval=timedelta(seconds=settings.sync_interval_seconds),
        memory=Memory(settings.remembered_values),
        lease=timedelta(seconds=settings.lease_seconds),
        retry=timedelta(seconds=settings.retry_seconds),
    )
    terms = Terms(issuer=settings.public_url, lifetime_seconds=settings.access_token_seconds)
    tokens = AccessTokens(SigningKeys(database, keyring, clock), terms, clock=clock)
    budgets = Budgets(
        database, clock, Limits(settings.budget_points, settings.budget_points_per_second, settings.operation_points)
    )
    till = Till(budgets, Usage(database, clock))
    return Parts(settings, house, tokens, Callers(database), till, urls, _identity_providers(settings, http, clock))


def _identity_providers(settings: Settings, http: AsyncClient, clock: Clock) -> dict[str, IdentityProvider]:
    def provider(given: SignInProvider) -> IdentityProvider:
        secret = given.client_secret.get_secret_value()
        return OpenIdProvider(
            http,
            Registration(given.key, given.name, given.issuer, given.client_id, secret),
            seconds=settings.sign_in_provider_seconds,
            calls=Calls(OPENID),
            now=lambda: clock.now().timestamp(),
        )

    return {each.key: provider(each) for each in settings.sign_in_providers}


def _master_key(settings: Settings) -> bytes:
    """Configured, or for development made once and kept in a file that only its owner reads."""
    if settings.master_key is not None:
        return decode_master_key(settings.master_key)
    return make_once(settings.state_dir / "master.key", os.urandom(32))

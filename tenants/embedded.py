"""Which database to use: the configured one, or an embedded server that is set up on first use."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tenants.postgres.server import EmbeddedServer, ensure_running
from tenants.roles import APPLICATION, BENCHMARK, MIGRATOR, SIGN_IN_ROLES, roles_sql
from tenants.secrets.files import make_once
from tenants.settings import ConfigurationError, Environment, Settings

DATABASE = "azimuth"


@dataclass(frozen=True)
class DatabaseUrls:
    application: str
    migration: str
    benchmark: str | None
    server: EmbeddedServer | None = None


async def resolve_urls(settings: Settings) -> DatabaseUrls:
    """What is configured wins. Raises ConfigurationError where the embedded default is not allowed."""
    if settings.database_url is not None:
        migration = settings.migration_database_url or settings.database_url
        benchmark = settings.benchmark_database_url
        return DatabaseUrls(
            settings.database_url.get_secret_value(),
            migration.get_secret_value(),
            None if benchmark is None else benchmark.get_secret_value(),
        )
    if settings.environment is Environment.PRODUCTION:
        raise ConfigurationError("DATABASE_URL must be set when AZIMUTH_ENV=production")
    server = await asyncio.to_thread(ensure_running, settings.state_dir.absolute() / "postgres")
    return await provision(server, DATABASE, settings.state_dir.absolute() / "database-roles.json")


async def provision(server: EmbeddedServer, database: str, passwords_file: Path) -> DatabaseUrls:
    """Roles with random passwords, and an empty database; idempotent."""
    passwords = _passwords(passwords_file)
    administrator = await asyncpg.connect(server.superuser_dsn)
    try:
        if not await administrator.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await administrator.execute(f'CREATE DATABASE "{database}"')
    except asyncpg.DuplicateDatabaseError:
        pass  # another process was faster
    finally:
        await administrator.close()
    administrator = await asyncpg.connect(server.dsn("postgres", server.password, database))
    try:
        # Two processes that set up at once would update the same catalog rows.
        await administrator.execute("SELECT pg_advisory_lock(7446)")
        await administrator.execute(roles_sql(database, passwords))
    finally:
        await administrator.close()
    return DatabaseUrls(
        application=server.dsn(APPLICATION, passwords[APPLICATION], database),
        migration=server.dsn(MIGRATOR, passwords[MIGRATOR], database),
        benchmark=server.dsn(BENCHMARK, passwords[BENCHMARK], database),
        server=server,
    )


def _passwords(file: Path) -> dict[str, str]:
    drawn = json.dumps({role: secrets.token_urlsafe(24) for role in SIGN_IN_ROLES}).encode()
    content = json.loads(make_once(file, drawn))
    return {str(role): str(password) for role, password in content.items()}

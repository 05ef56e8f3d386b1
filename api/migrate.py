"""Migrations as an operator runs them."""

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from migrations import running
from tenants.embedded import DATABASE, provision, resolve_urls
from tenants.postgres.server import throwaway
from tenants.roles import roles_sql
from tenants.settings import ConfigurationError, Settings


def roles(settings: Settings) -> str:
    """For the database that DATABASE_URL names."""
    if settings.database_url is None:
        return roles_sql(DATABASE)
    return roles_sql(urlsplit(settings.database_url.get_secret_value()).path.lstrip("/") or DATABASE)


def upgrade(settings: Settings) -> None:
    """Raises ConfigurationError where only the application's role is configured, which may not change the schema."""
    if settings.migration_database_url is not None:
        running.upgrade(settings.migration_database_url.get_secret_value())
        return
    if settings.database_url is not None:
        raise ConfigurationError("MIGRATION_DATABASE_URL must be set beside DATABASE_URL: as the role azimuth_migrator")
    urls = asyncio.run(resolve_urls(settings))
    running.upgrade(urls.migration)
    if urls.server is not None:
        urls.server.stop()


def check(settings: Settings) -> None:
    """Against the configured database, or without one against a fresh one of its own."""
    if settings.migration_database_url is not None:
        running.check(settings.migration_database_url.get_secret_value())
        return
    with throwaway() as server, tempfile.TemporaryDirectory() as directory:
        urls = asyncio.run(provision(server, DATABASE, Path(directory) / "passwords.json"))
        running.upgrade(urls.migration)
        running.check(urls.migration)

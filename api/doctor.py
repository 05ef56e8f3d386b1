"""Is everything in place? One line a finding, in words an operator can act on."""

from collections.abc import AsyncIterator

from rich.console import Console

from api.wiring import open_parts
from migrations.revisions import head
from tenants.database import DatabaseUnavailable, UnsafeRole, schema_revision
from tenants.examination import unprotected_tables, waiting_jobs
from tenants.postgres.errors import EmbeddedPostgresError
from tenants.secrets.keyring import MasterKeyWrong
from tenants.settings import ConfigurationError, Environment, Settings

Finding = tuple[bool, str, str]

MOST_WAITING = 1_000


async def examine(settings: Settings, console: Console) -> int:
    """0 when nothing is wrong, else 1."""
    wrong = 0
    async for good, subject, words in _findings(settings):
        wrong += not good
        console.print(
            f"{'ok  ' if good else 'FAIL'}  {subject:<14} {words}", markup=False, highlight=False, soft_wrap=True
        )
    return 1 if wrong else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield True, "configuration", f"environment {settings.environment}, public address {settings.public_url}"
    if settings.environment is not Environment.PRODUCTION and settings.database_url is None:
        yield True, "database", "embedded; set DATABASE_URL for a server of your own"
    try:
        async with open_parts(settings) as parts:
            yield True, "role", "row-level security binds it"
            yield True, "keys", "the key ring opens"
            async with parts.house.database.snapshot() as session:
                revision = await schema_revision(session)
                same = revision == head()
                needs = f"at {revision or 'nothing'}, this program needs {head()}: azimuth migrate"
                yield same, "schema", f"at {revision}" if same else needs
                if revision is None:
                    return
                bare = await unprotected_tables(session)
                yield not bare, "policies", f"missing on {', '.join(bare)}" if bare else "on every tenant table"
                waiting = await waiting_jobs(session)
                calm = waiting < MOST_WAITING
                yield calm, "queue", f"{waiting} jobs wait" if calm else f"{waiting} jobs wait: start more workers"
            yield bool(parts.house.providers), "providers", ", ".join(parts.house.providers) or "none"
    except (ConfigurationError, UnsafeRole, DatabaseUnavailable, EmbeddedPostgresError, MasterKeyWrong) as error:
        yield False, "start", str(error)

"""Runs migrations as the migrator, in one transaction, and hands what was made to the owner."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import domain.models  # noqa: F401
import tenants.models  # noqa: F401
from migrations.security import APPLICATION, OWNER
from tenants.tables import Base

# The queue's tables are its library's, alembic's own table is alembic's: neither has a model here.
FOREIGN = ("pgqueuer", "alembic_version")

HAND_OVER = f"""
DO $$
DECLARE item record;
BEGIN
    FOR item IN
        SELECT format('ALTER SCHEMA %I OWNER TO {OWNER}', n.nspname) AS command
        FROM pg_namespace n WHERE n.nspname = 'app' AND pg_get_userbyid(n.nspowner) = current_user
        UNION ALL
        SELECT format('ALTER TABLE %I.%I OWNER TO {OWNER}', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) = current_user
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO {OWNER}', p.oid::regprocedure)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('public', 'app') AND pg_get_userbyid(p.proowner) = current_user
        UNION ALL
        SELECT format('ALTER TYPE %I.%I OWNER TO {OWNER}', n.nspname, t.typname)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'public' AND t.typtype = 'e' AND pg_get_userbyid(t.typowner) = current_user
    LOOP
        EXECUTE item.command;
    END LOOP;
END $$
"""


def include_name(name: str | None, kind: str, parents: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(FOREIGN))


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        # A migration that cannot get its lock gives way at once; queries must not queue up behind it.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()
        connection.execute(text(f"GRANT SELECT ON alembic_version TO {APPLICATION}"))
        connection.execute(text("COMMENT ON TABLE alembic_version IS 'class: directory'"))
        connection.execute(text(HAND_OVER))


async def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    assert url
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(run())

"""What an operator wants to know of a running installation, as far as the application's own role may see it."""

from uuid import UUID

from sqlalchemy import text

from tenants.database import Session
from tenants.sql import statement

UNPROTECTED = text("""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND obj_description(c.oid, 'pg_class') = 'class: tenant'
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) = 4)
ORDER BY c.relname
""")
WAITING = text("SELECT count(*) FROM pgqueuer WHERE status = 'queued' AND execute_after <= now()")
ORGANIZATION = statement("SELECT organization_id FROM tenants WHERE id = :tenant_id!uuid")


async def unprotected_tables(session: Session) -> list[str]:
    """Tenant tables without the row-level security that keeps tenants apart."""
    return list((await session.execute(UNPROTECTED)).scalars())


async def waiting_jobs(session: Session) -> int:
    return int((await session.execute(WAITING)).scalar_one())


async def organization_of(session: Session, tenant_id: UUID) -> UUID | None:
    """Whose a tenant is; None where there is no such tenant."""
    found: UUID | None = (await session.execute(ORGANIZATION, {"tenant_id": tenant_id})).scalar_one_or_none()
    return found

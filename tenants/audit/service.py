"""The audit: every change on a tenant, chained so that a missing or altered entry shows."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.access.actor import Actor
from tenants.audit.models import AuditEntry, OrganizationAuditEntry
from tenants.sql import statement

GENESIS = bytes(32)
CHAIN_LOCK = statement("SELECT pg_advisory_xact_lock(hashtextextended('audit:' || :tenant!text, 0))")


async def record_change(
    session: AsyncSession,
    actor: Actor,
    *,
    tenant_id: UUID,
    action: str,
    subject_id: str | None,
    changes: dict[str, Any],
    now: datetime,
) -> None:
    """`changes` holds what was asked for, without personal values and secrets."""
    # The chain's positions follow each other. No row is locked for it: a long recompute must not hold up a change.
    await session.execute(CHAIN_LOCK, {"tenant": str(tenant_id)})
    last = (
        await session.execute(
            select(AuditEntry.position, AuditEntry.entry_hash)
            .where(AuditEntry.tenant_id == tenant_id)
            .order_by(AuditEntry.position.desc())
            .limit(1)
        )
    ).one_or_none()
    position, previous_hash = (1, GENESIS) if last is None else (last.position + 1, last.entry_hash)
    entry = AuditEntry(
        tenant_id=tenant_id,
        position=position,
        at=now,
        organization_id=actor.organization_id,
        actor=actor.name,
        action=action,
        subject_id=subject_id,
        changes=changes,
        previous_hash=previous_hash,
        entry_hash=b"",
    )
    entry.entry_hash = chain_hash(entry)
    session.add(entry)
    await session.flush()


async def record_organization_change(
    session: AsyncSession, actor: Actor, *, action: str, subject_id: str | None, now: datetime
) -> None:
    session.add(
        OrganizationAuditEntry(
            organization_id=actor.organization_id, at=now, actor=actor.name, action=action, subject_id=subject_id
        )
    )
    await session.flush()


def chain_hash(entry: AuditEntry) -> bytes:
    """SHA-256 over the previous hash and everything this entry says."""
    content = [
        str(entry.tenant_id),
        entry.position,
        entry.at.isoformat(),
        str(entry.organization_id),
        entry.actor,
        entry.action,
        entry.subject_id,
        entry.changes,
    ]
    return hashlib.sha256(entry.previous_hash + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


async def first_broken_link(session: AsyncSession, *, tenant_id: UUID) -> int | None:
    """The position where the chain does not hold, or None when all of it does."""
    expected_position, previous_hash = 1, GENESIS
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id).order_by(AuditEntry.position)
    for entry in (await session.execute(query)).scalars():
        if (entry.position, entry.previous_hash) != (expected_position, previous_hash):
            return expected_position
        if chain_hash(entry) != entry.entry_hash:
            return entry.position
        expected_position, previous_hash = entry.position + 1, entry.entry_hash
    return None

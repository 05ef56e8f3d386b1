"""The audit: every change on a tenant, chained so that a missing or altered entry shows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.audit.author import Author
from tenants.audit.models import AuditEntry, OrganizationAuditEntry
from tenants.audit.texts import without_free_text
from tenants.sql import statement

GENESIS = bytes(32)
CHAIN_LOCK = statement("SELECT pg_advisory_xact_lock(hashtextextended('audit:' || :tenant!text, 0))")
ENTRIES_AT_ONCE = 1_000


@dataclass(frozen=True)
class Chain:
    """`broken_at` is the first position that does not hold. `head` is the hash of the last entry that does.

    A chain cannot tell that its end was cut off: whoever noted length and head elsewhere can.
    """

    length: int
    head: bytes
    broken_at: int | None = None


async def record_change(
    session: AsyncSession,
    author: Author,
    *,
    tenant_id: UUID,
    action: str,
    subject_id: str | None,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """In the transaction of the change. `changes` is what was asked for or came about, without secrets."""
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
        organization_id=author.organization_id,
        actor_kind=author.kind,
        actor_id=author.id,
        action=action,
        subject_id=subject_id,
        changes=without_free_text(changes),
        previous_hash=previous_hash,
        entry_hash=b"",
    )
    entry.entry_hash = chain_hash(entry)
    session.add(entry)
    await session.flush()


async def record_organization_change(
    session: AsyncSession,
    author: Author,
    *,
    organization_id: UUID,
    action: str,
    subject_id: str | None,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Where no tenant is concerned. Needs the organization's scope."""
    session.add(
        OrganizationAuditEntry(
            organization_id=organization_id,
            at=now,
            actor_kind=author.kind,
            actor_id=author.id,
            action=action,
            subject_id=subject_id,
            changes=without_free_text(changes),
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
        entry.actor_kind,
        entry.actor_id,
        entry.action,
        entry.subject_id,
        entry.changes,
    ]
    return hashlib.sha256(entry.previous_hash + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


async def follow_chain(session: AsyncSession, *, tenant_id: UUID) -> Chain:
    length, head = 0, GENESIS
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id).order_by(AuditEntry.position)
    async for entry in await session.stream_scalars(query.execution_options(yield_per=ENTRIES_AT_ONCE)):
        if (entry.position, entry.previous_hash) != (length + 1, head):
            return Chain(length, head, broken_at=length + 1)
        if chain_hash(entry) != entry.entry_hash:
            return Chain(length, head, broken_at=entry.position)
        length, head = entry.position, entry.entry_hash
    return Chain(length, head)

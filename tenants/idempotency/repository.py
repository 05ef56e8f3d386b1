"""Remembering the first answer to a keyed mutation for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.errors import Conflict
from tenants.idempotency.models import IdempotencyKey, OrganizationIdempotencyKey
from tenants.sql import statement

KEPT_FOR = timedelta(hours=24)

_CLAIM = """
INSERT INTO {table} ({owner}, client, key, request_hash, outcome, expires_at)
VALUES (:owner_id!uuid, :client!text, :key!text, :request_hash!bytea, '{{}}', :expires_at!instant)
ON CONFLICT ({owner}, client, key) DO UPDATE SET
    request_hash = excluded.request_hash, outcome = excluded.outcome, expires_at = excluded.expires_at
WHERE {table}.expires_at < :now!instant
RETURNING true
"""
CLAIM_TENANT = statement(_CLAIM.format(table="idempotency_keys", owner="tenant_id"))
CLAIM_ORGANIZATION = statement(_CLAIM.format(table="organization_idempotency_keys", owner="organization_id"))


class IdempotencyConflict(Conflict):
    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This key was used for another input. Use a new key.", field=("idempotencyKey",))


@dataclass(frozen=True)
class Claim:
    """One caller's key at one owner: a tenant, or an organization where no tenant is concerned."""

    tenant_id: UUID | None
    organization_id: UUID
    client: str
    key: str
    request_hash: bytes

    @property
    def row_key(self) -> tuple[UUID, str, str]:
        return (self.tenant_id or self.organization_id, self.client, self.key)


async def claim(session: AsyncSession, wanted: Claim, *, now: datetime) -> dict[str, Any] | None:
    """None for the first caller; the kept outcome for a later one. A concurrent one waits for the first to commit.

    Raises IdempotencyConflict when the key was used for another input.
    """
    statement_ = CLAIM_ORGANIZATION if wanted.tenant_id is None else CLAIM_TENANT
    parameters = {
        "owner_id": wanted.row_key[0],
        "client": wanted.client,
        "key": wanted.key,
        "request_hash": wanted.request_hash,
        "expires_at": now + KEPT_FOR,
        "now": now,
    }
    if (await session.execute(statement_, parameters)).scalar_one_or_none():
        return None
    kept = await _get(session, wanted)
    if kept.request_hash != wanted.request_hash:
        raise IdempotencyConflict
    return kept.outcome


async def settle(session: AsyncSession, wanted: Claim, outcome: dict[str, Any]) -> None:
    (await _get(session, wanted)).outcome = outcome
    await session.flush()


async def _get(session: AsyncSession, wanted: Claim) -> IdempotencyKey | OrganizationIdempotencyKey:
    owner, client, key = wanted.row_key
    if wanted.tenant_id is None:
        query = select(OrganizationIdempotencyKey).where(
            OrganizationIdempotencyKey.organization_id == owner,
            OrganizationIdempotencyKey.client == client,
            OrganizationIdempotencyKey.key == key,
        )
        return (await session.execute(query)).scalar_one()
    own = select(IdempotencyKey).where(
        IdempotencyKey.tenant_id == owner, IdempotencyKey.client == client, IdempotencyKey.key == key
    )
    return (await session.execute(own)).scalar_one()

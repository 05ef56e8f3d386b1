"""Authorization codes: short-lived, single-use, stored hashed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from tenants.access.authorizations import EndReason, end_authorization
from tenants.access.clients import Client
from tenants.access.models import Authorization, AuthorizationCode
from tenants.database import Session
from tenants.secrets.hashing import hash_token, new_secret

CODE_PREFIX = "azo"
LIFETIME = timedelta(seconds=60)
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class RedeemedCode:
    id: UUID
    person_id: UUID
    acts_for_id: UUID
    redirect_uri: str
    scopes: frozenset[str]
    code_challenge: str


def new_code() -> str:
    return new_secret(CODE_PREFIX)


async def code_store(
    session: Session,
    *,
    code: str,
    client: Client,
    person_id: UUID,
    acts_for_id: UUID,
    redirect_uri: str,
    scopes: Collection[str],
    code_challenge: str,
    now: datetime,
) -> None:
    """Also forgets the person's old codes for this app, so that there is little more than one for each pair."""
    await session.execute(
        delete(AuthorizationCode).where(
            AuthorizationCode.organization_id == client.organization_id,
            AuthorizationCode.app_id == client.app_id,
            AuthorizationCode.person_id == person_id,
            AuthorizationCode.expires_at < now - KEPT,
        )
    )
    session.add(
        AuthorizationCode(
            code_hash=hash_token(code),
            created_at=now,
            organization_id=client.organization_id,
            app_id=client.app_id,
            person_id=person_id,
            acts_for_id=acts_for_id,
            redirect_uri=redirect_uri,
            scopes=sorted(scopes),
            code_challenge=code_challenge,
            expires_at=now + LIFETIME,
        )
    )
    await session.flush()


async def code_redeem(session: Session, *, client: Client, code: str, now: datetime) -> RedeemedCode | None:
    """Uses the code up, whatever the caller finds wrong afterwards: who presents it wrongly may have stolen it.

    Nothing for a code that is unknown, used, expired or another app's. The check and the use are one statement, so of
    two who redeem at once one gets it. One that comes again ends what it led to (RFC 6749, 4.1.2).
    """
    row = (
        await session.execute(
            update(AuthorizationCode)
            .where(
                AuthorizationCode.code_hash == hash_token(code),
                AuthorizationCode.organization_id == client.organization_id,
                AuthorizationCode.app_id == client.app_id,
                AuthorizationCode.used_at.is_(None),
                AuthorizationCode.expires_at > now,
            )
            .values(used_at=now)
            .returning(
                AuthorizationCode.id,
                AuthorizationCode.person_id,
                AuthorizationCode.acts_for_id,
                AuthorizationCode.redirect_uri,
                AuthorizationCode.scopes,
                AuthorizationCode.code_challenge,
            )
        )
    ).one_or_none()
    if row is None:
        await _end_what_it_led_to(session, client, code, now)
        return None
    scopes = frozenset(row.scopes)
    return RedeemedCode(row.id, row.person_id, row.acts_for_id, row.redirect_uri, scopes, row.code_challenge)


async def _end_what_it_led_to(session: Session, client: Client, code: str, now: datetime) -> None:
    led_to = await session.scalars(
        select(Authorization.id)
        .join(AuthorizationCode, AuthorizationCode.id == Authorization.code_id)
        .where(
            AuthorizationCode.organization_id == client.organization_id,
            AuthorizationCode.app_id == client.app_id,
            AuthorizationCode.code_hash == hash_token(code),
            Authorization.organization_id == client.organization_id,
        )
    )
    for authorization_id in led_to.all():
        await end_authorization(
            session, client=client, authorization_id=authorization_id, reason=EndReason.CODE_REUSED, now=now
        )

"""By what an app proves who it is: secrets, each of which is shown once and kept as a hash, and public keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from tenants.access.models import App, AppKey, AppSecret
from tenants.access.public_keys import Jwk
from tenants.database import Session
from tenants.errors import InvalidInput
from tenants.secrets.hashing import hash_token, new_secret

SECRET_PREFIX = "azs"  # noqa: S105 - what a leaked secret is recognized by
LONGEST_OVERLAP = timedelta(days=30)


def check_overlap(overlap: timedelta, *, field: str) -> None:
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput(f"An overlap is 0 to {LONGEST_OVERLAP // timedelta(seconds=1)} seconds.", field=(field,))


async def add_secret(session: Session, app: App) -> str:
    secret = new_secret(SECRET_PREFIX)
    session.add(AppSecret(organization_id=app.organization_id, app_id=app.id, secret_hash=hash_token(secret).hex()))
    await session.flush()
    return secret


async def live_secrets(session: Session, app: App, now: datetime) -> Sequence[AppSecret]:
    """Oldest first."""
    return (
        await session.scalars(
            select(AppSecret)
            .where(
                AppSecret.organization_id == app.organization_id,
                AppSecret.app_id == app.id,
                or_(AppSecret.expires_at.is_(None), AppSecret.expires_at > now),
            )
            .order_by(AppSecret.id)
        )
    ).all()


async def end_secrets(session: Session, app: App, at: datetime) -> None:
    await session.execute(
        update(AppSecret)
        .where(
            AppSecret.organization_id == app.organization_id,
            AppSecret.app_id == app.id,
            or_(AppSecret.expires_at.is_(None), AppSecret.expires_at > at),
        )
        .values(expires_at=at)
    )


async def add_key(session: Session, app: App, jwk: Jwk) -> None:
    session.add(AppKey(organization_id=app.organization_id, app_id=app.id, kid=jwk["kid"], public_jwk=dict(jwk)))
    await session.flush()


async def list_keys(session: Session, app: App) -> Sequence[AppKey]:
    """Ended ones too, as long as they are remembered."""
    return (
        await session.scalars(
            select(AppKey).where(AppKey.organization_id == app.organization_id, AppKey.app_id == app.id)
        )
    ).all()


async def end_keys(session: Session, app: App, at: datetime, *, kid: str | None = None) -> bool:
    """All, or the one. Whether there was any."""
    ended = await session.scalars(
        update(AppKey)
        .where(
            AppKey.organization_id == app.organization_id,
            AppKey.app_id == app.id,
            or_(AppKey.expires_at.is_(None), AppKey.expires_at > at),
            *(() if kid is None else (AppKey.kid == kid,)),
        )
        .values(expires_at=at)
        .returning(AppKey.id)
    )
    return bool(ended.all())

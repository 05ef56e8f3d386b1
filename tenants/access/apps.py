"""The apps that act for an organization, and their secrets, each of which is shown once and kept as a hash."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from tenants.access.actor import Actor, ApiScope
from tenants.access.errors import ScopeBeyondYours
from tenants.access.kinds import AppKind, Audience
from tenants.access.models import App, AppSecret
from tenants.access.redirects import check_redirect_uri
from tenants.access.repository import get_own_app
from tenants.access.wording import check_name
from tenants.database import Session
from tenants.errors import AlreadyArchived, InvalidInput
from tenants.ids import new_id
from tenants.secrets.hashing import hash_token, new_secret

SECRET_PREFIX = "azs"  # noqa: S105 - what a leaked secret is recognized by
MAX_REDIRECT_URIS = 20
LONGEST_OVERLAP = timedelta(days=30)


async def register_app(
    session: Session,
    *,
    organization_id: UUID,
    name: str,
    kind: AppKind,
    redirect_uris: Sequence[str] = (),
    scopes: Collection[str],
    audience: Audience = Audience.OWN_ORGANIZATION,
) -> tuple[App, str | None]:
    """The app, and for a confidential one its secret, which is kept nowhere. Needs the organization's scope."""
    _check_reachable(kind, redirect_uris)
    app = App(
        id=new_id(),
        organization_id=organization_id,
        client_id=f"azc_{secrets.token_hex(12)}",
        name=check_name(name),
        kind=kind,
        redirect_uris=_checked_redirects(redirect_uris),
        scopes=_checked_scopes(scopes),
        audience=audience,
    )
    session.add(app)
    await session.flush()
    if kind is AppKind.PUBLIC:
        return app, None
    return app, await _add_secret(session, app)


async def create_app(
    session: Session,
    actor: Actor,
    *,
    name: str,
    kind: AppKind,
    redirect_uris: Sequence[str],
    scopes: Collection[str],
    audience: Audience,
) -> tuple[App, str | None]:
    """As `register_app`, by somebody: nobody makes an app that may more than they may themselves (ScopeBeyondYours)."""
    _check_not_beyond(actor, scopes, field="scopes")
    return await register_app(
        session,
        organization_id=actor.organization_id,
        name=name,
        kind=kind,
        redirect_uris=redirect_uris,
        scopes=scopes,
        audience=audience,
    )


async def update_app(
    session: Session,
    actor: Actor,
    *,
    app_id: UUID,
    name: str | None,
    redirect_uris: Sequence[str] | None,
    scopes: Collection[str] | None,
) -> App:
    """What is None stays. What people consented to does not grow with the scopes.

    Raises InvalidInput, AlreadyArchived, and ScopeBeyondYours: where people are sent to one may, in their name,
    whatever the app may.
    """
    app = await _live_app(session, actor, app_id)
    if scopes is not None:
        app.scopes = _checked_scopes(scopes)
    if redirect_uris is not None:
        app.redirect_uris = _checked_redirects(redirect_uris)
        _check_reachable(AppKind(app.kind), app.redirect_uris)
    if name is not None:
        app.name = check_name(name)
    if scopes is not None or redirect_uris is not None:
        _check_not_beyond(actor, app.scopes, field="scopes" if scopes is not None else "redirectUris")
    await session.flush()
    return app


async def rotate_secret(
    session: Session, actor: Actor, *, app_id: UUID, overlap: timedelta, now: datetime
) -> tuple[App, str]:
    """A new secret. The newest there is works on for as long as the overlap, if it does not end before.

    Raises ScopeBeyondYours: by its secret one may whatever the app may.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput(
            f"An overlap is 0 to {LONGEST_OVERLAP // timedelta(seconds=1)} seconds.", field=("overlapSeconds",)
        )
    app = await _live_app(session, actor, app_id)
    if app.kind == AppKind.PUBLIC:
        raise InvalidInput("A public app has no secret.", field=("appId",), code="APP_WITHOUT_SECRET")
    _check_not_beyond(actor, app.scopes, field="appId")
    *older, _ = await _live_secrets(session, app, now)
    for each in older:
        each.expires_at = now
    await _end_secrets(session, app, now + overlap)
    return app, await _add_secret(session, app)


async def archive_app(session: Session, actor: Actor, *, app_id: UUID, now: datetime) -> App:
    """From now on nobody signs in as it or to it."""
    app = await _live_app(session, actor, app_id)
    await _end_secrets(session, app, now)
    app.archived_at = now
    await session.flush()
    return app


async def archive_apps(session: Session, *, organization_id: UUID, now: datetime) -> None:
    """All of an organization's. Needs its scope."""
    theirs = (App.organization_id == organization_id, App.archived_at.is_(None))
    await session.execute(update(App).where(*theirs).values(archived_at=now))
    lasting = or_(AppSecret.expires_at.is_(None), AppSecret.expires_at > now)
    their_secrets = (AppSecret.organization_id == organization_id, lasting)
    await session.execute(update(AppSecret).where(*their_secrets).values(expires_at=now))


async def _live_app(session: Session, actor: Actor, app_id: UUID) -> App:
    """Locked: of two who change it at once one waits for the other."""
    app = await get_own_app(session, actor.organization_id, app_id)
    if app.archived_at is not None:
        raise AlreadyArchived("appId")
    return app


def _check_not_beyond(actor: Actor, scopes: Collection[str], *, field: str) -> None:
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise ScopeBeyondYours(beyond[0], field=field)


def _check_reachable(kind: AppKind, redirect_uris: Collection[str]) -> None:
    if kind is AppKind.PUBLIC and not redirect_uris:
        raise InvalidInput(
            "A public app has no secret: people sign in to it, and it needs a redirect URI.",
            field=("redirectUris",),
            code="REDIRECT_URI_MISSING",
        )


async def _add_secret(session: Session, app: App) -> str:
    secret = new_secret(SECRET_PREFIX)
    session.add(AppSecret(organization_id=app.organization_id, app_id=app.id, secret_hash=hash_token(secret).hex()))
    await session.flush()
    return secret


async def _live_secrets(session: Session, app: App, now: datetime) -> Sequence[AppSecret]:
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


async def _end_secrets(session: Session, app: App, at: datetime) -> None:
    await session.execute(
        update(AppSecret)
        .where(
            AppSecret.organization_id == app.organization_id,
            AppSecret.app_id == app.id,
            or_(AppSecret.expires_at.is_(None), AppSecret.expires_at > at),
        )
        .values(expires_at=at)
    )


def _checked_redirects(values: Sequence[str]) -> list[str]:
    if len(values) > MAX_REDIRECT_URIS:
        raise InvalidInput(
            f"An app has at most {MAX_REDIRECT_URIS} redirect URIs.",
            field=("redirectUris",),
            code="REDIRECT_URIS_TOO_MANY",
        )
    return [check_redirect_uri(value, field=("redirectUris", str(at))) for at, value in enumerate(values)]


def _checked_scopes(values: Collection[str]) -> list[str]:
    unknown = sorted(set(values) - set(ApiScope))
    if unknown:
        raise InvalidInput(f"There is no scope {unknown[0]!r}.", field=("scopes",), code="SCOPE_UNKNOWN")
    if not values:
        raise InvalidInput("An app needs at least one scope.", field=("scopes",), code="SCOPE_MISSING")
    return sorted(set(values))

"""The apps that act for an organization, and their secrets."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from tenants.access.actor import Actor, ApiScope
from tenants.access.credentials import add_key, add_secret, check_overlap, end_keys, end_secrets, live_secrets
from tenants.access.errors import ScopeBeyondYours
from tenants.access.kinds import AppKind, Audience
from tenants.access.models import App
from tenants.access.public_keys import read_key_set
from tenants.access.redirects import check_redirect_uri
from tenants.access.repository import get_own_app
from tenants.access.wording import check_name
from tenants.database import Session
from tenants.errors import AlreadyArchived, InvalidInput
from tenants.ids import new_id

MAX_REDIRECT_URIS = 20


async def register_app(
    session: Session,
    *,
    organization_id: UUID,
    name: str,
    kind: AppKind,
    redirect_uris: Sequence[str] = (),
    scopes: Collection[str],
    audience: Audience = Audience.OWN_ORGANIZATION,
    jwks: str | None = None,
) -> tuple[App, str | None]:
    """The app, and for a confidential one without keys its secret, which is kept nowhere.

    Needs the organization's scope.
    """
    _check_reachable(kind, redirect_uris)
    if kind is AppKind.PUBLIC and jwks is not None:
        raise InvalidInput("A public app has no secret, and no keys.", field=("jwks",), code="APP_WITHOUT_SECRET")
    keys = [] if jwks is None else read_key_set(jwks, field=("jwks",))
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
    for key in keys:
        await add_key(session, app, key)
    if kind is AppKind.PUBLIC or keys:
        return app, None
    return app, await add_secret(session, app)


async def create_app(
    session: Session,
    actor: Actor,
    *,
    name: str,
    kind: AppKind,
    redirect_uris: Sequence[str],
    scopes: Collection[str],
    audience: Audience,
    jwks: str | None,
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
        jwks=jwks,
    )


async def update_app(
    session: Session,
    actor: Actor,
    *,
    app_id: UUID,
    name: str | None,
    redirect_uris: Sequence[str] | None,
    scopes: Collection[str] | None,
    persisted_only: bool | None,
) -> App:
    """What is None stays. What people consented to does not grow with the scopes.

    Raises InvalidInput, AlreadyArchived, and ScopeBeyondYours: where people are sent to one may, in their name,
    whatever the app may.
    """
    app = await live_app(session, actor, app_id)
    if scopes is not None:
        app.scopes = _checked_scopes(scopes)
    if redirect_uris is not None:
        app.redirect_uris = _checked_redirects(redirect_uris)
        _check_reachable(AppKind(app.kind), app.redirect_uris)
    if name is not None:
        app.name = check_name(name)
    if persisted_only is not None:
        app.persisted_only = persisted_only
    if scopes is not None or redirect_uris is not None:
        _check_not_beyond(actor, app.scopes, field="scopes" if scopes is not None else "redirectUris")
    await session.flush()
    return app


async def rotate_secret(
    session: Session, actor: Actor, *, app_id: UUID, overlap: timedelta, now: datetime
) -> tuple[App, str]:
    """A new secret. The newest there is works on for as long as the overlap, if it does not end before.

    Raises ScopeBeyondYours.
    """
    check_overlap(overlap, field="overlapSeconds")
    app = await confidential_app(session, actor, app_id)
    for each in (await live_secrets(session, app, now))[:-1]:
        each.expires_at = now
    await end_secrets(session, app, now + overlap)
    return app, await add_secret(session, app)


async def archive_app(session: Session, actor: Actor, *, app_id: UUID, now: datetime) -> App:
    """From now on nobody signs in as it or to it."""
    app = await live_app(session, actor, app_id)
    await _archive(session, app, now)
    return app


async def confidential_app(session: Session, actor: Actor, app_id: UUID) -> App:
    """To be given a secret or a key. Raises ScopeBeyondYours: by it one may whatever the app may."""
    app = await live_app(session, actor, app_id)
    if app.kind == AppKind.PUBLIC:
        raise InvalidInput("A public app has no secret, and no keys.", field=("appId",), code="APP_WITHOUT_SECRET")
    _check_not_beyond(actor, app.scopes, field="appId")
    return app


async def archive_apps(session: Session, *, organization_id: UUID, now: datetime) -> None:
    """All of an organization's. Needs its scope."""
    theirs = select(App).where(App.organization_id == organization_id, App.archived_at.is_(None))
    for app in await session.scalars(theirs.order_by(App.id).with_for_update()):
        await _archive(session, app, now)


async def _archive(session: Session, app: App, now: datetime) -> None:
    await end_secrets(session, app, now)
    await end_keys(session, app, now)
    app.archived_at = now
    await session.flush()


async def live_app(session: Session, actor: Actor, app_id: UUID) -> App:
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

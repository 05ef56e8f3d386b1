"""Keys that an app signs in by instead of a secret: it signs, and here is only what to check its signature with."""

from datetime import datetime, timedelta
from uuid import UUID

from tenants.access.actor import Actor
from tenants.access.apps import confidential_app, live_app
from tenants.access.credentials import add_key, check_overlap, end_keys, end_secrets, list_keys
from tenants.access.errors import KeyExists
from tenants.access.models import App
from tenants.access.public_keys import MOST_KEYS, read_key
from tenants.database import Session
from tenants.errors import InvalidInput, NotFound


async def create_key(
    session: Session, actor: Actor, *, app_id: UUID, jwk: str, secret_overlap: timedelta | None, now: datetime
) -> App:
    """With an overlap the app's secrets end after it. Raises InvalidInput, ScopeBeyondYours, KeyExists."""
    if secret_overlap is not None:
        check_overlap(secret_overlap, field="secretOverlapSeconds")
    key = read_key(jwk, field=("jwk",))
    app = await confidential_app(session, actor, app_id)
    known = await list_keys(session, app)
    # An ended one's too: whoever has its private half must not come in by the name of the new one.
    if key["kid"] in {each.kid for each in known}:
        raise KeyExists
    if sum(each.expires_at is None or each.expires_at > now for each in known) >= MOST_KEYS:
        raise InvalidInput(f"An app has at most {MOST_KEYS} keys.", field=("jwk",), code="KEYS_TOO_MANY")
    await add_key(session, app, key)
    if secret_overlap is not None:
        await end_secrets(session, app, now + secret_overlap)
    return app


async def revoke_key(session: Session, actor: Actor, *, app_id: UUID, kid: str, now: datetime) -> App:
    """At once. Raises NotFound also for one that has ended."""
    app = await live_app(session, actor, app_id)
    if not await end_keys(session, app, now, kid=kid):
        raise NotFound(field=("kid",))
    return app

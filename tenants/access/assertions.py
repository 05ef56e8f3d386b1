"""Assertions that apps sign in with work once, whichever process they come to."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from tenants.access.clients import Client
from tenants.access.models import ClientAssertion
from tenants.database import Session
from tenants.secrets.hashing import hash_token


async def use_assertion(session: Session, *, client: Client, jti: str, until: datetime) -> bool:
    """Whether it had not been used before. `until` is when it would be refused for its age."""
    # Of two who come at once the second waits here for the first to commit.
    used = await session.scalar(
        insert(ClientAssertion)
        .values(
            organization_id=client.organization_id, app_id=client.app_id, jti_hash=hash_token(jti), expires_at=until
        )
        .on_conflict_do_nothing()
        .returning(ClientAssertion.app_id)
    )
    return used is not None

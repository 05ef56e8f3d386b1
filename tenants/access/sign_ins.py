"""In which browsers a person is signed in to our own pages. Each can be ended before its quarter of an hour is over."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from tenants.access.models import Person, SignIn
from tenants.database import Session, enter
from tenants.errors import NotFound
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.hashing import hash_token

PASSWORD = "PASSWORD"  # noqa: S105 - a method
KEPT = timedelta(days=1)


async def open_sign_in(
    session: Session, *, person_id: UUID, browser: str, method: str, expires_at: datetime, now: datetime
) -> UUID:
    """Also forgets the person's old ones."""
    await enter(session, Scope(person_id=person_id))
    await session.execute(delete(SignIn).where(SignIn.person_id == person_id, SignIn.expires_at < now - KEPT))
    row = SignIn(
        id=new_id(),
        created_at=now,
        person_id=person_id,
        browser_hash=hash_token(browser),
        method=method,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    return row.id


async def is_signed_in(session: Session, *, person_id: UUID, browser: str, now: datetime) -> bool:
    """Enters the person's scope."""
    await enter(session, Scope(person_id=person_id))
    found = await session.scalar(
        select(SignIn.id)
        .join(Person, Person.id == SignIn.person_id)
        .where(
            SignIn.person_id == person_id,
            SignIn.browser_hash == hash_token(browser),
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
            Person.disabled_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


async def sign_out(session: Session, *, person_id: UUID, browser: str, now: datetime) -> None:
    """In this browser. Enters the person's scope."""
    await enter(session, Scope(person_id=person_id))
    live = (SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    await session.execute(update(SignIn).where(*live, SignIn.browser_hash == hash_token(browser)).values(ended_at=now))


async def end_sign_in(session: Session, *, person_id: UUID, sign_in_id: UUID, now: datetime) -> None:
    """Enters the person's scope. Raises NotFound for one that is over, too."""
    await enter(session, Scope(person_id=person_id))
    live = (SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > now)
    ended = await session.scalar(
        update(SignIn).where(*live, SignIn.id == sign_in_id).values(ended_at=now).returning(SignIn.id)
    )
    if ended is None:
        raise NotFound(field=("signInId",))


async def end_all_sign_ins(session: Session, *, person_id: UUID, now: datetime) -> None:
    """Needs the person's scope."""
    live = (SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    await session.execute(update(SignIn).where(*live).values(ended_at=now))

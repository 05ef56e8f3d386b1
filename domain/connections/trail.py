"""What happens to a connection without a mutation of ours, in its tenant's audit."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.models import Connection
from tenants.audit.author import Author
from tenants.audit.service import record_change
from tenants.audit.subjects import connection_subject
from tenants.notices import Topic, announce


class Event(StrEnum):
    AUTHORIZED = "connectionAuthorized"
    """The owner consented: for the first time or anew. Where scopes are missing it does not reach ACTIVE."""
    DENIED = "connectionDenied"
    """The owner said no."""
    REFUSED = "connectionRefused"
    """A consent the provider signed could not be taken."""
    UNINSTALLED = "connectionUninstalled"
    LAPSED = "connectionLapsed"
    """The provider honors the consent no more."""


async def note(
    session: AsyncSession, connection: Connection, event: Event, *, was: str, now: datetime, **more: Any
) -> None:
    """In the transaction of the change, and to those who wait for it. `was` is the status before it."""
    await announce(session, Topic.CONNECTION, connection.tenant_id, connection.id)
    await record_change(
        session,
        Author.provider(connection.provider),
        tenant_id=connection.tenant_id,
        action=event,
        subject_id=connection_subject(connection.tenant_id, connection.id),
        changes={"from": was, "to": connection.status, "code": connection.reason, **more},
        now=now,
    )

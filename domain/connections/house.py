"""What work on connections needs around it: the database, the keys, the clock, the queue, the providers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.kpis.memory import Memory
from domain.ports.provider import Provider
from tenants.clock import Clock
from tenants.database import Database
from tenants.jobs import JobQueue
from tenants.secrets.keyring import KeyRing


@dataclass(frozen=True)
class House:
    database: Database
    keyring: KeyRing
    clock: Clock
    jobs: JobQueue
    providers: Mapping[str, Provider]
    public_url: str
    sync_interval: timedelta
    lease: timedelta = timedelta(seconds=30)
    """How long a worker that fell silent keeps its connection; every page renews it."""
    retry: timedelta = timedelta(seconds=60)
    memory: Memory = field(default_factory=Memory)
    """Of values that were asked for lately."""
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when this process is asked to stop: whoever reads page by page leaves off after the one in hand."""

    def callback_url(self, provider: str) -> str:
        return f"{self.public_url}/oauth/callback/{provider.lower()}"

    def invitation_url(self, token: str) -> str:
        return f"{self.public_url}/oauth/invitation?token={token}"

    def recovery_url(self, token: str) -> str:
        return f"{self.public_url}/oauth/recovery?token={token}"

    def webhook_url(self, provider: str, app_id: object) -> str:
        return f"{self.public_url}/webhooks/{provider.lower()}/{app_id}"

"""What work on connections needs around it: the database, the keys, the clock, the queue, the providers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

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

    def callback_url(self, provider: str) -> str:
        return f"{self.public_url}/oauth/callback/{provider.lower()}"

    def webhook_url(self, provider: str, app_id: object) -> str:
        return f"{self.public_url}/webhooks/{provider.lower()}/{app_id}"

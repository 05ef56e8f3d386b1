"""Who is asked for the time. Security, leases and retries ask the wall; business dates ask the tenant's clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class ShiftedClock:
    """A clock a fixed distance from another, so that a demo tenant can live on another date."""

    source: Clock
    shift: timedelta

    def now(self) -> datetime:
        return self.source.now() + self.shift


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def wall_now() -> datetime:
    """The wall clock for code that has no clock of its own to ask: column defaults and log lines."""
    return WallClock().now()

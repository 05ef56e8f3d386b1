"""The worker's look at what waits, told by the meters. Only where somebody can read them."""

from domain.connections.backlog import Backlog, look
from domain.connections.house import House
from tenants.examination import waiting_jobs
from tenants.telemetry import meters

EVERY_SECONDS = 15.0


async def tell_backlog(house: House) -> None:
    _tell(await look(house))
    async with house.database.snapshot() as session:
        meters.JOBS_DUE.set(await waiting_jobs(session))
    meters.BACKLOG_LOOKED_AT.set_to_current_time()


def _tell(backlog: Backlog) -> None:
    meters.CONNECTIONS.set(backlog.connections)
    meters.SYNC_LAG.set(backlog.stalest.total_seconds())
    meters.SYNCS_DUE.set(backlog.syncs_due)
    meters.SYNC_LATENESS.set(backlog.sync_lateness.total_seconds())
    meters.SYNCS_RUNNING.set(backlog.runs_open)
    meters.DELIVERIES_WAITING.set(backlog.deliveries)
    meters.DELIVERY_AGE.set(backlog.delivery_age.total_seconds())
    meters.DAYS_DIRTY.set(backlog.days_dirty)
    meters.DIRTY_AGE.set(backlog.dirty_age.total_seconds())

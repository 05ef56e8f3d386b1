"""What is looked at only when somebody reads the meters."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.execution.executor import PlannedExecutor
from tenants.database import Database


@dataclass(frozen=True)
class Pools(Collector):
    database: Database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        connections = GaugeMetricFamily("azimuth_pool_connections", "Of the pool, by state.", labels=("pool", "state"))
        waiting = GaugeMetricFamily("azimuth_pool_waiting", "Who waits for a connection.", labels=("pool",))
        for pool in self.database.pools():
            connections.add_metric((pool.name, "in_use"), pool.in_use)
            connections.add_metric((pool.name, "idle"), pool.idle)
            waiting.add_metric((pool.name,), pool.waiting)
        yield connections
        yield waiting


class Executions(Collector):
    """Fallback: a plan met an error and the library worded it. Stock: there was no plan, as of every mutation."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        executions = CounterMetricFamily("azimuth_executions", "Operations by how they were done.", labels=("way",))
        executions.add_metric(("planned",), PlannedExecutor.plans.planned)
        executions.add_metric(("fallback",), PlannedExecutor.plans.fallbacks)
        executions.add_metric(("stock",), PlannedExecutor.stock)
        yield executions

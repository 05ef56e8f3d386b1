"""Where the meters are read: a listener of its own, never the public one."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from prometheus_client import REGISTRY, disable_created_metrics, start_http_server
from prometheus_client.registry import Collector

from tenants.settings import ConfigurationError, Settings

log = logging.getLogger(__name__)


@contextmanager
def exposed(settings: Settings, collectors: Sequence[Collector] = ()) -> Iterator[None]:
    """Nothing where no port is set. `collectors` are asked when somebody reads. Raises ConfigurationError."""
    if settings.metrics_port is None:
        yield
        return
    # A second series for each counter, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    with ExitStack() as stack:
        for collector in collectors:
            REGISTRY.register(collector)
            stack.callback(REGISTRY.unregister, collector)
        stack.enter_context(_listening(settings.metrics_host, settings.metrics_port))
        yield


@contextmanager
def _listening(host: str, port: int) -> Iterator[None]:
    try:
        server, thread = start_http_server(port, addr=host)
    except OSError as error:
        raise ConfigurationError(
            f"AZIMUTH_METRICS_PORT: cannot listen on {host}:{port} ({error.strerror}); each process needs its own"
        ) from error
    log.info("metrics", extra={"host": host, "port": server.server_port})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

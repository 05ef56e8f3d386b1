"""Where the meters are read: a listener of its own, never the public one."""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, disable_created_metrics, start_http_server
from prometheus_client.registry import Collector

from tenants.settings import ConfigurationError, Settings

log = logging.getLogger(__name__)

MOST_PORTS = 65536


@contextmanager
def exposed(settings: Settings, collectors: Sequence[Collector] = (), *, processes: int = 1) -> Iterator[None]:
    """Nothing where no port is set. `collectors` are asked when somebody reads. Raises ConfigurationError.

    Of a server's `processes` each takes the first port of as many that none of the others has: who replaces one that
    was lost finds its port.
    """
    if settings.metrics_port is None:
        yield
        return
    # A second series for each counter, which nobody reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    with ExitStack() as stack:
        for collector in collectors:
            REGISTRY.register(collector)
            stack.callback(REGISTRY.unregister, collector)
        stack.enter_context(_listening(settings.metrics_host, _ports(settings.metrics_port, processes)))
        yield


def refuse_taken_ports(settings: Settings) -> None:
    """Of all processes of a server, before the first begins. Raises ConfigurationError."""
    if settings.metrics_port is None:
        return
    with ExitStack() as stack:
        for port in _ports(settings.metrics_port, settings.processes):
            stack.enter_context(_bound(settings.metrics_host, port))


def _ports(first: int, processes: int) -> Sequence[int]:
    """With 0 the system chooses, for each process anew."""
    if first + processes > MOST_PORTS:
        raise ConfigurationError(
            f"AZIMUTH_METRICS_PORT: {processes} processes need the ports from {first} to {first + processes - 1}, "
            f"and {MOST_PORTS - 1} is the last"
        )
    return range(first, first + processes) if first else [first]


@contextmanager
def _listening(host: str, ports: Sequence[int]) -> Iterator[None]:
    server, thread = _first_free(host, ports)
    log.info("metrics", extra={"host": host, "port": server.server_port})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _first_free(host: str, ports: Sequence[int]) -> tuple[WSGIServer, Thread]:
    for port in ports[:-1]:
        with suppress(OSError):
            return start_http_server(port, addr=host)
    try:
        return start_http_server(ports[-1], addr=host)
    except OSError as error:
        raise _cannot(host, " to ".join(str(port) for port in sorted({ports[0], ports[-1]})), error) from error


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except OSError as error:
        raise _cannot(host, str(port), error) from error


def _cannot(host: str, port: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"AZIMUTH_METRICS_PORT: cannot listen on {host}:{port} ({error.strerror}); each process needs its own"
    )

"""Several processes behind one socket: uvicorn's supervisor starts them, and another one for each that is lost."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from threading import Thread
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from tenants.settings import ConfigurationError

log = logging.getLogger(__name__)

BACKLOG = 2048
# A process that does not answer its supervisor for so long is lost; one that is starting answers once it can.
ANSWER_SECONDS = 15
# More than a server takes to finish what it was asked.
FAREWELL_SECONDS = 25.0
UNTAKEN_MILLISECONDS = 30_000
STOP = {signal.SIGINT, signal.SIGTERM}


class ProcessDidNotStart(Exception):
    """One of the processes ended before it served, so the next one would, too. Its log says why."""


@dataclass(frozen=True)
class Member:
    """What a process makes its application by. It travels there by pickle."""

    make: Callable[[], ASGIApp]

    def __call__(self) -> ASGIApp:
        end_with_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
        try:
            return self.make()
        except Exception:
            log.exception("no application")
            sys.exit(STARTUP_FAILURE)  # with any other status the supervisor would try again, and for ever


class Supervisor(Multiprocess):
    """Ends when one of its processes cannot start; `broken` tells."""

    def init_processes(self) -> None:
        resource_tracker.ensure_running()  # which lifts every postponement when it begins
        with postponed():
            super().init_processes()
        self._leave_to_them()

    def keep_subprocess_alive(self) -> None:
        with postponed():
            super().keep_subprocess_alive()
        self._leave_to_them()

    def handle_hup(self) -> None:
        """A terminal that is closed ends it, as it ends a server of one process."""
        self.handle_term()

    def handle_ttin(self) -> None:
        """Their number stays as it is: each has a place of its own for its meters."""

    def handle_ttou(self) -> None:
        """As above."""

    def _leave_to_them(self) -> None:
        """Their ends of the pipes: as long as one is open here, the death of its owner is not heard."""
        for process in self.processes:
            process.child_conn.close()

    @property
    def broken(self) -> bool:
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)


@contextmanager
def postponed() -> Iterator[None]:
    """What stops a server comes afterwards; to a process that is started within, when it can end in order."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve_together(
    make: Callable[[], ASGIApp], sockets: Sequence[socket.socket], *, processes: int, **options: Any
) -> None:
    """Until it is told to stop. `make` is picklable, `options` are uvicorn's. Raises ProcessDidNotStart."""
    config = uvicorn.Config(
        Member(make), factory=True, workers=processes, timeout_worker_healthcheck=ANSWER_SECONDS, **options
    )
    supervisor = Supervisor(config, list(sockets))
    supervisor.run()
    if supervisor.broken:
        raise ProcessDidNotStart("A process of this server did not start, and its log says why: all were ended.")


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """On every address of the host, and at once: a port that was only bound might become another's.

    Raises ConfigurationError.
    """
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [stack.enter_context(_listen(family, address)) for family, *_, address in dict.fromkeys(found)]
        except OSError as error:
            raise ConfigurationError(f"AZIMUTH_PORT: cannot listen on {host}:{port} ({error.strerror})") from error
        yield sockets


def _listen(family: int, address: Any) -> socket.socket:
    # TCP is named, because only then does every event loop send small answers at once.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Inherited by what is accepted: what somebody does not take, and was given up for, is not kept for hours.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MILLISECONDS)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def end_with_parent() -> None:
    """However the parent ended: a kill -9 leaves nobody behind. What was asked is finished first."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this process was not started by a supervisor"
    Thread(target=_outlive, args=(parent.join,), name="parent", daemon=True).start()


def _outlive(ended: Callable[[], None]) -> None:
    ended()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(FAREWELL_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)

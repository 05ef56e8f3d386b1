"""The small process between PostgreSQL and those who use it: `python -m tenants.postgres.supervisor ORDER`.

Every user of a cluster holds a connection to the supervisor's control socket; the kernel closes it when the user ends,
even by kill -9. With the last one gone, and a short grace over, the server is stopped. The supervisor belongs to no
user: it has a session of its own, so neither Ctrl-C at a terminal nor the end of the process that started it reaches
the others' database. If it is killed itself the kernel ends the server; if the server is killed it is started again.

On a connection it sends one line, a JSON object with "state": "ready", "claimed" (another supervisor is at work: try
to attach again) or "failed". A user may send "release" to leave at once, without the grace.

It imports the standard library and its neighbours only, all of it before root's privileges are dropped: the account it
runs under afterwards may be unable to read the interpreter's own files.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tenants.postgres import account as accounts
from tenants.postgres import layout as layouts
from tenants.postgres.binaries import Binaries, reachable_by
from tenants.postgres.errors import DiskFull, EmbeddedPostgresError
from tenants.postgres.layout import AlreadyClaimed, Layout
from tenants.postgres.postmaster import Postmaster, initialize
from tenants.postgres.serverlog import ServerLog

RELEASE = b"release\n"
# A server that keeps dying is broken, not unlucky.
MOST_DEATHS = 10
DEATHS_WITHIN = 60.0


@dataclass(frozen=True)
class Order:
    """What the process that starts a supervisor wants; it travels as JSON on the command line."""

    data_dir: str
    binaries: str
    release: str
    hold: int
    durable: bool
    grace: float
    min_free_bytes: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Supervisor:
    def __init__(self, control: socket.socket, postmaster: Postmaster, log: ServerLog, order: Order) -> None:
        self._control = control
        self._postmaster = postmaster
        self._log = log
        self._order = order
        self._users: set[socket.socket] = set()
        self._idle_since = time.monotonic()
        self._ending = False
        self._deaths: list[float] = []
        self._selector = selectors.DefaultSelector()
        self._wakeup, signalled = socket.socketpair()
        for end in (self._wakeup, signalled):
            end.setblocking(False)
        signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
        self._signalled = signalled

    def run(self, first_user: socket.socket) -> None:
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._on_signal)
        self._selector.register(self._control, selectors.EVENT_READ, self._on_arrival)
        self._selector.register(self._postmaster.output, selectors.EVENT_READ, self._on_output)
        self._control.listen(64)
        self._welcome(first_user)
        while not self._is_over():
            for key, _ in self._selector.select(self._patience()):
                key.data(key.fileobj)
            if not self._postmaster.is_running():
                self._revive()

    def _is_over(self) -> bool:
        return self._ending or (not self._users and self._patience() == 0)

    def _patience(self) -> float | None:
        if self._users:
            return None
        return max(0.0, self._idle_since + self._order.grace - time.monotonic())

    def _welcome(self, user: socket.socket) -> None:
        ready = {"state": "ready", "durable": self._order.durable, "pid": os.getpid()}
        if reply(user, ready):
            self._users.add(user)
            self._selector.register(user, selectors.EVENT_READ, self._on_word)
        else:
            user.close()

    def _on_arrival(self, _: object) -> None:
        self._welcome(self._control.accept()[0])

    def _on_word(self, user: socket.socket) -> None:
        try:
            word = user.recv(64)
        except OSError:
            word = b""
        if word == RELEASE and self._users == {user}:
            # Left open: its end, at the end of this process, tells the user that everything is over.
            self._ending = True
            return
        self._selector.unregister(user)
        self._users.discard(user)
        user.close()
        self._idle_since = time.monotonic()

    def _on_signal(self, _: object) -> None:
        numbers = self._wakeup.recv(64)
        self._ending = self._ending or signal.SIGTERM in numbers or signal.SIGINT in numbers

    def _on_output(self, descriptor: int) -> None:
        if not self._postmaster.pump():
            self._selector.unregister(descriptor)

    def _revive(self) -> None:
        """Somebody killed the postmaster: what was committed is recovered, and the users find it in its old place."""
        with suppress(KeyError):
            self._selector.unregister(self._postmaster.output)
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if death > now - DEATHS_WITHIN] + [now]
        if len(self._deaths) > MOST_DEATHS:
            self._log.note(f"the server ended {MOST_DEATHS} times within {DEATHS_WITHIN:.0f} s: giving up")
            self._ending = True
            return
        self._log.note("the server ended: starting it again")
        self._postmaster.start()
        self._selector.register(self._postmaster.output, selectors.EVENT_READ, self._on_output)


def reply(user: socket.socket, message: dict[str, object]) -> bool:
    try:
        user.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        return False
    return True


def prepare(order: Order) -> tuple[Layout, Binaries]:
    """Everything root is needed for, and then root no more."""
    os.umask(0o022)  # what root makes on the way to the directory stays passable
    asked = Path(order.data_dir)
    account = accounts.account_for(asked)
    Layout(asked).refuse_foreign(account)
    layout = layouts.within_reach(asked, account)
    layout.create(account)
    binaries = reachable_by(account, Binaries(Path(order.binaries), order.release), shelter=layouts.SHELTER)
    accounts.become(account)
    os.umask(0o077)
    return layout, binaries


def make_cluster(layout: Layout, binaries: Binaries, order: Order) -> None:
    disk = os.statvfs(layout.home)
    free = disk.f_bavail * disk.f_frsize
    if free < order.min_free_bytes:
        raise DiskFull(
            f"a new database needs {order.min_free_bytes >> 20} MB and the disk of {layout.home} has {free >> 20} MB "
            "free: make room or choose another place for the database"
        )
    layout.password.write_text(secrets.token_urlsafe(24))
    initialize(layout, binaries, durable=order.durable)


def supervise(order: Order, first_user: socket.socket) -> None:
    layout, binaries = prepare(order)
    claim = layout.claim()  # held until the process ends
    if not layout.pgdata.exists():
        make_cluster(layout, binaries, order)
    layout.refuse_version(binaries.major)
    log = ServerLog(layout.log)
    socket_dir, control = layouts.open_sockets(layout)
    postmaster = Postmaster(layout, binaries, socket_dir, log, durable=order.durable)
    try:
        supervisor = Supervisor(control, postmaster, log, order)
        postmaster.start()
        layout.announce(socket_dir)
        supervisor.run(first_user)
    except Exception:
        log.note(traceback.format_exc())
        raise
    finally:
        control.close()
        postmaster.stop()
        layouts.remove_sockets(layout, socket_dir)
        os.close(claim)


def detach() -> None:
    """Leave the caller's family and terminal: nobody has to reap us, Ctrl-C does not reach us."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    # With a handler, even an empty one, a signal shows up on the wake-up descriptor.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    first_user = socket.socket(fileno=order.hold)
    detach()
    try:
        supervise(order, first_user)
    except AlreadyClaimed:
        reply(first_user, {"state": "claimed"})
    except EmbeddedPostgresError as error:
        reply(first_user, {"state": "failed", "error": type(error).__name__, "message": str(error)})
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        reply(first_user, {"state": "failed", "error": "StartFailed", "message": message})


if __name__ == "__main__":
    main()

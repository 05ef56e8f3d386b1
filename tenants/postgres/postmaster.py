"""The PostgreSQL child: made by initdb once, started, watched, stopped."""

from __future__ import annotations

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tenants.postgres.binaries import Binaries
from tenants.postgres.errors import DiskFull, EmbeddedPostgresError, StartFailed
from tenants.postgres.layout import PORT, Layout
from tenants.postgres.serverlog import NO_SPACE, ServerLog

SUPERUSER = "postgres"
# Fast, immediate, and the kernel's own.
STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# Recovery after a crash may be long; whoever waits has a patience of their own.
START_PATIENCE = 600.0
# Backends of a killed postmaster notice its death by themselves, but not at once.
LEFTOVER_PATIENCE = 10.0
LEFTOVERS = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
# Nothing of ours leaks in: PGDATA, PGPORT and their kin would change what the server does.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "cluster_name": "azimuth",
}
# For clusters whose loss costs nothing. A killed process loses nothing even so; a lost kernel loses the cluster.
EXPENDABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

PR_SET_PDEATHSIG = 1
# Loaded before privileges are dropped and before any fork.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """A hook for the child between fork and exec: the kernel sends it `number` when its parent is gone.

    The setting hangs on the parent's thread and is cleared by a change of account, so the supervisor has one thread
    and has dropped its privileges before. Elsewhere than on Linux only an orderly end of the supervisor ends it.
    """
    parent = os.getpid()

    def hook() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return hook


def initialize(layout: Layout, binaries: Binaries, *, durable: bool) -> None:
    """initdb beside the final place and a rename: a cluster is there whole or not at all."""
    draft = layout.pgdata.with_name("pgdata.new")
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        str(binaries.path("initdb")),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        f"--pwfile={layout.password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
    ]
    made = subprocess.run(  # noqa: S603 - our own program and arguments
        command if durable else [*command, "--no-sync"],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent(signal.SIGKILL),
        check=False,
    )
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise failure(layout.home, made.stdout.decode(errors="replace").strip())
    draft.rename(layout.pgdata)


def failure(home: Path, output: str) -> EmbeddedPostgresError:
    if NO_SPACE in output:
        return DiskFull(f"the disk of {home} is full: make room or choose another place for the database\n{output}")
    return StartFailed(f"PostgreSQL did not start in {home}\n{output}")


class Postmaster:
    def __init__(self, layout: Layout, binaries: Binaries, socket_dir: Path, log: ServerLog, *, durable: bool) -> None:
        self._layout = layout
        self._log = log
        settings = SETTINGS | {"unix_socket_directories": str(socket_dir)} | ({} if durable else EXPENDABLE)
        self._command = [str(binaries.path("postgres")), "-D", str(layout.pgdata)]
        self._command += [f"--{name}={value}" for name, value in settings.items()]
        self._process: subprocess.Popen[bytes] | None = None
        self._output = -1

    @property
    def output(self) -> int:
        """The descriptor the server writes its log to, for whoever waits on several things."""
        return self._output

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Return when connections are accepted; a crash before this one is recovered from first."""
        self._end_orphan()
        patience = time.monotonic() + LEFTOVER_PATIENCE
        while True:
            self._log.begin()
            self._spawn()
            if self._becomes_ready():
                return
            reason = self._log.tail()
            if time.monotonic() > patience or not any(sign in reason for sign in LEFTOVERS):
                raise failure(self._layout.home, reason)
            time.sleep(0.1)

    def stop(self) -> None:
        for number, patience in STOP:
            if not self.is_running():
                break
            os.kill(self.pid, number)
            self._pump_until(lambda: not self.is_running(), patience)
        self._close_output()

    def pump(self) -> bool:
        """Take what the server has written, when there is something; False at the end of it."""
        text = os.read(self._output, 65536)
        self._log.write(text)
        return bool(text)

    def _spawn(self) -> None:
        self._close_output()
        self._output, server_end = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program and arguments
                self._command,
                env=ENVIRONMENT,
                cwd=self._layout.pgdata,
                stdin=subprocess.DEVNULL,
                stdout=server_end,
                stderr=server_end,
                preexec_fn=die_with_parent(signal.SIGINT),
            )
        finally:
            os.close(server_end)

    def _becomes_ready(self) -> bool:
        self._pump_until(lambda: not self.is_running() or self._status() == "ready", START_PATIENCE)
        if self.is_running() and self._status() == "ready":
            return True
        self.stop()
        return False

    def _status(self) -> str:
        """The word the postmaster keeps in its pid file, as pg_ctl reads it."""
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 and lines[0] == str(self.pid) else ""

    def _pid_file(self) -> list[str]:
        try:
            return (self._layout.pgdata / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _pump_until(self, done: Callable[[], bool], patience: float) -> None:
        """The pipe is emptied while we wait: a full one would block the server on its way."""
        deadline = time.monotonic() + patience
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            more = True
            while not done() and time.monotonic() < deadline:
                if more and selector.select(0.01):
                    more = self.pump()
                elif not more:
                    time.sleep(0.01)
            while more and selector.select(0):
                more = self.pump()

    def _close_output(self) -> None:
        if self._output >= 0:
            os.close(self._output)
            self._output = -1

    def _end_orphan(self) -> None:
        """A postmaster whose supervisor was killed is already on its way out; wait, then insist."""
        lines = self._pid_file()
        if not lines or not _runs_in(int(lines[0]), self._layout.pgdata):
            return
        orphan = int(lines[0])
        self._log.note(f"waiting for the server a killed supervisor left behind, pid {orphan}")
        for number, patience in STOP:
            os.kill(orphan, number)
            deadline = time.monotonic() + patience
            while _runs_in(orphan, self._layout.pgdata):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return


def _runs_in(pid: int, pgdata: Path) -> bool:
    """A number in an old pid file may be anybody's by now; a postmaster's working directory is its cluster."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(pgdata)
    except OSError:
        return False

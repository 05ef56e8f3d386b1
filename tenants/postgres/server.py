"""A PostgreSQL of our own, from a wheel, for those who configured none.

`ensure_running` starts it or joins the one that runs; it lives as long as any process that called.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tenants.postgres.binaries import Binaries, locate
from tenants.postgres.errors import EmbeddedPostgresError, NotDurable, StartFailed, from_name
from tenants.postgres.layout import CONTROL_SOCKET, PORT, Layout, of_another
from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.supervisor import RELEASE, Order

# A fresh cluster with its first write-ahead log takes 40 MB; the rest is room to work in.
MIN_FREE_BYTES = 256 << 20
RETRY = 0.03
SOURCE = Path(__file__).parents[2]


@dataclass
class EmbeddedServer:
    """A hold on a running server. It ends with `stop()` or with this process, never by garbage collection."""

    data_dir: Path
    socket_dir: Path
    password: str = field(repr=False)
    durable: bool
    supervisor_pid: int
    binaries: Binaries
    _hold: int = field(repr=False)

    @property
    def port(self) -> int:
        return PORT

    @property
    def superuser_dsn(self) -> str:
        return self.dsn(SUPERUSER, self.password, "postgres")

    def dsn(self, role: str, password: str, database: str) -> str:
        """A libpq URL; asyncpg and SQLAlchemy (with its driver put in front) read the same."""
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@/{quote(database, safe='')}?host={host}"

    def stop(self) -> None:
        """Let go. The last one to do so stops the server and returns when it is down and the directory free."""
        if self._hold < 0:
            return
        with socket.socket(fileno=self._hold) as hold:
            self._hold = -1
            hold.settimeout(60)
            try:
                hold.sendall(RELEASE)
                while hold.recv(64):
                    pass
            except OSError:
                return  # the supervisor is gone already

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def ensure_running(
    data_dir: Path,
    *,
    durable: bool = True,
    grace: float = 1.0,
    timeout: float = 60.0,
    min_free_bytes: int = MIN_FREE_BYTES,
) -> EmbeddedServer:
    """Start the cluster in `data_dir`, making it first if need be, or attach to it where it runs.

    `grace` is how many seconds the server outlives its last user. `durable=False` gives up fsync: for clusters whose
    loss costs nothing. Raises one of `tenants.postgres.errors`.
    """
    binaries = locate()
    data_dir = Path(os.path.abspath(data_dir))
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        hold = _attach(data_dir) or _launch(data_dir, binaries, durable, grace, min_free_bytes)
        answer = _answer(hold, deadline)
        if answer.get("state") == "ready":
            return _server(data_dir, binaries, hold, answer, durable)
        hold.close()
        if answer.get("state") == "failed":
            raise from_name(answer["error"], answer["message"])
        time.sleep(RETRY)  # another process is starting or stopping it
    raise StartFailed(f"PostgreSQL in {data_dir} was not ready after {timeout:.0f} s: see {data_dir / 'server.log'}")


@contextmanager
def throwaway(*, durable: bool = False) -> Iterator[EmbeddedServer]:
    """A server in a directory of its own, both gone at the end: for tests and measurements."""
    place = Path(tempfile.mkdtemp(prefix="azimuth-"))
    place.chmod(0o711)  # the server's account passes
    data_dir = place / "postgres"
    try:
        with ensure_running(data_dir, durable=durable) as server:
            yield server
    finally:
        shutil.rmtree(data_dir.resolve(), ignore_errors=True)
        shutil.rmtree(place, ignore_errors=True)


def _attach(data_dir: Path) -> socket.socket | None:
    try:
        owner = data_dir.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise of_another(data_dir, owner)
        socket_dir = Layout(data_dir).announced_sockets()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise EmbeddedPostgresError(f"{data_dir} cannot be read: {error.strerror}") from error
    if socket_dir is None:
        return None
    hold = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        hold.connect(str(socket_dir / CONTROL_SOCKET))
    except (FileNotFoundError, ConnectionRefusedError):
        hold.close()
        return None
    return hold


def _launch(data_dir: Path, binaries: Binaries, durable: bool, grace: float, min_free_bytes: int) -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        order = Order(
            str(data_dir), str(binaries.root), binaries.release, theirs.fileno(), durable, grace, min_free_bytes
        )
        # -S: the supervisor needs nothing from site-packages, and starts faster without.
        launched = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-S", "-m", "tenants.postgres.supervisor", order.to_json()],
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            check=False,
        )
    if launched.returncode != 0:
        ours.close()
        raise StartFailed(f"the supervisor of {data_dir} ended with status {launched.returncode} before it began")
    return ours


def _answer(hold: socket.socket, deadline: float) -> dict[str, Any]:
    """The supervisor's line, or nothing where it ended before it could say one."""
    line = b""
    try:
        while not line.endswith(b"\n"):
            hold.settimeout(max(0.01, deadline - time.monotonic()))
            more = hold.recv(4096)
            if not more:
                return {}
            line += more
    except (TimeoutError, ConnectionResetError):
        return {}
    answer: dict[str, Any] = json.loads(line)
    return answer


def _server(
    data_dir: Path, binaries: Binaries, hold: socket.socket, answer: dict[str, Any], durable: bool
) -> EmbeddedServer:
    layout = Layout(data_dir)
    socket_dir = layout.announced_sockets()
    if durable and not answer["durable"]:
        hold.close()
        raise NotDurable(f"the server in {data_dir} was started without fsync, by a process that still uses it")
    if socket_dir is None:
        hold.close()
        raise StartFailed(f"the server in {data_dir} ended as soon as it had started: see {layout.log}")
    return EmbeddedServer(
        data_dir, socket_dir, layout.password.read_text(), answer["durable"], answer["pid"], binaries, hold.detach()
    )

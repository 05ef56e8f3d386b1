"""The data directory: what lies where in it, whose it is, and who holds it.

azimuth-postgres        empty; says that the directory is ours, and is the lock of the one supervisor
pgdata/                 the cluster
superuser-password      mode 0600
running.json            where the running server's sockets are; gone when it stops
run/                    those sockets, unless the path is too long for them
server.log, server.log.1
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tenants.postgres.account import Account, is_passable
from tenants.postgres.errors import DirectoryOfAnother, DirectoryUnreachable, ForeignDirectory, WrongServerVersion

MARK = "azimuth-postgres"
PORT = 5432  # names the socket file only: nothing listens on TCP
CONTROL_SOCKET = "supervisor.sock"
# sockaddr_un holds 108 bytes with the closing zero on Linux, 104 on macOS; the server's socket has the longest name
# because PostgreSQL adds a lock file to it.
LONGEST_SOCKET_PATH = 103 - len(".lock")
# Only root needs it, and only when the directory asked for lies where the server's account cannot go.
SHELTER = Path("/var/lib/azimuth")


class AlreadyClaimed(Exception):
    """Another supervisor holds the directory."""


@dataclass(frozen=True)
class Layout:
    home: Path

    @property
    def mark(self) -> Path:
        return self.home / MARK

    @property
    def pgdata(self) -> Path:
        return self.home / "pgdata"

    @property
    def password(self) -> Path:
        return self.home / "superuser-password"

    @property
    def running(self) -> Path:
        return self.home / "running.json"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def refuse_foreign(self, account: Account) -> None:
        if not self.home.exists():
            return
        if not self.home.is_dir():
            raise ForeignDirectory(f"{self.home} is not a directory: choose another place for the database")
        owner = self.home.stat().st_uid
        if owner not in (account.uid, os.geteuid()):
            raise of_another(self.home, owner)
        if any(self.home.iterdir()) and not self.mark.exists():
            raise ForeignDirectory(
                f"{self.home} is not empty and was not made by this program: choose another place for the database"
            )

    def refuse_version(self, major: str) -> None:
        found = (self.pgdata / "PG_VERSION").read_text().strip()
        if found != major:
            raise WrongServerVersion(
                f"{self.home} was made by PostgreSQL {found}, this program brings {major}: "
                f"dump it with version {found} and load it into a new directory"
            )

    def create(self, account: Account) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.home.stat().st_uid != account.uid:
            os.chown(self.home, account.uid, account.gid)

    def claim(self) -> int:
        """Hold the directory until the descriptor is closed or the process ends, however it ends."""
        descriptor = os.open(self.mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyClaimed from None
        return descriptor

    def announce(self, socket_dir: Path) -> None:
        draft = self.running.with_suffix(".new")
        draft.write_text(json.dumps({"socket_dir": str(socket_dir)}))
        draft.rename(self.running)

    def announced_sockets(self) -> Path | None:
        try:
            return Path(json.loads(self.running.read_text())["socket_dir"])
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None


def of_another(directory: Path, owner: int) -> DirectoryOfAnother:
    return DirectoryOfAnother(
        f"{directory} belongs to uid {owner} and you are uid {os.geteuid()}: "
        "run as its owner, or choose another place for the database"
    )


def within_reach(data_dir: Path, account: Account) -> Layout:
    """The layout at `data_dir`, or behind a link to a place the account can get to when it cannot get there."""
    if data_dir.is_symlink() and not data_dir.exists():
        raise DirectoryUnreachable(
            f"{data_dir} led to {data_dir.readlink()}, which is gone: remove the link to begin with an empty database"
        )
    home = data_dir.resolve()
    if account.uid == os.geteuid() or is_passable(home.parent, account):
        return Layout(home)
    if home.is_dir() and any(home.iterdir()):
        raise DirectoryUnreachable(
            f"uid {account.uid}, under which PostgreSQL runs, cannot get to {home}: "
            "allow it to pass the directories above, or choose another place for the database"
        )
    shelter = SHELTER / "clusters" / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    shelter.parent.mkdir(parents=True, exist_ok=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    if home.is_dir():
        home.rmdir()
    shelter.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):  # another process was first
        home.symlink_to(shelter)
    return Layout(shelter)


def open_sockets(layout: Layout) -> tuple[Path, socket.socket]:
    """A directory for the sockets and, bound in it, the control socket.

    Long paths and file systems without sockets (some shared folders of virtual machines) send it to a private
    directory with an unpredictable name."""
    _forget_old_sockets(layout)
    beside = layout.home / "run"
    if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        beside.mkdir(mode=0o700, exist_ok=True)
        try:
            return beside, _bind(beside)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
    away = Path(tempfile.mkdtemp(prefix="azimuth-", dir=_short_directory()))
    return away, _bind(away)


def remove_sockets(layout: Layout, socket_dir: Path) -> None:
    layout.running.unlink(missing_ok=True)
    shutil.rmtree(socket_dir, ignore_errors=True)


def _forget_old_sockets(layout: Layout) -> None:
    old = layout.announced_sockets()
    if old and old.is_dir() and old.stat().st_uid == os.geteuid():
        remove_sockets(layout, old)


def _short_directory() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = runtime and len(runtime) < 60 and os.access(runtime, os.W_OK | os.X_OK)
    return Path(runtime) if usable else Path("/tmp")  # noqa: S108 - mkdtemp makes the private directory in it


def _bind(directory: Path) -> socket.socket:
    path = directory / CONTROL_SOCKET
    path.unlink(missing_ok=True)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        control.bind(str(path))
    except OSError:
        control.close()
        raise
    return control

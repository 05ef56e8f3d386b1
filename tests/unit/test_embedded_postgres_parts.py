"""The parts of the embedded server that need no server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tenants.postgres import errors
from tenants.postgres.binaries import locate
from tenants.postgres.errors import DiskFull, StartFailed
from tenants.postgres.layout import AlreadyClaimed, Layout
from tenants.postgres.postmaster import failure
from tenants.postgres.serverlog import TAIL_LINES, ServerLog


def test_the_log_keeps_within_its_bounds_and_loses_nothing_recent(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log", largest=1000)
    for number in range(200):
        log.write(f"line {number:04d}\n".encode())
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["server.log", "server.log.1"]
    assert all(path.stat().st_size < 1100 for path in files)
    kept = (files[1].read_text() + files[0].read_text()).splitlines()
    assert kept == [f"line {number:04d}" for number in range(200 - len(kept), 200)]
    assert len(kept) >= 100


def test_the_tail_is_of_this_start_and_has_the_line_that_was_not_finished(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "server.log")
    log.write(b"of the start before\n")
    log.begin()
    log.write(b"".join(b"line %d\n" % number for number in range(30)))
    log.write(b"FATAL: cut")
    log.write(b" off")
    log.close()
    lines = log.tail().splitlines()
    assert len(lines) == TAIL_LINES + 1
    assert lines[0] == f"line {30 - TAIL_LINES}"
    assert lines[-1] == "FATAL: cut off"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("FATAL: could not write: No space left on device", DiskFull),
        ("FATAL: data directory has invalid permissions", StartFailed),
    ],
)
def test_a_failure_names_its_cause_the_place_and_what_was_said(said: str, kind: type[Exception]) -> None:
    error = failure(Path("/somewhere"), said)
    assert type(error) is kind
    assert "/somewhere" in str(error)
    assert said in str(error)


@pytest.mark.parametrize("kind", errors.EmbeddedPostgresError.__subclasses__())
def test_an_error_crosses_the_process_border(kind: type[errors.EmbeddedPostgresError]) -> None:
    assert type(errors.from_name(kind.__name__, "why")) is kind


def test_an_error_of_a_newer_supervisor_is_still_an_error() -> None:
    error = errors.from_name("SomethingNew", "why")
    assert isinstance(error, StartFailed)
    assert str(error) == "why"


def test_a_directory_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    claim = Layout(tmp_path).claim()
    with pytest.raises(AlreadyClaimed):
        Layout(tmp_path).claim()
    os.close(claim)
    os.close(Layout(tmp_path).claim())


def test_a_half_written_announcement_is_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.announced_sockets() is None
    layout.running.write_text('{"socket_dir": "/tm')
    assert layout.announced_sockets() is None
    layout.announce(Path("/tmp/there"))
    assert layout.announced_sockets() == Path("/tmp/there")


@pytest.mark.parametrize("program", ["postgres", "initdb", "psql", "pg_dump", "pg_restore", "pgbench"])
def test_the_wheel_has_the_programs_the_project_calls(program: str) -> None:
    assert locate().path(program).is_file()

"""The `roles` step of docker-compose.yml, run as it stands against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import yaml

from tenants.postgres.postmaster import SUPERUSER
from tenants.postgres.server import EmbeddedServer, throwaway

ROOT = Path(__file__).parents[2]
PASSWORDS = {"MIGRATOR_PASSWORD": "m'1", "APPLICATION_PASSWORD": "a2", "BENCHMARK_PASSWORD": "b3"}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with throwaway() as server:
        yield server


@pytest.fixture
def programs(tmp_path: Path, server: EmbeddedServer) -> Path:
    """A directory with what the image has on its path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "psql").symlink_to(server.binaries.path("psql"))
    azimuth = folder / "azimuth"
    azimuth.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m api.cli "$@"\n')
    azimuth.chmod(0o755)
    return folder


def run_step(server: EmbeddedServer, programs: Path) -> subprocess.CompletedProcess[str]:
    roles = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["roles"]
    command = [part.replace("$$", "$") for part in roles["command"]]
    plain = {name: value for name, value in roles["environment"].items() if "$" not in value}
    settings = {
        "AZIMUTH_PUBLIC_URL": "https://api.example.com",
        "AZIMUTH_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DATABASE_URL": "postgresql://azimuth_app:a2@postgres:5432/azimuth",
    }
    ours = {"PGHOST": str(server.socket_dir), "PGUSER": SUPERUSER, "PGPASSWORD": server.password}
    path = {"PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(programs)}
    return subprocess.run(
        command, env=plain | settings | ours | PASSWORDS | path, capture_output=True, text=True, check=False
    )


async def sign_in(server: EmbeddedServer, role: str, password: str) -> str:
    connection = await asyncpg.connect(server.dsn(role, password, "azimuth"), timeout=5)
    try:
        name: str = await connection.fetchval("SELECT current_user")
        return name
    finally:
        await connection.close()


async def test_the_roles_can_sign_in_with_their_passwords_and_the_step_may_run_again(
    server: EmbeddedServer, programs: Path
) -> None:
    connection = await asyncpg.connect(server.superuser_dsn)
    await connection.execute("CREATE DATABASE azimuth")
    for _ in range(2):
        ended = run_step(server, programs)
        assert (ended.returncode, ended.stderr) == (0, "")
    for role, variable in (("migrator", "MIGRATOR"), ("app", "APPLICATION"), ("benchmark", "BENCHMARK")):
        assert await sign_in(server, f"azimuth_{role}", PASSWORDS[f"{variable}_PASSWORD"]) == f"azimuth_{role}"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await sign_in(server, "azimuth_app", PASSWORDS["MIGRATOR_PASSWORD"])
    bypass = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'azimuth_app'"
    assert await connection.fetchval(bypass) is False
    await connection.close()

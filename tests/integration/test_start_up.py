"""What the program refuses to start with, and what it tells the operator."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.demo.processes import Program, free_port, running, until_ready
from tenants.database import Database, UnsafeRole, refuse_unsafe_role
from tenants.embedded import DatabaseUrls, provision
from tenants.postgres.server import EmbeddedServer

LONG = pytest.mark.long


async def refusal(url: str) -> str | None:
    database = Database(url, pool_size=1)
    try:
        async with database.snapshot() as session:
            await refuse_unsafe_role(session)
    except UnsafeRole as refused:
        return str(refused)
    finally:
        await database.close()
    return None


async def test_the_application_role_is_bound_by_the_policies(database_urls: DatabaseUrls) -> None:
    assert await refusal(database_urls.application) is None


async def test_a_superuser_is_refused(cluster: EmbeddedServer, database_urls: DatabaseUrls) -> None:
    words = await refusal(cluster.dsn("postgres", cluster.password, "azimuth_test"))
    assert words is not None
    assert "is a superuser" in words
    assert "azimuth migrate --print-roles" in words


async def test_who_bypasses_the_policies_or_belongs_to_the_owner_is_refused(database_urls: DatabaseUrls) -> None:
    words = await refusal(database_urls.migration)
    assert words is not None
    assert "has BYPASSRLS" in words
    assert "belongs to the owner" in words


def azimuth(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_server_that_would_bypass_the_policies_does_not_start(
    command: str, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    ended = azimuth(command, DATABASE_URL=database_urls.migration, AZIMUTH_STATE_DIR=str(tmp_path))
    assert ended.returncode == 2
    assert "BYPASSRLS" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "password" not in ended.stderr.lower()


def test_production_without_a_database_does_not_start() -> None:
    ended = azimuth("serve", AZIMUTH_ENV="production")
    assert ended.returncode == 2
    assert "DATABASE_URL and AZIMUTH_MASTER_KEY must be set" in ended.stderr


def test_a_bad_setting_is_told_in_a_line() -> None:
    ended = azimuth("doctor", AZIMUTH_PORT="eighty")
    assert ended.returncode == 2
    assert ended.stderr.startswith("AZIMUTH_PORT: ")
    assert "Traceback" not in ended.stderr


def test_the_doctor_finds_nothing_wrong_with_a_migrated_database(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    ended = azimuth("doctor", DATABASE_URL=database_urls.application, AZIMUTH_STATE_DIR=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "FAIL" not in ended.stderr


async def test_the_doctor_finds_a_schema_that_is_missing(
    cluster: EmbeddedServer, role_passwords: Path, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    empty = await provision(cluster, "azimuth_empty", role_passwords)
    ended = await asyncio.to_thread(azimuth, "doctor", DATABASE_URL=empty.application, AZIMUTH_STATE_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert "FAIL  schema         at nothing" in ended.stderr
    assert "azimuth migrate" in ended.stderr


@pytest.mark.parametrize("command", ["doctor", *(pytest.param(each, marks=LONG) for each in ("serve", "worker"))])
def test_another_master_key_is_found_at_once(command: str, database_urls: DatabaseUrls, tmp_path: Path) -> None:
    keys = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
    surroundings = {"DATABASE_URL": database_urls.application, "AZIMUTH_STATE_DIR": str(tmp_path)}
    assert azimuth("doctor", AZIMUTH_MASTER_KEY=keys[0], **surroundings).returncode == 0
    ended = azimuth(command, AZIMUTH_MASTER_KEY=keys[1], **surroundings)
    assert ended.returncode == (1 if command == "doctor" else 2)
    assert "AZIMUTH_MASTER_KEY does not open the key ring" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["serve", *(pytest.param(each, marks=LONG) for each in ("worker", "doctor"))])
def test_a_database_that_refuses_is_told_in_a_line(command: str, database_urls: DatabaseUrls, tmp_path: Path) -> None:
    application = database_urls.application
    wrong = application.replace(application.split(":")[2].split("@")[0], "hunter2")
    gone = "postgresql://azimuth_app:hunter2@127.0.0.1:1/azimuth"
    for url in (wrong, gone):
        ended = azimuth(command, DATABASE_URL=url, AZIMUTH_STATE_DIR=str(tmp_path))
        assert ended.returncode == (1 if command == "doctor" else 2)
        assert "The database of DATABASE_URL" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert "hunter2" not in ended.stderr


async def test_the_migrators_address_is_enough_to_migrate(
    cluster: EmbeddedServer, role_passwords: Path, tmp_path: Path
) -> None:
    urls = await provision(cluster, "azimuth_migrated_alone", role_passwords)
    surroundings = {"MIGRATION_DATABASE_URL": urls.migration, "AZIMUTH_STATE_DIR": str(tmp_path / "state")}
    ended = await asyncio.to_thread(azimuth, "migrate", **surroundings)
    assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "state").exists(), "no embedded server was wanted"
    assert (await asyncio.to_thread(azimuth, "migrate", "--check", **surroundings)).returncode == 0


def test_the_applications_role_does_not_migrate(database_urls: DatabaseUrls, tmp_path: Path) -> None:
    ended = azimuth("migrate", DATABASE_URL=database_urls.application, AZIMUTH_STATE_DIR=str(tmp_path))
    assert ended.returncode == 2
    assert "MIGRATION_DATABASE_URL must be set" in ended.stderr


async def test_the_server_takes_what_start_up_made_out_of_every_later_collection(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "serve.log"
    surroundings = {"DATABASE_URL": database_urls.application, "AZIMUTH_STATE_DIR": str(tmp_path)}
    program = Program("serve", ("api.cli", "serve", "--port", str(port)), surroundings, log)
    async with running([program]):
        await until_ready(program, f"http://127.0.0.1:{port}/readyz")
    settled = [json.loads(line) for line in log.read_text().splitlines() if "memory settled" in line]
    assert len(settled) == 1
    assert settled[0]["objects"] > 100_000, "the schema was not among them"
    assert settled[0]["threshold"] >= 10_000


@pytest.mark.parametrize(
    "command",
    [
        "admin",
        *(
            pytest.param(each, marks=LONG)
            for each in ("serve", "worker", "migrate", "sandbox", "demo", "doctor", "schema")
        ),
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    ended = azimuth(command, "--help")
    assert ended.returncode == 0
    assert "usage:" in ended.stdout.lower()

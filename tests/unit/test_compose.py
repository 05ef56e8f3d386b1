"""docker-compose.yml against the program it starts: commands, options, settings, dependencies, secrets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from tenants.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(SOURCE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "azimuth"}
LONG_RUNNING = {name: service for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
EXAMPLES = {
    "AZIMUTH_PUBLIC_URL": "https://api.example.com",
    "AZIMUTH_MASTER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


def interpolate(text: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found["kind"] == "-":
            return found["rest"]
        return EXAMPLES.get(found["name"], "0123abcd")

    return VARIABLE.sub(value, text)


def azimuth_calls(command: list[str]) -> list[list[str]]:
    """The arguments of each call of `azimuth`, direct or in a shell script."""
    if command[0] == "azimuth":
        return [command[1:]]
    lines = command[-1].splitlines() if command[0] == "sh" else []
    return [shlex.split(line.partition(">")[0])[1:] for line in lines if line.startswith("azimuth ")]


CALLS = [
    pytest.param(call, id=f"{name}: {' '.join(call)}")
    for name, service in OURS.items()
    for call in [
        *azimuth_calls(service["command"]),
        *azimuth_calls(service.get("healthcheck", {}).get("test", [""])[1:] or [""]),
    ]
]


@pytest.mark.parametrize("call", CALLS)
def test_every_command_is_one_the_program_knows_with_options_it_takes(call: list[str]) -> None:
    from api.cli import app

    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    command = program.commands[call[0]]
    # Parsing alone: an unknown option or a bad value is a UsageError.
    command.make_context(call[0], call[1:])


def test_the_services_are_those_an_installation_needs() -> None:
    started = {service["command"][1] for service in OURS.values() if service["command"][0] == "azimuth"}
    assert started == {"serve", "worker", "migrate", "sandbox"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    settings = {field.alias or f"AZIMUTH_{key.upper()}" for key, field in Settings.model_fields.items()}
    script = str(OURS[name]["command"])
    libpq = {"PGHOST", "PGUSER", "PGDATABASE", "PGPASSWORD"} if "psql" in script else set()
    for variable in OURS[name].get("environment", {}):
        read_by_psql = f"\\getenv {variable.removesuffix('_PASSWORD').lower()} {variable}" in OURS[name]["command"][-1]
        assert variable in settings | libpq or read_by_psql, variable


@pytest.mark.parametrize("name", [name for name in OURS if "environment" in OURS[name]])
def test_the_settings_are_accepted_in_production(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in OURS[name]["environment"].items():
        monkeypatch.setenv(variable, interpolate(value))
    settings = read_settings()
    assert settings.environment == "production"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().startswith("postgresql://azimuth_app:0123abcd@postgres")


def test_only_the_migration_may_change_the_schema_and_only_the_roles_step_is_administrator() -> None:
    holders = {name for name, service in OURS.items() if "azimuth_migrator:" in str(service.get("environment"))}
    administrators = {name for name, service in OURS.items() if "POSTGRES_PASSWORD" in str(service.get("environment"))}
    assert holders == {"migrate"}
    assert administrators == {"roles"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_dependency_exists_and_can_be_waited_for(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        target = SERVICES[other]
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in target
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert target["restart"] == "on-failure"


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_what_runs_for_long_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= check.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_write_to_its_image_or_gain_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")


def test_nothing_is_reachable_from_other_machines_and_the_database_from_no_network_at_all() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert SERVICES["postgres"]["networks"] == ["backend"]
    assert COMPOSE["networks"]["backend"]["internal"] is True


def test_named_volumes_and_networks_are_declared() -> None:
    for service in SERVICES.values():
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
        assert set(service["networks"]) <= COMPOSE["networks"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_outside_and_have_no_default(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if variable.endswith(("PASSWORD", "_KEY")):
            assert VARIABLE.fullmatch(value), variable
        if variable.endswith("DATABASE_URL"):
            assert re.fullmatch(r"postgresql://azimuth_\w+:\$\{[^}]+\}@postgres:5432/azimuth", value), variable
    defaults = {found["name"] for found in VARIABLE.finditer(SOURCE) if found["kind"] == "-"}
    assert defaults == {
        "AZIMUTH_LOG_LEVEL",
        "AZIMUTH_PROCESSES",
        "AZIMUTH_LOCAL_ACCOUNTS",
        "AZIMUTH_SIGN_IN_PROVIDERS",
    }


def test_the_recipe_at_the_head_makes_every_variable_that_is_wanted() -> None:
    head = SOURCE.partition("\nname:")[0]
    names = re.search(r"for name in ([A-Z ]+);", head)
    assert names is not None
    made = {f"{name}_PASSWORD" for name in names[1].split()} | set(re.findall(r'"(AZIMUTH_\w+)=', head))
    wanted = {found["name"] for found in VARIABLE.finditer(SOURCE) if found["kind"] == "?"}
    assert wanted == made


def test_health_is_asked_where_the_service_listens() -> None:
    for name in ("api", "sandbox"):
        command, check = SERVICES[name]["command"], SERVICES[name]["healthcheck"]["test"][-1]
        port = command[command.index("--port") + 1]
        assert f"127.0.0.1:{port}/" in check
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_image_holds_no_state_of_the_checkout_and_does_not_run_as_root() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert not let_in & {".azimuth", ".git", ".venv", ".tools", "tests"}
    image = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", image, re.MULTILINE)
    assert image.count("--require-hashes") == 2
    copied = re.findall(r"^COPY (?!--from)(\S+) ", image, re.MULTILINE)
    assert all(name == "." or name in let_in for name in copied)
    assert "HEALTHCHECK" in image

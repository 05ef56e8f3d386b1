"""./dev as a newcomer meets it, in a checkout whose path has a space."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("dev", "requirements.lock", "requirements.tools.lock", "pyproject.toml")
PLAIN = {name: value for name, value in os.environ.items() if name != "AZIMUTH_LONG"}
"""Whatever this run itself was asked for."""
TELL = "import os, sys; print(os.environ.get('AZIMUTH_LONG'), sys.argv[1:])"
# By the shell: an interpreter whose path has a space cannot stand in the first line.
STAND_IN = f"""#!/bin/sh\nexec "{sys.executable}" -c "{TELL}" "$@"\n"""


@pytest.fixture
def checkout() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="azimuth test "))
    place.chmod(0o755)
    for name in FILES:
        shutil.copy(ROOT / name, place)
    yield place
    shutil.rmtree(place)


def load(checkout: Path) -> ModuleType:
    loader = SourceFileLoader("dev", str(checkout / "dev"))
    spec = spec_from_loader("dev", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "dev", *arguments], cwd=checkout, env=PLAIN, capture_output=True, text=True, check=False
    )


def set_up(checkout: Path) -> None:
    """As after `./dev setup`, with programs that tell what they were called with."""
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "azimuth"):
        (binaries / name).write_text(STAND_IN)
        (binaries / name).chmod(0o755)
    dev = load(checkout)
    dev.STAMP.write_text(dev.fingerprint())


@pytest.mark.parametrize("arguments", [(), ("--help",), ("help",)])
def test_help_names_every_command(checkout: Path, arguments: tuple[str, ...]) -> None:
    ended = run(checkout, *arguments)
    assert ended.returncode == 0
    for command in ("demo", "test", "check", "bench", "setup", "lock"):
        assert f"./dev {command}" in ended.stdout


def test_a_mistyped_command_says_where_to_look(checkout: Path) -> None:
    ended = run(checkout, "tset")
    assert ended.returncode == 2
    assert "no command 'tset'" in ended.stderr
    assert "./dev --help" in ended.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["demo", "--once", "--json", "a b.json"], "None ['demo', '--once', '--json', 'a b.json']"),
        (["bench", "dashboard"], "None ['-m', 'bench', 'dashboard']"),
        (["check", "--fix"], "None ['-m', 'checks', '--fix']"),
        (["test", "-k", "kpi"], "None ['-m', 'pytest', '-n', '2', '--dist', 'loadscope', '-k', 'kpi']"),
        (["test", "--long"], "1 ['-m', 'pytest', '-n', '2', '--dist', 'loadscope']"),
        (["test", "-n0", "tests/unit"], "None ['-m', 'pytest', '-n0', 'tests/unit']"),
    ],
)
def test_a_prepared_checkout_goes_straight_to_the_program(checkout: Path, typed: list[str], expected: str) -> None:
    set_up(checkout)
    began = time.monotonic()
    ended = run(checkout, *typed)
    assert ended.stdout.strip() == expected
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("name", ["requirements.lock", "requirements.tools.lock", "pyproject.toml"])
def test_changed_pins_make_the_next_command_prepare_again(checkout: Path, name: str) -> None:
    set_up(checkout)
    dev = load(checkout)
    assert dev.is_prepared()
    with (checkout / name).open("a") as pins:
        pins.write("# changed\n")
    assert not dev.is_prepared()


def test_a_moved_checkout_is_prepared_again(checkout: Path) -> None:
    set_up(checkout)
    moved = checkout.rename(f"{checkout} moved")
    try:
        assert not load(moved).is_prepared()
    finally:
        moved.rename(checkout)


def test_an_old_python_is_told_which_one_is_needed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as ended:
        load(checkout).main(["setup"])
    assert ended.value.code == 2
    assert "this is Python 3.9, the project needs 3.11 or newer" in capsys.readouterr().err


def test_a_python_without_pip_is_told_how_to_get_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dev = load(checkout)
    monkeypatch.setattr(dev, "PYTHON", shutil.which("false"))
    with pytest.raises(SystemExit):
        dev.main(["setup"])
    assert "apt install python3-pip" in capsys.readouterr().err


def test_an_index_out_of_reach_is_named_with_what_the_tool_said(checkout: Path) -> None:
    # Nobody listens on port 9 of this machine.
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    ended = subprocess.run(
        [sys.executable, "dev", "setup"], cwd=checkout, env=kept | nowhere, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "No matching distribution found for uv" in ended.stderr
    assert "set PIP_INDEX_URL and UV_DEFAULT_INDEX" in ended.stderr


def test_a_checkout_that_cannot_be_written_to_says_so(checkout: Path) -> None:
    checkout.chmod(0o555)
    program = """
import os, pathlib
script = {"__name__": "dev", "__file__": os.path.abspath("dev")}
exec(compile(pathlib.Path("dev").read_text(), "dev", "exec"), script)
if os.geteuid() == 0:
    os.setuid(65534)  # root can write anywhere
script["main"](["setup"])
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False)
    checkout.chmod(0o755)
    assert ended.returncode == 2
    assert f"cannot write to {checkout}" in ended.stderr
    assert "as the owner of the checkout" in ended.stderr


def test_two_at_once_take_turns(checkout: Path) -> None:
    tools = checkout / ".tools"
    tools.mkdir()
    with (tools / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        typed = [sys.executable, "dev", "demo"]
        other = subprocess.Popen(typed, cwd=checkout, env=PLAIN, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "waiting for another ./dev in this checkout\n"
        set_up(checkout)
    said, _ = other.communicate(timeout=10)
    # What the first prepared is not prepared again.
    assert said == "None ['demo']\n"


def test_the_pins_of_the_tools_carry_hashes() -> None:
    pins = (ROOT / "requirements.tools.lock").read_text()
    assert pins.startswith("uv==")
    assert pins.count("--hash=sha256:") > 10

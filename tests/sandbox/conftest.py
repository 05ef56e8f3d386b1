import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.client import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Desk, Store
from tests.sandbox.receiver import Receiver

ROOT = Path(__file__).parents[2]
APPS = [{"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [REDIRECT_URI]}]
Starter = Callable[..., Desk]


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    for _ in range(200):
        if path.exists():
            return dict(json.loads(path.read_text()))
        assert process.poll() is None, "the sandbox ended before it listened"
        time.sleep(0.05)
    raise AssertionError("the sandbox did not start within ten seconds")


@pytest.fixture(scope="session")
def start_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts the program as a user would and stops it at the end."""
    processes: list[subprocess.Popen[bytes]] = []
    desks: list[Desk] = []

    def start(*options: str) -> Desk:
        ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
        command = [sys.executable, "-m", "sandbox", "--ready-file", str(ready), *options]
        environment = {**os.environ, "SANDBOX_APPS": json.dumps(APPS)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        processes.append(process)
        news = wait_for(ready, process)
        desk = Desk(news["url"], news["control_token"])
        desks.append(desk)
        return desk

    yield start
    for desk in desks:
        desk.close()
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def sandbox(start_sandbox: Starter) -> Desk:
    """The whole panel, generous enough that only tests of throttling meet it."""
    options = ("--last-day", "2026-11-21", "--bucket", "100000", "--restore-rate", "100000")
    return start_sandbox(*options, "--retry-seconds", "0.1", "0.2", "0.3")


@pytest.fixture(scope="session")
def whole_shop(sandbox: Desk) -> Store:
    return sandbox.store("first-light.myshopify.com").install()


@pytest.fixture
def shop(sandbox: Desk, request: pytest.FixtureRequest) -> Store:
    """A shop of its own for every test, with the forty first customers."""
    name = request.node.name.replace("_", "-").split("[")[0]
    return sandbox.open_shop(f"{name}-{time.monotonic_ns()}.myshopify.com", last_customer=40).install()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening

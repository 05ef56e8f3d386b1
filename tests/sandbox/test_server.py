"""Starting the program."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.server import Listen, NotLoopbackError, bind
from tests.sandbox.client import Desk
from tests.sandbox.conftest import ROOT, wait_for


def test_it_is_healthy(sandbox: Desk) -> None:
    assert sandbox.plain.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("header", [None, "", "guess"])
def test_the_control_desk_needs_its_token(sandbox: Desk, header: str | None) -> None:
    headers = {} if header is None else {"X-Sandbox-Control": header}
    for method, path in (("GET", "/control/shops"), ("POST", "/control/apps"), ("GET", "/control/nothing")):
        assert sandbox.plain.request(method, path, headers=headers).status_code == 403


def test_a_second_shop_of_the_same_name_is_refused(sandbox: Desk) -> None:
    refused = sandbox.http.post("/control/shops", json={"domain": "first-light.myshopify.com"})
    assert refused.json() == {"error": "is taken", "field": "domain"}
    wrong = sandbox.http.post("/control/shops", json={"domain": "x.myshopify.com", "time_zone": "Mars/Olympus"})
    assert wrong.json()["field"] == "time_zone"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_it_listens_on_loopback_unless_told_to_be_public(host: str) -> None:
    with pytest.raises(NotLoopbackError):
        bind(Listen(host=host))


def test_public_means_public() -> None:
    with bind(Listen(host="0.0.0.0", public=True)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_the_refusal_is_an_exit_code() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "sandbox", "--host", "0.0.0.0"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "--public" in refused.stderr


def test_the_starter_learns_the_address_and_nobody_else(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    reader, writer = os.pipe()
    options = ("--seed-customers", "2", "--shop", "a.myshopify.com", "--shop", "B.myshopify.com")
    channels = ("--ready-file", str(ready), "--announce-fd", str(writer))
    command = [sys.executable, "-m", "sandbox", *channels, *options]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=(writer,))
    os.close(writer)
    try:
        news = wait_for(ready, process)
        with os.fdopen(reader) as channel:
            assert json.loads(channel.readline()) == news
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert news["shops"] == ["a.myshopify.com", "b.myshopify.com"]
        desk = Desk(news["url"], news["control_token"])
        assert [shop["customers"] for shop in desk.call("GET", "/shops")["shops"]] == [2, 2]
        desk.close()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0

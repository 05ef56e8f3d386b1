"""A headless Chromium, driven through chromedriver by the WebDriver protocol: just the calls the tests need."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import pytest

T = TypeVar("T")

DRIVERS = ("chromedriver", "chromium.chromedriver")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
CONTROL, SHIFT, ENTER, TAB, ESCAPE = "\ue009", "\ue008", "\ue007", "\ue004", "\ue00c"
ARROW_RIGHT = "\ue014"
PATIENCE_SECONDS = 10.0


class BrowserRefused(Exception):
    """The driver's own error, such as `no such element`."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


@contextmanager
def chromium(profile: Path) -> Iterator["Browser"]:
    """`profile` is a new empty folder. Skips the test where no browser is installed, unless the run demands one."""
    driver, binary = _installed(DRIVERS), _installed(BROWSERS)
    # A group of their own, so that a browser that hangs ends with the driver that started it.
    process = subprocess.Popen(
        [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        with Browser(_listening(process), binary, profile) as browser:
            yield browser
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()


def _installed(names: Sequence[str]) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"{names[0]} is not installed (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("AZIMUTH_REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _listening(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"started successfully on port (\d+)", line):
            return f"http://127.0.0.1:{found[1]}"
    raise AssertionError("chromedriver ended before it listened")


class Element:
    def __init__(self, browser: "Browser", reference: str) -> None:
        self.browser = browser
        self.reference = {ELEMENT: reference}
        self._path = f"/element/{reference}"

    @property
    def text(self) -> str:
        """As a person sees it: nothing where it is hidden."""
        return str(self.browser.ask("GET", f"{self._path}/text"))

    @property
    def value(self) -> str:
        return str(self.browser.ask("GET", f"{self._path}/property/value"))

    @property
    def shown(self) -> bool:
        return bool(self.browser.ask("GET", f"{self._path}/displayed"))

    def attribute(self, name: str) -> str | None:
        found: str | None = self.browser.ask("GET", f"{self._path}/attribute/{name}")
        return found

    def click(self) -> None:
        self.browser.ask("POST", f"{self._path}/click", {})

    def type(self, keys: str) -> None:
        self.browser.ask("POST", f"{self._path}/value", {"text": keys})

    def clear(self) -> None:
        self.browser.ask("POST", f"{self._path}/clear", {})


class Browser:
    """One session. Each `fresh` tab begins with an empty session storage."""

    def __init__(self, driver: str, binary: str, profile: Path) -> None:
        self._http = httpx2.Client(base_url=driver, timeout=60, trust_env=False)
        options = {"binary": binary, "args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        opened = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{opened['sessionId']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.ask("DELETE", "")
        finally:
            self._http.close()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        return self._send(method, self._session + path, body)

    def _send(self, method: str, path: str, body: object = None) -> Any:
        answer = self._http.request(method, path, content=None if body is None else json.dumps(body))
        value = answer.json()["value"]
        if answer.is_error:
            raise BrowserRefused(value["error"], value["message"])
        return value

    def fresh(self) -> None:
        """Another tab instead of this one."""
        handle = self.ask("POST", "/window/new", {"type": "tab"})["handle"]
        self.ask("DELETE", "/window")
        self.ask("POST", "/window", {"handle": handle})
        self.console()

    def open(self, url: str) -> None:
        self.ask("POST", "/url", {"url": url})

    def reload(self) -> None:
        self.ask("POST", "/refresh", {})

    @property
    def address(self) -> str:
        return str(self.ask("GET", "/url"))

    def find(self, css: str) -> Element:
        """Raises BrowserRefused where there is none."""
        found = self.ask("POST", "/element", {"using": "css selector", "value": css})
        return Element(self, found[ELEMENT])

    def all(self, css: str) -> list[Element]:
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self, one[ELEMENT]) for one in found]

    def texts(self, css: str) -> list[str]:
        """What all of them say, at one moment: elements that are asked one by one may be gone in between."""
        script = """
            const seen = (one) => one.checkVisibility() || one instanceof HTMLOptionElement;
            return [...document.querySelectorAll(arguments[0])].map((one) => (seen(one) ? one.innerText.trim() : ""));
        """
        return [str(text) for text in self.run(script, css)]

    @property
    def focused(self) -> Element:
        return Element(self, self.ask("GET", "/element/active")[ELEMENT])

    def button(self, label: str, within: str = "body") -> Element:
        """The visible button with this text."""
        quoted = json.dumps(label)
        path = f"//button[normalize-space()={quoted}]"
        inside = self.find(within)
        found = self.ask(
            "POST", f"/element/{inside.reference[ELEMENT]}/elements", {"using": "xpath", "value": f".{path}"}
        )
        shown = [one for one in (Element(self, entry[ELEMENT]) for entry in found) if one.shown]
        if not shown:
            raise BrowserRefused("no such element", f"no button says {label!r}")
        return shown[0]

    def press(self, *chord: str) -> None:
        """Keys held together, for whatever has the focus; unlike `type` it leaves the caret where it is."""
        down = [{"type": "keyDown", "value": key} for key in chord]
        up = [{"type": "keyUp", "value": key} for key in reversed(chord)]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [*down, *up]}]})

    def run(self, script: str, *arguments: object) -> Any:
        """The result of a function body; a promise is awaited."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, condition: Callable[[], T]) -> T:
        """The first true answer; elements that are not there yet, or not any more, count as not true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            problem: BrowserRefused | None = None
            try:
                if answer := condition():
                    return answer
            except BrowserRefused as refused:
                problem = refused
            if time.monotonic() > deadline:
                raise AssertionError("the page never came to that") from problem
            time.sleep(0.03)

    def console(self) -> list[str]:
        """What the page wrote to its console since the last call: errors, refused policies, failed requests."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.ask("POST", "/se/log", {"type": "browser"})]

    def protocol(self, command: str, **parameters: object) -> Any:
        """One command of the Chrome DevTools protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def view(self, width: int, height: int, *, dark: bool = False) -> None:
        self.protocol(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.protocol("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

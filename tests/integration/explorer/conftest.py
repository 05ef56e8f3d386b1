"""The explorer as an integrator meets it: a real browser, a real server, no network."""

from collections.abc import Iterator

import pytest

from tests.browser import Browser, chromium
from tests.integration.explorer.server import TOKEN, ExplorerServer, serving

EXPECTED_NOISE = "Failed to load resource: the server responded with a status of 4"


@pytest.fixture(scope="session")
def server() -> Iterator[ExplorerServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def tab(chrome: Browser, server: ExplorerServer) -> Iterator[Browser]:
    """An empty tab. At the end the browser must have had nothing to complain about."""
    chrome.fresh()
    chrome.view(1280, 800)
    server.seen.clear()
    yield chrome
    assert [line for line in chrome.console() if EXPECTED_NOISE not in line] == []


@pytest.fixture
def page(tab: Browser, server: ExplorerServer) -> Browser:
    """The explorer without a token."""
    tab.open(f"{server.url}/explorer")
    return tab


@pytest.fixture
def signed_in(tab: Browser, server: ExplorerServer) -> Browser:
    """The explorer as a link with a token opens it."""
    tab.open(f"{server.url}/explorer#token={TOKEN}")
    tab.until(lambda: tab.button("Query", "#panel-docs"))
    server.seen.clear()
    return tab

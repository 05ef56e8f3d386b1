"""How the explorer's files are served: strictly, cacheably, and nothing but them."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from graphql import build_schema, parse, validate
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.http.explorer import explorer_routes

ASSET = re.compile(r'(?:src|href)="([^"]+)"')


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=explorer_routes("/graphql", "/oauth/token"))) as client:
        yield client


def assets(client: TestClient) -> dict[str, str]:
    """Addresses of everything the page and its modules load, by file name."""
    waiting = ASSET.findall(client.get("/explorer").text)
    found: dict[str, str] = {}
    while waiting:
        address = waiting.pop()
        name = address.rsplit("/", 1)[1]
        if name in found:
            continue
        found[name] = address
        if name.endswith(".js"):
            imports = re.findall(r'(?:from|URL\() ?"(?:\./)?([\w.]+)"', client.get(address).text)
            waiting.extend(f"{address.rsplit('/', 1)[0]}/{imported}" for imported in imports)
    return found


def test_the_page_names_the_endpoints_it_will_use(client: TestClient) -> None:
    page = client.get("/explorer")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<meta name="azimuth-graphql-path" content="/graphql">' in page.text
    assert '<meta name="azimuth-token-path" content="/oauth/token">' in page.text


def test_a_path_cannot_become_markup() -> None:
    routes = explorer_routes('/graphql"><script>', "/oauth/token")
    page = TestClient(Starlette(routes=routes)).get("/explorer").text
    assert 'content="/graphql&quot;&gt;&lt;script&gt;"' in page


def test_every_file_the_page_loads_is_there_with_its_type(client: TestClient) -> None:
    found = assets(client)
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "json": "application/json"}
    assert {"main.js", "theme.css", "icon.svg", "samples.json", "syntax.js"} <= found.keys()
    for name, address in found.items():
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"].split(";")[0] == types[name.rsplit(".", 1)[1]]


def test_every_file_there_is_loaded(client: TestClient) -> None:
    folder = files("api.http").joinpath("static", "explorer")
    assert {entry.name for entry in folder.iterdir()} == {"index.html", *assets(client)}


@pytest.mark.parametrize("path", ["/explorer", "main.js", "samples.json", "nothing.js"])
def test_every_answer_carries_the_strict_policy(client: TestClient, path: str) -> None:
    base = assets(client)["main.js"].rsplit("/", 1)[0]
    headers = client.get(path if path.startswith("/") else f"{base}/{path}").headers
    policy = dict(directive.split(" ", 1) for directive in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_page_needs_nothing_inline_and_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/explorer").text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
    for name, address in assets(client).items():
        if name.endswith((".js", ".css")):
            assert re.findall(r"https?://|@import|innerHTML|eval\(", client.get(address).text) == [], name
    assert re.findall(r'(?:src|href)="(?!/explorer/)', page) == []


def test_files_are_kept_forever_and_the_page_is_asked_for_again(client: TestClient) -> None:
    script = client.get(assets(client)["main.js"])
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/explorer").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*"])
def test_what_a_browser_has_is_not_sent_again(client: TestClient, shape: str) -> None:
    for address in ("/explorer", assets(client)["main.js"]):
        etag = client.get(address).headers["etag"]
        again = client.get(address, headers={"If-None-Match": shape.format(etag)})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["content-security-policy"]
    assert client.get("/explorer", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_release_never_answers_for_another(client: TestClient) -> None:
    answer = client.get("/explorer/0123456789abcdef/main.js")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "name",
    [
        "../explorer.py",
        "..%2fexplorer.py",
        "%2e%2e/explorer.py",
        "..%5c..%5cexplorer.py",
        "%2fetc%2fpasswd",
        "....//explorer.py",
        "index.html",
        "main.js%00.css",
        "",
    ],
)
def test_nothing_else_can_be_reached(client: TestClient, name: str) -> None:
    base = assets(client)["main.js"].rsplit("/", 1)[0]
    answer = client.get(f"{base}/{name}")
    assert answer.status_code == 404
    assert "def " not in answer.text


def test_files_are_read_only(client: TestClient) -> None:
    assert client.post("/explorer").status_code == 405
    head = client.head("/explorer")
    assert (head.status_code, head.content) == (200, b"")


def test_samples_are_valid_and_their_variables_are_theirs(client: TestClient) -> None:
    samples = json.loads(client.get(assets(client)["samples.json"]).text)
    schema = build_schema(files("api").joinpath("schema.graphql").read_text())
    assert len(samples) >= 2
    for sample in samples:
        document = parse(sample["query"])
        assert validate(schema, document) == [], sample["title"]
        declared = set(re.findall(r"\$(\w+)\s*:", sample["query"]))
        assert declared == set(sample.get("variables", {})), sample["title"]

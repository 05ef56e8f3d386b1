"""The explorer as an integrator meets it: a real browser, a real server, no network."""

import json
import shlex
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from graphql import build_schema, graphql_sync, parse, validate

from tests.browser import ARROW_RIGHT, CONTROL, ENTER, ESCAPE, SHIFT, TAB, Browser, chromium
from tests.integration.explorer_server import (
    CLIENT,
    HOSTILE,
    TOKEN,
    WRITE_ONLY_TOKEN,
    ExplorerServer,
    serving,
)

KPIS = "query Kpis($first: Int!) { kpis(first: $first) { nodes { id name value } } }"
TWO = "query One { kpi(id: 1) { name } }\nquery Two { kpi(id: 2) { name } }"
EXPECTED_NOISE = "Failed to load resource: the server responded with a status of 4"


@pytest.fixture(scope="module")
def server() -> Iterator[ExplorerServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(chrome: Browser, server: ExplorerServer) -> Iterator[Browser]:
    """The explorer without a token. At the end the browser must have had nothing to complain about."""
    chrome.fresh()
    chrome.view(1280, 800)
    server.seen.clear()
    chrome.open(f"{server.url}/explorer")
    yield chrome
    assert [line for line in chrome.console() if EXPECTED_NOISE not in line] == []


@pytest.fixture
def signed_in(page: Browser, server: ExplorerServer) -> Browser:
    page.open(f"{server.url}/explorer#token={TOKEN}")
    page.until(lambda: page.button("Query"))
    server.seen.clear()
    return page


def write(page: Browser, query: str, variables: str = "") -> None:
    """As if pasted over what was there."""
    for name, text in (("variables", variables), ("query", query)):
        script = (
            "const [name, text] = arguments; const area = document.getElementById(name); area.focus(); area.select();"
        )
        page.run(f"{script} document.execCommand(text ? 'insertText' : 'delete', false, text)", name, text)


def caret_behind(page: Browser, text: str) -> None:
    script = "const area = document.getElementById('query'); const at = area.value.indexOf(arguments[0])"
    page.run(f"{script} + arguments[0].length; area.focus(); area.setSelectionRange(at, at)", text)


def run(page: Browser) -> Any:
    """The body of the answer, as the page shows it."""
    page.find("#query").type(CONTROL + ENTER)
    page.until(lambda: page.find("#run").text == "Run" and page.find(".facts .badge").text[:1].isdigit())
    return json.loads(page.find(".output").text)


def query_of(page: Browser) -> str:
    return page.find("#query").value


def test_a_link_hands_over_the_token_and_leaves_no_trace_of_it(signed_in: Browser, server: ExplorerServer) -> None:
    assert signed_in.address == f"{server.url}/explorer"
    assert signed_in.find("#access-open").text == "Token set"
    assert TOKEN not in signed_in.run("return document.documentElement.outerHTML")
    assert signed_in.run("return [document.cookie, localStorage.length]") == ["", 0]
    signed_in.reload()
    assert signed_in.find("#access-open").text == "Token set"


def test_a_link_works_where_the_page_is_open_already(page: Browser, server: ExplorerServer) -> None:
    assert page.find("#access-open").text == "Set a token"
    page.run("location.hash = arguments[0]", f"token={TOKEN}")
    page.until(lambda: page.find("#access-open").text == "Token set")
    assert page.address == f"{server.url}/explorer"


def test_a_token_can_be_pasted_shown_and_forgotten(page: Browser) -> None:
    page.find("#access-open").click()
    page.find("#token-input").type("no token, a sentence")
    page.button("Use this token").click()
    assert "may hold only letters" in page.find("#access-message").text
    page.find("#token-input").clear()
    page.find("#token-input").type(f"Bearer {TOKEN}")
    page.button("Show").click()
    assert page.find("#token-input").attribute("type") == "text"
    page.button("Use this token").click()
    assert not page.find("#access").shown
    page.until(lambda: page.button("Query"))
    page.find("#access-open").click()
    assert page.find("#token-input").value == TOKEN
    page.button("Forget").click()
    page.button("Hide").click()
    page.find("#access-close").click()
    assert page.find("#access-open").text == "Set a token"
    assert page.run("return sessionStorage.getItem('azimuth.explorer.token')") is None


def test_a_token_can_be_fetched_with_the_apps_credentials(page: Browser) -> None:
    page.find("#access-open").click()
    page.find("#client-id").type(CLIENT["client_id"])
    page.find("#client-secret").type("wrong")
    page.button("Fetch a token").click()
    refusal = "No token (HTTP 401). invalid_client: Client authentication failed."
    page.until(lambda: page.find("#access-message").text == refusal)
    page.find("#client-secret").clear()
    page.find("#client-secret").type(CLIENT["client_secret"] + ENTER)
    page.until(lambda: not page.find("#access").shown)
    assert page.find("#access-open").text in ("Token set, 9 min left", "Token set, 10 min left")
    kept = page.run("return JSON.stringify(Object.values(sessionStorage))")
    assert TOKEN in kept
    assert CLIENT["client_secret"] not in kept
    assert page.find("#client-secret").value == ""


def test_an_expired_token_says_so(page: Browser, server: ExplorerServer) -> None:
    # {"exp": 1} between two dots: the page reads the date and leaves the signature to the server.
    page.open(f"{server.url}/explorer#token=e30.eyJleHAiOjF9.sig")
    page.until(lambda: page.find("#access-open").text == "Token expired")


def test_a_query_runs_by_keyboard_with_its_variables(signed_in: Browser, server: ExplorerServer) -> None:
    write(signed_in, KPIS, '{"first": 1}')
    answer = run(signed_in)
    assert server.seen == [{"query": KPIS, "operationName": "Kpis", "variables": {"first": 1}}]
    assert answer["data"] == {"kpis": {"nodes": [{"id": "1", "name": "Repeat purchases", "value": 0.25}]}}
    facts = [one.text for one in signed_in.all(".facts span")]
    assert facts[0] == "200 OK"
    assert facts[1].endswith(" ms")
    assert facts[2].endswith(" B")


def test_cost_is_a_bar(signed_in: Browser) -> None:
    write(signed_in, KPIS, '{"first": 1}')
    run(signed_in)
    assert signed_in.find(".cost").text.split("\n") == ["Cost 12 (estimated 14)", "880 of 1,000 left, +50 a second"]
    shares = "const bar = document.querySelector('.meter'); return bar.firstChild.clientWidth / bar.clientWidth"
    signed_in.until(lambda: abs(signed_in.run(shares) - 0.88) < 0.02)
    assert signed_in.find(".meter").attribute("aria-valuenow") == "880"


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [('{"first": }', "Variables are not valid JSON: "), ("[1]", "Variables must be a JSON object")],
)
def test_wrong_variables_are_named_and_not_sent(
    signed_in: Browser, server: ExplorerServer, variables: str, complaint: str
) -> None:
    write(signed_in, KPIS, variables)
    assert complaint in signed_in.find("#variables-error").text
    assert signed_in.find("#variables").attribute("aria-invalid") == "true"
    signed_in.find("#run").click()
    signed_in.until(lambda: complaint in signed_in.find(".problem").text)
    assert server.seen == []
    write(signed_in, KPIS, '{"first": 1}')
    assert signed_in.find("#variables-error").text == ""


def test_one_of_several_operations_is_chosen(signed_in: Browser, server: ExplorerServer) -> None:
    assert not signed_in.find("#operation").shown
    write(signed_in, TWO)
    assert [one.text for one in signed_in.all("#operation option")] == ["One", "Two"]
    signed_in.find("#operation option:last-child").click()
    run(signed_in)
    assert server.seen[0]["operationName"] == "Two"


def test_errors_show_path_and_place_and_never_become_markup(signed_in: Browser) -> None:
    write(signed_in, "query Bad {\n  broken\n  kpi(id: 2) { name }\n}")
    run(signed_in)
    problem = signed_in.find(".problem")
    assert HOSTILE in problem.text
    assert problem.text.endswith("broken line 2, column 3")
    assert HOSTILE in json.loads(signed_in.find(".output").text)["data"]["kpi"]["name"]
    assert signed_in.run("return [document.title, document.querySelectorAll('#response img').length]") == [
        "Azimuth API explorer",
        0,
    ]
    signed_in.button("line 2, column 3").click()
    assert signed_in.run("return [document.activeElement.id, document.activeElement.selectionStart]") == ["query", 14]


def test_user_errors_of_a_mutation_stand_out(signed_in: Browser) -> None:
    fields = "userErrors { field message code }"
    write(signed_in, f'mutation Rename {{ kpiRename(input: {{ id: 1, name: "" }}) {{ {fields} }} }}')
    run(signed_in)
    assert signed_in.find(".problem").text.split("\n") == ["NAME_EMPTY The name is empty.", "kpiRename.input.name"]


def test_a_refused_token_leads_to_the_dialog(page: Browser) -> None:
    write(page, "{ __typename }")
    run(page)
    assert page.find(".facts .badge").text == "401 Unauthorized"
    assert "The token is not known" in page.find(".notes").text
    assert "UNAUTHENTICATED No valid token." in page.find(".problem").text
    page.button("Set a token", "#response").click()
    assert page.find("#access").shown


def test_a_server_that_is_gone_is_told_from_one_that_refuses(page: Browser) -> None:
    page.protocol("Network.enable")
    page.protocol("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    page.find("#run").click()
    page.until(lambda: "could not be reached" in page.find(".problem").text)
    page.protocol(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )
    assert any("ERR_INTERNET_DISCONNECTED" in line for line in page.console())


def test_a_slow_query_can_be_stopped(signed_in: Browser) -> None:
    write(signed_in, "{ slow }")
    signed_in.find("#run").click()
    signed_in.button("Stop").click()
    signed_in.until(lambda: signed_in.find(".problem").text == "Stopped before the answer came.")
    assert signed_in.find("#run").text == "Run"


def test_a_subscription_is_listened_to(signed_in: Browser) -> None:
    write(signed_in, "subscription Ticks { ticks(count: 3) }")
    signed_in.find("#run").click()
    signed_in.until(lambda: signed_in.find(".facts").text.split() == ["Ended", "3", "results", "in", "all"][:3])
    results = "".join(signed_in.find(".output").text.split())
    assert results == "".join(f'{{"data":{{"ticks":{number}}}}}' for number in (2, 1, 0))


def test_docs_wait_for_a_token_and_say_when_it_is_not_enough(page: Browser, server: ExplorerServer) -> None:
    assert "Set a token to read the schema." in page.find("#panel-docs").text
    page.button("Try without", "#panel-docs").click()
    page.until(lambda: "asks for a token before it shows its schema (HTTP 401)" in page.find("#panel-docs").text)
    page.run("location.hash = arguments[0]", f"token={WRITE_ONLY_TOKEN}")
    page.until(lambda: "This token may not read the schema (HTTP 403)." in page.find("#panel-docs").text)
    page.run("location.hash = arguments[0]", f"token={TOKEN}")
    page.until(lambda: page.button("Mutation", "#panel-docs"))


def test_docs_walk_from_type_to_type(signed_in: Browser) -> None:
    signed_in.button("Query", "#panel-docs").click()
    assert "Everything that can be read." in signed_in.find("#panel-docs").text
    signed_in.button("KpiPage!", "#panel-docs").click()
    signed_in.button("[Kpi!]!", "#panel-docs").click()
    assert (
        signed_in.find("[data-member=name]").text.split("\n")[1] == "What the owner calls it, such as Repeat purchases."
    )
    assert "Deprecated: Use id." in signed_in.find("[data-member=code]").text.replace("`", "")
    signed_in.button("KpiPage", ".crumbs").click()
    assert signed_in.find(".docs-body h2").text == "KpiPage object"


def test_docs_are_searched(signed_in: Browser) -> None:
    signed_in.find("#panel-docs input").type("idempot")
    assert signed_in.find(".docs-body").text.split("\n") == ["1 found", "KpiRename.idempotencyKey"]
    signed_in.find(".hit").click()
    assert signed_in.find(".sought").text == "idempotencyKey: String = null"
    signed_in.find("#panel-docs input").type("kpi.")
    found = [one.text for one in signed_in.all(".hit")]
    assert found == ["Kpi.id", "Kpi.name", "Kpi.value", "Kpi.code"]
    signed_in.find("#panel-docs input").type("nothing like it")
    assert signed_in.find(".docs-body").text == "Nothing found"


def test_fields_clicked_in_the_docs_make_a_query_that_runs(signed_in: Browser, server: ExplorerServer) -> None:
    write(signed_in, "")
    signed_in.button("Query", "#panel-docs").click()
    signed_in.button("kpis", "#panel-docs").click()
    assert query_of(signed_in) == "query Kpis {\n  kpis {\n    nodes {\n      id\n      name\n    }\n  }\n}\n"
    signed_in.button("kpi", "#panel-docs").click()
    signed_in.button("Kpi", "#panel-docs").click()
    signed_in.button("value", "#panel-docs").click()
    last = '  kpi(id: "") {\n    id\n    value\n    name\n  }\n}\n'
    assert query_of(signed_in).endswith(last)
    assert "errors" not in run(signed_in)
    signed_in.find("#query").type(CONTROL + "z")
    assert query_of(signed_in).endswith(last.replace("    value\n", ""))


def test_a_mutation_from_the_docs_brings_its_required_input(signed_in: Browser) -> None:
    write(signed_in, "query Mine { __typename }")
    signed_in.button("Mutation", "#panel-docs").click()
    signed_in.button("kpiRename", "#panel-docs").click()
    assert query_of(signed_in).startswith("query Mine { __typename }\n\nmutation KpiRename {\n")
    assert 'kpiRename(input: { id: "", name: "" }) {' in query_of(signed_in)
    signed_in.find("#operation option:last-child").click()
    assert run(signed_in)["data"]["kpiRename"]["userErrors"][0]["code"] == "NAME_EMPTY"


def test_a_field_needs_a_selection_to_go_into(signed_in: Browser) -> None:
    write(signed_in, "")
    signed_in.find("#panel-docs input").type("Kpi.name")
    signed_in.find(".hit").click()
    signed_in.button("name", "#panel-docs").click()
    assert signed_in.find("#announcer").text == "Put the cursor inside a selection of Kpi first."
    assert query_of(signed_in) == ""


def test_every_field_of_our_own_schema_can_be_inserted_and_is_valid(page: Browser) -> None:
    schema = build_schema(files("api").joinpath("schema.graphql").read_text())
    introspect = """
        const [kind, data] = arguments;
        const at = (name) => document.querySelector('script[src]').src.replace('main.js', name);
        const { INTROSPECTION, modelOf } = await import(at('schema.js'));
        const { fieldSnippet } = await import(at('snippet.js'));
        if (kind === 'query') return INTROSPECTION;
        const model = modelOf(data.__schema);
        return ['query', 'mutation'].flatMap((operation) => model.types.get(model.roots[operation]).fields
          .map((field) => `${operation} { ${fieldSnippet(model, field).text} }`));
    """
    asked = page.run(f"return (async function () {{ {introspect} }})(...arguments)", "query")
    described = graphql_sync(schema, asked)
    assert described.errors is None
    documents = page.run(f"return (async function () {{ {introspect} }})(...arguments)", "documents", described.data)
    assert len(documents) > 10
    for document in documents:
        # A list is left empty and an id unknown; that every name and shape is right is what can be known beforehand.
        assert validate(schema, parse(document)) == [], document


def test_history_brings_a_request_back(signed_in: Browser) -> None:
    write(signed_in, KPIS, '{"first": 1}')
    run(signed_in)
    write(signed_in, "{ broken }")
    run(signed_in)
    signed_in.reload()
    assert query_of(signed_in) == "{ broken }"
    signed_in.find("#tab-history").click()
    cards = [one.text.split("\n") for one in signed_in.all(".card")]
    assert [card[:3] for card in cards] == [
        ["query without a name", "broken", "200, 1 error"],
        ["query Kpis", "kpis nodes id name", "200"],
    ]
    signed_in.all(".card")[1].click()
    assert (query_of(signed_in), signed_in.find("#variables").value) == (KPIS, '{"first": 1}')
    assert TOKEN not in signed_in.run("return sessionStorage.getItem('azimuth.explorer.history')")
    signed_in.button("Clear").click()
    assert signed_in.all(".card") == []


def test_history_ends_after_twenty(signed_in: Browser) -> None:
    for number in range(22):
        write(signed_in, f"query Number{number} {{ __typename }}")
        run(signed_in)
    signed_in.find("#tab-history").click()
    titles = [one.text for one in signed_in.all(".card-title")]
    assert titles == [f"query Number{number}" for number in range(21, 1, -1)]


def test_samples_are_opened_from_the_servers_file(page: Browser) -> None:
    page.find("#tab-samples").click()
    page.until(lambda: page.all(".card"))
    source = "document.querySelector('script[src]').src.replace('main.js', 'samples.json')"
    samples = page.run(f"return fetch({source}).then((answer) => answer.json())")
    for card, sample in zip(page.all(".card"), samples, strict=True):
        assert sample["title"] in card.text
        card.click()
        assert query_of(page) == sample["query"]
        assert json.loads(page.find("#variables").value or "{}") == sample.get("variables", {})


def test_the_editor_indents_and_lets_go(page: Browser) -> None:
    write(page, "")
    area = page.find("#query")
    area.type("query A {" + ENTER + "kpi(id: 1) {" + ENTER + "name" + ENTER + "}" + ENTER + "}")
    assert query_of(page) == "query A {\n  kpi(id: 1) {\n    name\n  }\n}"
    area.type(TAB + "x")
    assert query_of(page).endswith("}  x")
    area.type(SHIFT + TAB)
    assert page.focused.attribute("id") == "query"
    area.type(ESCAPE + TAB)
    assert page.focused.attribute("id") == "variables"


def test_lines_are_commented_out_and_in(page: Browser) -> None:
    write(page, "{\n  a\n  b\n}")
    page.run("document.getElementById('query').setSelectionRange(4, 8)")
    page.press(CONTROL, "/")
    assert query_of(page) == "{\n  # a\n  # b\n}"
    page.press(CONTROL, "/")
    assert query_of(page) == "{\n  a\n  b\n}"


def test_matching_brackets_light_up_and_text_is_coloured(page: Browser) -> None:
    write(page, 'query A($b: C = "}") { d }')
    caret_behind(page, "{")
    assert [one.text for one in page.all(".matched")] == ["{", "}"]
    kinds = page.run("return [...document.querySelectorAll('#query-editor .layer span')].map((one) => one.className)")
    assert kinds[:4] == ["t-keyword", "t-name", "t-punctuation", "t-variable"]
    assert "t-string" in kinds


def test_the_coloured_text_stays_under_the_typed_text(page: Browser) -> None:
    write(page, "# " + "wide " * 60 + "\n" * 100 + "}")
    page.run("const area = document.getElementById('query'); area.scrollTop = 1234; area.scrollLeft = 321;")
    offsets = """
        const box = document.querySelector('#query-editor .text-box').getBoundingClientRect();
        const layer = document.querySelector('#query-editor .layer').getBoundingClientRect();
        const area = document.getElementById('query');
        return [box.left - layer.left - area.scrollLeft, box.top - layer.top - area.scrollTop,
                layer.height - area.scrollHeight, area.scrollTop];
    """
    page.until(lambda: page.run(offsets)[:2] == [0, 0])
    assert page.run(offsets)[3] == 1234
    assert abs(page.run(offsets)[2]) <= 20


FORMATTED: list[tuple[str, str]] = [
    ("{a b(c:1){d}}", "{\n  a\n  b(c: 1) {\n    d\n  }\n}\n"),
    ("query  A ( $b:[ID!]!=[1 2],$c:D ){ e:f(g:$b h:{i:1,j:[K L]}) @skip(if:true) }",
     "query A($b: [ID!]! = [1, 2], $c: D) {\n  e: f(g: $b, h: { i: 1, j: [K, L] }) @skip(if: true)\n}\n"),
    ("{...F ... on T{on query}...@include(if:$x){y}} fragment F on T{z}",
     "{\n  ...F\n  ... on T {\n    on\n    query\n  }\n  ... @include(if: $x) {\n    y\n  }\n}\n\n"
     "fragment F on T {\n  z\n}\n"),
    ("# head\n{a # tail\n# own line\nb}", "# head\n{\n  a # tail\n  # own line\n  b\n}\n"),
    ('{a(b:"""\n  kept\n   as is""")}', '{\n  a(b: """\n  kept\n   as is""")\n}\n'),
    ("{" + "a(" + " ".join(f"long_argument_{n}: {n}" for n in range(5)) + ")}",
     "{\n  a(\n" + "".join(f"    long_argument_{n}: {n}\n" for n in range(5)) + "  )\n}\n"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FORMATTED)
def test_format_lays_a_document_out(page: Browser, source: str, expected: str) -> None:
    write(page, source, '{"b":[1,2.5]}')
    page.button("Format").click()
    assert query_of(page) == expected
    assert page.find("#variables").value == '{\n  "b": [\n    1,\n    2.5\n  ]\n}\n'
    page.button("Format").click()
    assert query_of(page) == expected


def test_format_leaves_what_it_cannot_read(page: Browser) -> None:
    write(page, "query A {\n  b(c: 1 {\n")
    page.button("Format").click()
    assert page.find("#announcer").text == "Not formatted. Line 2, column 10: { is not closed"
    assert query_of(page) == "query A {\n  b(c: 1 {\n"


def test_the_curl_command_is_the_request_without_the_secret(signed_in: Browser, server: ExplorerServer) -> None:
    signed_in.protocol("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    write(signed_in, 'query It { kpi(id: "it\'s") { name } }', '{"a": "$HOME"}')
    signed_in.button("Copy as curl").click()
    signed_in.until(lambda: "AZIMUTH_TOKEN" in signed_in.find("#announcer").text)
    command = signed_in.run("return navigator.clipboard.readText()")
    assert TOKEN not in command
    words = shlex.split(command.replace("\\\n", ""))
    assert words[:2] == ["curl", f"{server.url}/graphql"]
    assert "Authorization: Bearer $AZIMUTH_TOKEN" in words
    body = json.loads(words[words.index("--data-raw") + 1])
    assert body == {
        "query": 'query It { kpi(id: "it\'s") { name } }',
        "operationName": "It",
        "variables": {"a": "$HOME"},
    }


def test_tabs_and_dialog_work_by_keyboard(page: Browser) -> None:
    page.find("#tab-docs").type(ARROW_RIGHT)
    assert page.focused.attribute("id") == "tab-samples"
    assert page.find("#panel-samples").shown
    page.find("#access-open").type(ENTER)
    assert page.focused.attribute("id") == "token-input"
    page.find("#token-input").type(ESCAPE)
    assert not page.find("#access").shown
    assert page.focused.attribute("id") == "access-open"


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_nothing_is_cut_off(signed_in: Browser, width: int) -> None:
    signed_in.view(width, 800)
    write(signed_in, KPIS, '{"first": 1}')
    run(signed_in)
    assert signed_in.run("return document.documentElement.scrollWidth") <= width
    for control in ("#run", "#format", "#copy-curl", "#access-open", "#tab-history", "#sidebar-toggle"):
        outside = "const box = arguments[0].getBoundingClientRect(); return box.left < 0 || box.right > innerWidth"
        assert not signed_in.run(outside, signed_in.find(control).reference), control


def test_every_control_has_a_name(signed_in: Browser) -> None:
    write(signed_in, TWO)
    signed_in.find("#access-open").click()
    controls = {"button", "textbox", "combobox", "searchbox", "tab", "dialog", "meter"}
    for closing in (False, True):
        if closing:
            signed_in.find("#access-close").click()
        nodes = signed_in.protocol("Accessibility.getFullAXTree")["nodes"]
        found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in controls]
        assert len(found) > 5
        assert [node["role"]["value"] for node in found if not node.get("name", {}).get("value")] == []


CONTRAST = """
const parsed = (color) => color.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const color = parsed(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] === 1) return color;
  }
  return [255, 255, 255];
};
const poor = [];
let seen = 0;
for (const one of document.querySelectorAll('body *')) {
  const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!text || !one.checkVisibility() || one.closest(':disabled, option, noscript, textarea')) continue;
  seen += 1;
  const [a, b] = [light(parsed(getComputedStyle(one).color)), light(ground(one))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push(`${one.tagName}.${one.className} ${ratio.toFixed(2)} ${one.textContent.slice(0, 20)}`);
}
return { seen, poor };
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_either_scheme(signed_in: Browser, dark: bool) -> None:
    signed_in.view(1280, 800, dark=dark)
    write(signed_in, "query Q($a: Int = 1) { # note\n  kpi(id: 2) @skip(if: false) { name }\n  broken\n}", "[1]")
    write(signed_in, query_of(signed_in), '{"a": 1.5, "b": null}')
    run(signed_in)
    signed_in.button("Query", "#panel-docs").click()
    for state in (None, "Kpi", "#tab-history", "#tab-samples", "#access-open"):
        if state is not None:
            (signed_in.find(state) if state.startswith("#") else signed_in.button(state)).click()
        measured = signed_in.run(CONTRAST)
        assert measured["seen"] > 40
        assert measured["poor"] == []


def test_a_hidden_sidebar_stays_hidden(page: Browser) -> None:
    page.find("#sidebar-toggle").click()
    assert not page.find("#sidebar").shown
    page.reload()
    assert not page.find("#sidebar").shown
    assert page.find("#sidebar-toggle").attribute("aria-expanded") == "false"


def test_the_browser_itself_refuses_what_the_page_does_not_bring(page: Browser) -> None:
    script = """
        const refused = [];
        try { document.body.innerHTML = '<b>x</b>'; } catch (error) { refused.push(error.name); }
        return fetch('http://127.0.0.1:9/').catch(() => refused.push('elsewhere')).then(() => refused);
    """
    assert page.run(script) == ["TypeError", "elsewhere"]
    complaints = page.console()
    assert any("TrustedHTML" in line for line in complaints)
    assert any("connect-src 'self'" in line for line in complaints)

"""What is sent, and how the answer, its price and its faults are shown."""

import json
import shlex

import pytest

from tests.browser import Browser
from tests.integration.explorer.server import HOSTILE, TOKEN, ExplorerServer
from tests.integration.explorer.steps import caret_behind, query_of, run, write

KPIS = "query Kpis($first: Int!) { kpis(first: $first) { nodes { id name value } } }"
TWO = "query One { kpi(id: 1) { name } }\nquery Two { kpi(id: 2) { name } }"


def test_a_query_runs_by_keyboard_with_its_variables(signed_in: Browser, server: ExplorerServer) -> None:
    write(signed_in, KPIS, '{"first": 1}')
    answer = run(signed_in)
    assert server.seen == [{"query": KPIS, "operationName": "Kpis", "variables": {"first": 1}}]
    assert answer["data"] == {"kpis": {"nodes": [{"id": "1", "name": "Repeat purchases", "value": 0.25}]}}
    facts = signed_in.texts(".facts span")
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


def test_of_several_operations_the_one_edited_or_chosen_runs(signed_in: Browser, server: ExplorerServer) -> None:
    assert not signed_in.find("#operation").shown
    write(signed_in, TWO)
    assert signed_in.texts("#operation option") == ["One", "Two"]
    run(signed_in)
    signed_in.find("#operation option:first-child").click()
    run(signed_in)
    caret_behind(signed_in, "query One")
    signed_in.press("X")
    run(signed_in)
    assert [body["operationName"] for body in server.seen] == ["Two", "One", "OneX"]


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


def test_history_brings_a_request_back(signed_in: Browser) -> None:
    write(signed_in, KPIS, '{"first": 1}')
    run(signed_in)
    write(signed_in, "{ broken }")
    run(signed_in)
    signed_in.reload()
    assert query_of(signed_in) == "{ broken }"
    signed_in.find("#tab-history").click()
    cards = [text.split("\n") for text in signed_in.texts(".card")]
    assert [card[:3] for card in cards] == [
        ["query without a name", "broken", "200, 1 error"],
        ["query Kpis", "kpis nodes id name", "200"],
    ]
    signed_in.all(".card")[1].click()
    assert (query_of(signed_in), signed_in.find("#variables").value) == (KPIS, '{"first": 1}')
    assert TOKEN not in signed_in.run("return sessionStorage.getItem('azimuth.explorer.history')")
    signed_in.button("Clear").click()
    assert signed_in.all(".card") == []


@pytest.mark.long
def test_history_ends_after_twenty(signed_in: Browser) -> None:
    for number in range(22):
        write(signed_in, f"query Number{number} {{ __typename }}")
        run(signed_in)
    signed_in.find("#tab-history").click()
    titles = signed_in.texts(".card-title")
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

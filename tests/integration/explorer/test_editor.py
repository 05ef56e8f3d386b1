"""Typing, colour and layout of the query."""

import pytest

from tests.browser import CONTROL, ENTER, ESCAPE, SHIFT, TAB, Browser
from tests.integration.explorer.steps import caret_behind, query_of, write


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
    matched = "return [...document.querySelectorAll('.matched')].map((one) => one.textContent)"
    page.until(lambda: page.run(matched) == ["{", "}"])
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

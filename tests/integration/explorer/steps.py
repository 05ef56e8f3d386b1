"""What a person does on the page."""

import json
from typing import Any

from tests.browser import CONTROL, ENTER, Browser


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

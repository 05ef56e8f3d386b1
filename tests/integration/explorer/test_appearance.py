"""The page for every screen, scheme, keyboard and reader; and what the browser forbids it."""

import pytest

from tests.browser import ARROW_RIGHT, ENTER, ESCAPE, Browser
from tests.integration.explorer.steps import query_of, run, write

KPIS = "query Kpis($first: Int!) { kpis(first: $first) { nodes { id name value } } }"
TWO = "query One { kpi(id: 1) { name } }\nquery Two { kpi(id: 2) { name } }"


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

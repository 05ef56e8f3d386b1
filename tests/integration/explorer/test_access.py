"""How the page gets a token, keeps it and lets it go."""

from tests.browser import ENTER, Browser
from tests.integration.explorer.server import CLIENT, TOKEN, ExplorerServer
from tests.integration.explorer.steps import run, write


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


def test_an_expired_token_says_so(page: Browser) -> None:
    # {"exp": 1} between two dots: the page reads the date and leaves the signature to the server.
    page.run("location.hash = 'token=e30.eyJleHAiOjF9.sig'")
    page.until(lambda: page.find("#access-open").text == "Token expired")


def test_a_refused_token_leads_to_the_dialog(page: Browser) -> None:
    write(page, "{ __typename }")
    run(page)
    assert page.find(".facts .badge").text == "401 Unauthorized"
    assert "The token is not known" in page.find(".notes").text
    assert "UNAUTHENTICATED No valid token." in page.find(".problem").text
    page.button("Set a token", "#response").click()
    assert page.find("#access").shown

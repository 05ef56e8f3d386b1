"""The page on which people sign in and consent, as a browser and an attacker meet it."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import func, select

from tenants.access.kinds import AppKind
from tenants.access.models import SignInAttempt
from tenants.database import Database
from tests.factories.people import new_person
from tests.integration.oauth.browser import Page, Visit, press, received
from tests.integration.oauth.world import REDIRECT, ManualClock, World, new_app


@pytest.fixture
async def other_http(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address) as client:
        yield client


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "azc_unknown"},
        {"client_id": None},
        {"client_id": "a\0b"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": REDIRECT + "&more=1"},
        {"redirect_uri": REDIRECT.replace("/callback", "/callback/../evil")},
        {"redirect_uri": 'https://evil.example/"\\\u00e9'},
        {"redirect_uri": "https://evil.example/", "response_type": "token"},
        {"client_id": "azc_unknown", "response_type": '"\\'},
    ],
)
async def test_an_address_that_is_not_the_apps_is_never_redirected_to(
    http: httpx2.AsyncClient, world: World, wrong: dict[str, str | None]
) -> None:
    answer = await Visit(http, world.front_end, wrong).open()
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert "form" not in Page(answer.text).tags


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'code "token"\u00e9'}, "unsupported_response_type"),
        ({"scope": "read_metrics manage_organization"}, "invalid_scope"),
        ({"scope": "unheard_of"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ],
)
async def test_other_errors_go_to_the_app(
    http: httpx2.AsyncClient, world: World, wrong: dict[str, str | None], error: str
) -> None:
    visit = Visit(http, world.front_end, wrong)
    arrived = received(await visit.open())
    assert arrived["error"] == error
    assert arrived["state"] == visit.state
    assert arrived["iss"] == str(http.base_url).rstrip("/")
    assert "code" not in arrived


async def test_a_parameter_given_twice_is_refused(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    twice = {**visit.parameters, "redirect_uri": [REDIRECT, "https://evil.example/"]}
    answer = await http.get("/oauth/authorize", params=twice)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_who_declines_sends_the_app_away_with_nothing(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    before = received(await visit.submit(await visit.open(), "deny"))
    after = received(await visit.submit(await visit.sign_in(world.owner), "deny"))
    for arrived in (before, after):
        assert arrived["error"] == "access_denied"
        assert arrived["state"] == visit.state
        assert "code" not in arrived


async def test_who_is_signed_in_is_asked_for_consent_only(http: httpx2.AsyncClient, world: World) -> None:
    await Visit(http, world.front_end).sign_in(world.owner)
    second = await Visit(http, world.machine).open()
    assert "password" not in Page(second.text).fields
    assert world.owner.address in second.text
    left = await Visit(http, world.machine).submit(second, "leave")
    again = await http.get(left.url.join(left.headers["location"]))
    assert "password" in Page(again.text).fields


async def test_a_sign_in_is_forgotten_after_a_quarter_of_an_hour(
    http: httpx2.AsyncClient, world: World, clock: ManualClock
) -> None:
    visit = Visit(http, world.front_end)
    consent = await visit.sign_in(world.owner)
    clock.advance(minutes=15)
    late = await visit.submit(consent, "allow")
    assert late.status_code == 403
    assert "password" in Page((await visit.open()).text).fields


async def test_a_stranger_cannot_let_an_app_in(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    page = await visit.sign_in(world.stranger)
    assert page.status_code == 403
    assert "not a member of North & Sons" in Page(page.text).text
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"


async def test_a_member_who_may_nothing_of_it_cannot_either(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end, {"scope": "write_kpis"})
    page = await visit.sign_in(world.viewer)
    assert page.status_code == 403
    assert "Your role" in Page(page.text).text
    assert received(await visit.submit(page, "allow"))["error"] == "access_denied"


async def test_consent_cannot_be_forged(http: httpx2.AsyncClient, other_http: httpx2.AsyncClient, world: World) -> None:
    """The victim is signed in; the attacker has a browser, an account and an app request of their own."""
    visit = Visit(http, world.front_end)
    consent = await visit.sign_in(world.owner)
    attack = Visit(other_http, world.front_end)
    attackers = Page((await attack.sign_in(world.viewer)).text).fields["form_token"]
    anonymous = Page((await Visit(other_http, world.front_end).open()).text).fields["form_token"]
    own = Page(consent.text).fields["form_token"]
    another_request = Visit(http, world.machine).parameters
    for token, query in (
        ("", visit.parameters),
        ("0" * 64, visit.parameters),
        ("\u00e9", visit.parameters),
        (attackers, attack.parameters),
        (anonymous, attack.parameters),
        (own, another_request),
    ):
        answer = await http.post("/oauth/authorize", params=query, data={"action": "allow", "form_token": token})
        assert answer.status_code == 403
        assert "location" not in answer.headers
    assert "code" in received(await visit.submit(consent, "allow"))


async def test_nobody_consents_without_having_signed_in(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    assert received(await visit.submit(await visit.open(), "allow"))["error"] == "access_denied"


async def test_a_cookie_planted_before_sign_in_is_worth_nothing_after(
    http: httpx2.AsyncClient, other_http: httpx2.AsyncClient, world: World
) -> None:
    planted = Visit(other_http, world.front_end)
    page = await planted.open()
    http.cookies.update(other_http.cookies)
    await Visit(http, world.front_end).sign_in(world.owner)
    assert "password" in Page((await planted.open()).text).fields
    assert received(await planted.submit(page, "allow"))["error"] == "access_denied"


async def test_a_cookie_cannot_be_written_by_hand(http: httpx2.AsyncClient, world: World) -> None:
    await Visit(http, world.front_end).open()
    name, value = next(iter(http.cookies.items()))
    browser, expires_at, _, signature = value.split(".")
    for forged in (
        f"{browser}.{expires_at}.{world.owner.person_id}.{signature}",
        f"{browser}.{expires_at}.{world.owner.person_id}.",
        f"{browser}.{expires_at}.{world.owner.person_id}",
        "." * 3,
        "x",
    ):
        http.cookies.clear()
        http.cookies.set(name, forged)
        page = await Visit(http, world.front_end).open()
        assert page.status_code == 200
        assert "password" in Page(page.text).fields


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites_forms(
    http: httpx2.AsyncClient, world: World
) -> None:
    answer = await Visit(http, world.front_end).open()
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes


async def test_names_are_shown_and_not_executed(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end, {"state": '"><script>alert(1)</script>'})
    pages = [
        await visit.open(),
        await visit.submit(await visit.open(), "sign_in", address='"><script>x', password="wrong"),
        await visit.sign_in(world.stranger),
        await visit.sign_in(world.owner),
    ]
    for page in pages:
        assert not {"script", "b"} & set(Page(page.text).tags)
    assert '<b>Front</b> & "end"' in Page(pages[0].text).text
    assert Page(pages[1].text).fields["address"] == '"><script>x'
    assert "North & Sons" in Page(pages[3].text).text


async def test_no_other_site_can_frame_script_or_style_the_pages(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    for page in (await visit.open(), await visit.sign_in(world.owner)):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' https://agency.example;" in policy
        assert "unsafe" not in policy
        style = page.text.split("<style>")[1].split("</style>")[0]
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{allowed}'" in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert not {"img", "link", "iframe"} & set(Page(page.text).tags)


async def test_wrong_password_and_unknown_person_are_told_the_same(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    visit = Visit(http, world.front_end)
    known = await new_person(database, world.organization_id)
    texts = []
    for address in (known.address, "nobody@agency.example", "no address", "nul\0@agency.example"):
        answer = await visit.submit(await visit.open(), "sign_in", address=address, password="wrong password")
        assert answer.status_code == 403
        texts.append(Page(answer.text).text)
    assert len(set(texts)) == 1
    assert "do not belong together" in texts[0]


async def test_guessing_is_stopped_and_the_right_password_does_not_help_then(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    victim = await new_person(database, world.organization_id)
    visit = Visit(http, world.front_end)
    page = await visit.open()

    async def guess() -> int:
        answer = await press(http, page, "sign_in", address=victim.address, password="a wrong guess")
        return answer.status_code

    assert [await guess() for _ in range(5)] == [403] * 5
    at_once = await asyncio.gather(*(guess() for _ in range(10)))
    assert sorted(at_once) == [403] * 5 + [429] * 5
    stopped = await visit.sign_in(victim)
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["retry-after"]) <= 15 * 60
    assert "Too many failed attempts" in Page(stopped.text).text
    assert (await Visit(http, world.front_end).sign_in(world.owner)).status_code == 200
    http.cookies.clear()
    clock.advance(seconds=int(stopped.headers["retry-after"]))
    assert "code" in await visit.authorize(victim)


async def test_attempts_are_forgotten_in_time(
    http: httpx2.AsyncClient, database: Database, world: World, clock: ManualClock
) -> None:
    page = await Visit(http, world.front_end).open()
    for address in ("a@nowhere.example", "b@nowhere.example"):
        await press(http, page, "sign_in", address=address, password="wrong password")
    clock.advance(minutes=16)
    await press(http, page, "sign_in", address="c@nowhere.example", password="wrong password")
    async with database.snapshot() as session:
        oldest = await session.scalar(select(func.min(SignInAttempt.created_at)))
    assert oldest is not None
    assert oldest > clock.now() - timedelta(minutes=15)


async def test_a_form_without_a_known_action_does_nothing(http: httpx2.AsyncClient, world: World) -> None:
    visit = Visit(http, world.front_end)
    answer = await visit.submit(await visit.sign_in(world.owner), "grant_everything")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_an_app_on_this_machine_may_be_returned_to(
    http: httpx2.AsyncClient, database: Database, world: World
) -> None:
    local = "http://[::1]:8765/callback"
    app = await new_app(database, world.organization_id, AppKind.PUBLIC, redirect_uris=(local,))
    visit = Visit(http, app, {"redirect_uri": local})
    consent = await visit.sign_in(world.owner)
    assert "form-action 'self' http:;" in consent.headers["content-security-policy"]
    allowed = await visit.submit(consent, "allow")
    location = urlsplit(allowed.headers["location"])
    assert location.netloc == "[::1]:8765"
    assert set(parse_qs(location.query)) == {"code", "state", "iss"}

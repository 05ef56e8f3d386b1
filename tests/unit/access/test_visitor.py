from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from api.oauth.visitor import Visitor, new_visitor, read_visitor, write_visitor
from tenants.ids import new_id
from tenants.secrets.sealing import DataKey

KEY = DataKey({1: b"k" * 32}, b"m" * 32)
OTHER_KEY = DataKey({1: b"k" * 32}, b"n" * 32)
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def cookie_of(visitor: Visitor, *, secure: bool) -> str:
    response = Response()
    write_visitor(response, visitor, KEY, now=NOW, secure=secure)
    return response.headers["set-cookie"]


def read(cookie: str, *, key: DataKey = KEY, secure: bool = True, now: datetime = NOW) -> Visitor | None:
    scope = {"type": "http", "headers": [(b"cookie", cookie.partition(";")[0].encode())]}
    return read_visitor(Request(scope), key, now=now, secure=secure)


def test_what_a_browser_keeps_is_what_it_shows() -> None:
    for visitor in (new_visitor(NOW), new_visitor(NOW, new_id())):
        assert read(cookie_of(visitor, secure=True)) == visitor


def test_on_https_no_neighbor_and_no_script_can_touch_the_cookie() -> None:
    cookie = cookie_of(new_visitor(NOW, new_id()), secure=True)
    name, *attributes = cookie.lower().split("; ")
    # Browsers accept the prefix only from https, with Path=/ and without Domain.
    assert name.startswith("__host-")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(attributes)
    assert not any(attribute.startswith("domain") for attribute in attributes)


def test_a_cookie_set_over_http_is_not_taken_for_one_set_over_https() -> None:
    assert read(cookie_of(new_visitor(NOW, new_id()), secure=False), secure=True) is None


def test_a_cookie_of_another_installation_says_nothing() -> None:
    assert read(cookie_of(new_visitor(NOW, new_id()), secure=True), key=OTHER_KEY) is None


def test_a_sign_in_ends_after_a_quarter_of_an_hour() -> None:
    cookie = cookie_of(new_visitor(NOW, new_id()), secure=True)
    assert read(cookie, now=NOW + timedelta(minutes=14, seconds=59)) is not None
    assert read(cookie, now=NOW + timedelta(minutes=15)) is None

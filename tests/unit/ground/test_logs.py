import pytest

from tenants.logs import redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        "refresh_token=hunter2hunter2&x=1",
        '{"client_secret": "hunter2hunter2"}',
        "GET /oauth/callback/shopify?code=hunter2hunter2&hmac=hunter2hunter2&state=hunter2hunter2",
        "could not connect to postgresql://azimuth_app:hunter2hunter2@db/azimuth",
        "customer jane.doe@example.com asked",
    ],
)
def test_what_looks_like_a_secret_or_an_address_stays_inside(text: str) -> None:
    shown = str(redact(None, "info", {"event": text})["event"])
    assert "hunter2" not in shown
    assert "abcdefgh12345678" not in shown
    assert "jane.doe" not in shown


def test_named_secrets_stay_inside_whatever_they_look_like() -> None:
    assert redact(None, "info", {"event": "x", "password": "1234"})["password"] == "[redacted]"


def test_secrets_stay_inside_however_deep_they_lie() -> None:
    event = {
        "event": "x",
        "detail": {"token": "hunter2", "of": ["jane.doe@example.com"]},
        "error": ValueError("code=hunter2"),
    }
    shown = str(redact(None, "info", event))
    assert "hunter2" not in shown
    assert "jane.doe" not in shown


def test_the_rest_is_left_alone() -> None:
    event = {"event": "graphql", "operation": "Dashboard", "milliseconds": 12.5}
    assert redact(None, "info", dict(event)) == event

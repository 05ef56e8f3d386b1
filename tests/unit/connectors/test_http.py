import gzip
from time import perf_counter

import httpx2
import pytest

from connectors.http import Reply, open_client, post_json
from domain.ports.errors import AnswerUnusable, ProviderUnavailable
from tests.unit.connectors.shopify.stage import Wire

URL = "https://first-light.myshopify.com/anything"


async def test_a_reply_is_read_whole_whatever_its_status() -> None:
    wire = Wire(httpx2.Response(418, json={"short": "stout"}, headers={"Retry-After": "2.5"}))
    reply = await post_json(wire.http(), URL, {"a": 1})
    assert (reply.status, reply.json(), reply.seconds("retry-after")) == (418, {"short": "stout"}, 2.5)
    assert wire.requests[0].headers["user-agent"] == "azimuth"
    assert wire.requests[0].content == b'{"a":1}'


async def test_a_redirect_is_not_followed() -> None:
    wire = Wire(httpx2.Response(302, headers={"location": "https://elsewhere.example/"}))
    reply = await post_json(wire.http(), URL, {}, {"x-shopify-access-token": "secret"})
    assert reply.status == 302
    assert len(wire.requests) == 1


async def test_an_endless_answer_is_cut_off() -> None:
    wire = Wire(httpx2.Response(200, content=b"x" * 2048))
    with pytest.raises(AnswerUnusable, match="larger than 1024 bytes"):
        await post_json(wire.http(), URL, {}, max_body=1024)


async def test_an_answer_that_unpacks_to_too_much_is_cut_off() -> None:
    packed = gzip.compress(b"0" * 5_000_000)
    assert len(packed) < 10_000
    wire = Wire(httpx2.Response(200, content=packed, headers={"content-encoding": "gzip"}))
    with pytest.raises(AnswerUnusable, match="larger"):
        await post_json(wire.http(), URL, {}, max_body=100_000)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("cut off"),
    ],
)
async def test_no_answer_is_an_outage_and_tells_no_secret(trouble: Exception) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        await post_json(Wire(trouble).http(), URL, {"refresh_token": "secret"}, {"x-token": "secret"})
    assert "secret" not in str(caught.value)


class Log:
    """Who is told of calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int | None]] = []

    def ended(self, operation: str, began: float, status: int | None) -> None:
        assert perf_counter() - 10 < began <= perf_counter()
        self.calls.append((operation, status))


async def test_each_call_is_told_with_how_it_ended() -> None:
    log = Log()
    wire = Wire(httpx2.Response(200), httpx2.Response(503), httpx2.ReadTimeout("slow"), httpx2.Response(200, text="xx"))
    for _ in range(2):
        await post_json(wire.http(), URL, {}, operation="Orders", calls=log)
    with pytest.raises(ProviderUnavailable):
        await post_json(wire.http(), URL, {}, operation="Orders", calls=log)
    with pytest.raises(AnswerUnusable):
        await post_json(wire.http(), URL, {}, max_body=1, operation="Orders", calls=log)
    assert log.calls == [("Orders", 200), ("Orders", 503), ("Orders", None), ("Orders", None)]


async def test_what_is_not_json_is_unusable() -> None:
    reply = await post_json(Wire(httpx2.Response(200, content=b"<html>")).http(), URL, {})
    with pytest.raises(AnswerUnusable, match="not JSON"):
        reply.json()


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e99"])
def test_a_wait_that_makes_no_sense_is_none(text: str) -> None:
    assert Reply(429, {"retry-after": text}, b"").seconds("retry-after") is None


async def test_surroundings_cannot_redirect_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:1")
    async with open_client() as http:
        assert http.trust_env is False

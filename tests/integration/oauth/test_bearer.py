import httpx2
import pytest

from api.oauth.bearer import Unauthorized, authenticate
from api.oauth.tokens import AccessTokens
from tenants.access.callers import Callers
from tests.integration.oauth.world import ManualClock, World

CHALLENGE = 'Bearer realm="azimuth", resource_metadata="{issuer}/.well-known/oauth-protected-resource/graphql"'


@pytest.fixture
async def token(http: httpx2.AsyncClient, world: World) -> str:
    credentials = (world.machine.client_id, world.machine.secret)
    answer = await http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    issued: str = answer.json()["access_token"]
    return issued


async def test_who_shows_a_token_is_known(tokens: AccessTokens, callers: Callers, token: str, world: World) -> None:
    for header in (f"Bearer {token}", f"bearer  {token} "):
        assert (await authenticate(header, tokens, callers)).client_id == world.machine.client_id


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc"])
async def test_who_shows_none_is_told_how_and_no_more(
    tokens: AccessTokens, callers: Callers, header: str | None
) -> None:
    with pytest.raises(Unauthorized) as refused:
        await authenticate(header, tokens, callers)
    assert refused.value.challenge == CHALLENGE.format(issuer=tokens.terms.issuer)


@pytest.mark.parametrize("header", ["Bearer a b", 'Bearer "x"', "Bearer é", "Bearer x.y.z", "Bearer \0"])
async def test_who_shows_something_else_is_told_so(tokens: AccessTokens, callers: Callers, header: str) -> None:
    with pytest.raises(Unauthorized) as refused:
        await authenticate(header, tokens, callers)
    assert 'error="invalid_token"' in refused.value.challenge


async def test_an_expired_token_is_named_as_such(
    tokens: AccessTokens, callers: Callers, token: str, clock: ManualClock
) -> None:
    clock.advance(seconds=600)
    with pytest.raises(Unauthorized, match="expired") as refused:
        await authenticate(f"Bearer {token}", tokens, callers)
    assert 'error="invalid_token"' in refused.value.challenge
    assert token not in refused.value.challenge

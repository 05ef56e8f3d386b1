"""Machines get tokens with their own credentials."""

import httpx2

from api.oauth.tokens import AccessTokens
from tests.integration.oauth.world import SCOPES, World

GRANT = {"grant_type": "client_credentials"}


async def test_a_machine_gets_a_token_for_itself(http: httpx2.AsyncClient, tokens: AccessTokens, world: World) -> None:
    answer = await http.post("/oauth/token", data=GRANT, auth=(world.machine.client_id, world.machine.secret))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert set(body["scope"].split()) == set(SCOPES)
    actor = await tokens.verify(body["access_token"])
    assert actor.organization_id == world.organization_id
    assert actor.app_id == world.machine.app_id
    assert actor.client_id == world.machine.client_id
    assert actor.scopes == set(SCOPES)
    assert actor.person_id is None

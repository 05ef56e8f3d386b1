"""A client library that is told the issuer and nothing else finds its way."""

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from api.oauth.routes import routes
from api.oauth.tokens import AccessTokens
from tenants.access.callers import Callers
from tenants.access.kinds import AppKind
from tenants.database import Database
from tenants.secrets.keyring import KeyRing
from tenants.settings import ConfigurationError, Settings
from tests.factories.keys import jwks_of, known_key
from tests.integration.oauth.browser import press
from tests.integration.oauth.world import REDIRECT, World, new_app


async def test_the_metadata_are_valid_and_lead_to_what_exists(http: httpx2.AsyncClient) -> None:
    issuer = str(http.base_url).rstrip("/")
    answer = await http.get("/.well-known/oauth-authorization-server")
    described = answer.json()
    AuthorizationServerMetadata(described).validate()
    assert described["issuer"] == issuer
    assert described["code_challenge_methods_supported"] == ["S256"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (await http.post(described["token_endpoint"])).status_code == 400
    assert (await http.get(described["authorization_endpoint"])).status_code == 400
    assert (await http.get(described["jwks_uri"])).json()["keys"]


async def test_an_ordinary_client_library_signs_a_person_in(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World
) -> None:
    described = (await http.get("/.well-known/oauth-authorization-server")).json()
    async with AsyncOAuth2Client(
        world.front_end.client_id,
        redirect_uri=REDIRECT,
        scope="read_metrics",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    ) as library:
        verifier = "v" * 64
        url, _state = library.create_authorization_url(described["authorization_endpoint"], code_verifier=verifier)
        page = await http.get(url)
        signed_in = await press(http, page, "sign_in", address=world.owner.address, password=world.owner.password)
        consent = await http.get(signed_in.url.join(signed_in.headers["location"]))
        allowed = await press(http, consent, "allow")
        token = await library.fetch_token(
            described["token_endpoint"], authorization_response=allowed.headers["location"], code_verifier=verifier
        )
    assert (await tokens.verify(token["access_token"])).person_id == world.owner.person_id


async def test_an_ordinary_client_library_signs_a_machine_in(
    http: httpx2.AsyncClient, tokens: AccessTokens, world: World
) -> None:
    described = (await http.get("/.well-known/oauth-authorization-server")).json()
    async with AsyncOAuth2Client(world.machine.client_id, world.machine.secret) as library:
        token = await library.fetch_token(described["token_endpoint"], grant_type="client_credentials")
    assert (await tokens.verify(token["access_token"])).app_id == world.machine.app_id


async def test_an_ordinary_client_library_signs_a_machine_in_by_its_key(
    http: httpx2.AsyncClient, database: Database, tokens: AccessTokens, world: World
) -> None:
    described = (await http.get("/.well-known/oauth-authorization-server")).json()
    key = known_key("ES256")
    app = await new_app(database, world.organization_id, AppKind.CONFIDENTIAL, jwks=jwks_of(key))
    async with AsyncOAuth2Client(app.client_id, key, token_endpoint_auth_method="private_key_jwt") as library:
        library.register_client_auth_method(PrivateKeyJWT(described["token_endpoint"], alg="ES256"))
        token = await library.fetch_token(described["token_endpoint"], grant_type="client_credentials")
    assert (await tokens.verify(token["access_token"])).app_id == app.app_id


@pytest.mark.parametrize("public_url", ["http://api.example.com", "http://192.168.1.7:8400", "http://127.0.0.1.nip.io"])
def test_the_server_does_not_start_where_passwords_would_travel_in_the_clear(
    database: Database, keyring: KeyRing, tokens: AccessTokens, public_url: str
) -> None:
    with pytest.raises(ConfigurationError, match="AZIMUTH_PUBLIC_URL"):
        routes(database, Settings(public_url=public_url), keyring, tokens, Callers(database))

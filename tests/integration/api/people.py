"""People at a browser, who allow an app to act for them and then call the API through it."""

import httpx2

from tests.factories.people import KnownPerson
from tests.integration.api.client import Caller
from tests.integration.oauth.browser import Visit
from tests.integration.oauth.world import KnownApp


async def sign_in_to(
    http: httpx2.AsyncClient, app: KnownApp, person: KnownPerson, *scopes: str, organization: str | None = None
) -> Caller:
    """Through the authorization page, with a browser that has no past."""
    http.cookies.clear()
    visit = Visit(http, app, {"scope": " ".join(scopes), "organization": organization})
    answer = await visit.redeem((await visit.authorize(person))["code"])
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"])

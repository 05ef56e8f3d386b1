"""The authorization code grant of an app that is not embedded: offline tokens that expire and rotate."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import httpx2

from connectors.http import Reply, post_json
from connectors.shopify.answers import check_status
from connectors.shopify.fields import Fields
from connectors.shopify.shops import checked_shop, shop_url
from domain.ports.calls import Calls
from domain.ports.errors import AnswerUnusable, ConsentRefused, ReauthRequired
from domain.ports.provider import AppCredentials, Consent, TokenSet

CALLBACK_AGE = timedelta(seconds=90)
CLOCK_SKEW = timedelta(seconds=15)
UNSIGNED = ("hmac", "signature")
# What JavaScript's encodeURIComponent leaves as it is.
UNRESERVED = "-_.!~*'()"
ERROR_CODE = re.compile(r"[a-z_]{1,64}")

Query = Sequence[tuple[str, str]]


class ShopifyOAuth:
    def __init__(self, http: httpx2.AsyncClient, calls: Calls | None = None) -> None:
        self._http = http
        self._calls = calls

    def account_name(self, text: str) -> str:
        return checked_shop(text.strip())

    def authorize_url(self, app: AppCredentials, account: str, *, state: str, redirect_uri: str) -> str:
        query = {
            "client_id": app.client_id,
            "scope": ",".join(app.scopes),
            "redirect_uri": redirect_uri,
            "state": state,
            # Empty asks for an offline token, one that outlives the merchant's session.
            "grant_options[]": "",
        }
        return f"{shop_url(app, account)}/admin/oauth/authorize?{urlencode(query, quote_via=quote)}"

    def state_of(self, query: Query) -> str:
        return once(query, "state")

    def verify_callback(self, app: AppCredentials, query: Query, *, now: datetime) -> Consent:
        """Domain, signature and age, in this order; only then is anything else in the query believed."""
        try:
            account = checked_shop(once(query, "shop"))
        except ValueError:
            raise ConsentRefused("the callback names no Shopify shop") from None
        check_signature(app.client_secret, query)
        check_age(once(query, "timestamp"), now)
        names = {name for name, _ in query}
        if "error" in names:
            denied = once(query, "error") == "access_denied"
            text = "the merchant declined" if denied else "Shopify reported an error instead of a consent"
            raise ConsentRefused(text, code="CONSENT_DENIED" if denied else None)
        return Consent(account=account, code=once(query, "code"), state=once(query, "state"))

    async def exchange(self, app: AppCredentials, account: str, code: str, *, now: datetime) -> TokenSet:
        content = {"code": code, "expiring": "1"}
        reply = await self._token(app, account, content)
        if reply.status in (400, 401, 403):
            reason = error_code(reply)
            # The app itself is unknown or its secret is wrong: nothing the merchant could do better.
            refused = "APP_REFUSED" if reason == "invalid_client" else None
            raise ConsentRefused(f"Shopify refused the code: {reason or reply.status}", code=refused)
        return token_set(answered(reply), now)

    async def refresh(self, app: AppCredentials, account: str, refresh_token: str, *, now: datetime) -> TokenSet:
        """On ProviderUnavailable the same refresh token still works: Shopify keeps it until its successor is used."""
        content = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        reply = await self._token(app, account, content)
        if error_code(reply) == "invalid_grant":
            raise ReauthRequired("Shopify takes the refresh token no more")
        return token_set(answered(reply), now)

    async def _token(self, app: AppCredentials, account: str, content: dict[str, str]) -> Reply:
        url = f"{shop_url(app, account)}/admin/oauth/access_token"
        identity = {"client_id": app.client_id, "client_secret": app.client_secret}
        everything = {**identity, **content}
        return await post_json(self._http, url, everything, max_body=64 * 1024, operation="Token", calls=self._calls)


def once(query: Query, name: str) -> str:
    """A parameter given twice would let the signature cover one value and us believe the other."""
    values = [value for key, value in query if key == name]
    if len(values) != 1 or not values[0]:
        raise ConsentRefused(f"the callback needs exactly one {name}")
    return values[0]


def check_signature(secret: str, query: Query) -> None:
    claimed = once(query, "hmac").lower().encode("utf-8", "surrogatepass")
    expected = [hmac.new(secret.encode(), text, hashlib.sha256).hexdigest().encode() for text in signed_texts(query)]
    if not any(hmac.compare_digest(claimed, one) for one in expected):
        raise ConsentRefused("the callback is not signed by Shopify")


def signed_texts(query: Query) -> list[bytes]:
    """The text under the signature, in the two spellings of Shopify's own libraries.

    One escapes the separators alone, the other everything a URL would (a space as %20, never +). Either decodes to
    one query only, and to the same one: accepting both accepts nothing that was not signed.
    """
    pairs = sorted(signed_pairs(query))
    plain = "&".join(f"{escaped(name).replace('=', '%3D')}={escaped(value)}" for name, value in pairs)
    encoded = "&".join(f"{percent_encoded(name)}={percent_encoded(value)}" for name, value in pairs)
    return [text.encode("utf-8", "surrogatepass") for text in (plain, encoded)]


def signed_pairs(query: Query) -> Iterator[tuple[str, str]]:
    """ids[]=1&ids[]=2 is signed as ids=["1", "2"]; any other name may stand once only."""
    values: dict[str, list[str]] = {}
    for name, value in query:
        if name not in UNSIGNED:
            values.setdefault(name, []).append(value)
    for name, given in values.items():
        single = name.removesuffix("[]")
        if name != single and single not in values:
            yield single, json.dumps(given, ensure_ascii=False)
        elif name == single and len(given) == 1:
            yield name, given[0]
        else:
            raise ConsentRefused("the callback gives a parameter more than once")


def escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")


def percent_encoded(text: str) -> str:
    return quote(text, safe=UNRESERVED, errors="surrogatepass")


def check_age(timestamp: str, now: datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise ConsentRefused("the callback's timestamp is not one")
    age = now - datetime.fromtimestamp(int(timestamp), UTC)
    if not -CLOCK_SKEW <= age <= CALLBACK_AGE + CLOCK_SKEW:
        raise ConsentRefused("the callback is too old; begin again", code="CONSENT_STALE")


def error_code(reply: Reply) -> str | None:
    """The `error` of an OAuth answer, where it is one of the short words it should be."""
    try:
        body = reply.json()
    except AnswerUnusable:
        return None
    code = body.get("error") if isinstance(body, dict) else None
    return code if isinstance(code, str) and ERROR_CODE.fullmatch(code) else None


def answered(reply: Reply) -> Reply:
    """The reply when it is a 200. Not a word of another one is quoted: the request held the client secret."""
    if reply.status in (400, 401, 403):
        text = f"Shopify refused the token request with {reply.status} {error_code(reply) or ''}".rstrip()
        raise AnswerUnusable(text, code="QUERY_REFUSED")
    check_status("the token request", reply)
    return reply


def token_set(reply: Reply, now: datetime) -> TokenSet:
    fields = Fields.of(reply.json(), "token")
    refresh_token = fields.optional_text("refresh_token") if fields.has("refresh_token") else None
    return TokenSet(
        access_token=fields.text("access_token"),
        access_expires_at=after(fields, "expires_in", now),
        refresh_token=refresh_token,
        refresh_expires_at=after(fields, "refresh_token_expires_in", now) if refresh_token else None,
        scopes=tuple(scope.strip() for scope in fields.text("scope").split(",") if scope.strip()),
    )


def after(fields: Fields, name: str, now: datetime) -> datetime | None:
    """None for a token that does not expire: custom apps may still hold one."""
    return now + timedelta(seconds=fields.whole(name)) if fields.has(name) else None

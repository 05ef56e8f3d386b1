from datetime import timedelta

import pytest

from domain.ports.errors import AnswerUnusable, ConsentRefused, ProviderUnavailable, ReauthRequired
from domain.ports.provider import Provider
from tests.contracts.shopify.house import REDIRECT_URI, SCOPES, Installed, Store, consented, credentials, utcnow


async def test_a_merchant_consents_and_we_hold_tokens_that_end(store: Store, provider: Provider) -> None:
    before = utcnow()
    tokens = await consented(provider, store)
    assert tokens.scopes == SCOPES
    assert tokens.access_expires_at is not None
    assert tokens.refresh_expires_at is not None
    assert timedelta(minutes=59) < tokens.access_expires_at - before < timedelta(minutes=61)
    assert tokens.refresh_expires_at - before > timedelta(days=89)


def test_the_consent_page_opens_at_the_address_we_send_the_merchant_to(store: Store, provider: Provider) -> None:
    url = provider.oauth.authorize_url(credentials(store.desk), store.domain, state="s", redirect_uri=REDIRECT_URI)
    page = store.desk.plain.get(url)
    assert page.status_code == 200
    assert all(scope in page.text for scope in SCOPES)


def test_a_refusal_by_the_merchant_is_no_consent(store: Store, provider: Provider) -> None:
    query = list(store.consent(decision="cancel", state="st4te").items())
    assert provider.oauth.state_of(query) == "st4te"
    with pytest.raises(ConsentRefused) as caught:
        provider.oauth.verify_callback(credentials(store.desk), query, now=utcnow())
    assert caught.value.code == "CONSENT_DENIED"


def test_odd_characters_of_our_state_survive_the_signature(store: Store, provider: Provider) -> None:
    query = list(store.consent(state="odd & state=\u00fc+ 100%~").items())
    consent = provider.oauth.verify_callback(credentials(store.desk), query, now=utcnow())
    assert consent.state == "odd & state=\u00fc+ 100%~"


def test_a_callback_signed_with_another_secret_is_refused(store: Store, provider: Provider) -> None:
    query = list(store.consent().items())
    with pytest.raises(ConsentRefused, match="not signed"):
        provider.oauth.verify_callback(credentials(store.desk, secret="other"), query, now=utcnow())


async def test_scopes_the_merchant_left_out_are_seen(store: Store, provider: Provider) -> None:
    tokens = await consented(provider, store, ("read_orders",))
    assert tokens.scopes == ("read_orders",)


async def test_a_code_is_good_once(store: Store, provider: Provider) -> None:
    code = store.consent()["code"]
    app = credentials(store.desk)
    await provider.oauth.exchange(app, store.domain, code, now=utcnow())
    with pytest.raises(ConsentRefused):
        await provider.oauth.exchange(app, store.domain, code, now=utcnow())


async def test_a_wrong_secret_is_the_operators_fault(store: Store, provider: Provider) -> None:
    with pytest.raises(ConsentRefused) as caught:
        await provider.oauth.exchange(credentials(store.desk, secret="other"), store.domain, "c", now=utcnow())
    assert caught.value.code == "APP_REFUSED"
    with pytest.raises(AnswerUnusable):
        await provider.oauth.refresh(credentials(store.desk, secret="other"), store.domain, "r", now=utcnow())


async def test_refresh_tokens_rotate(shop: Installed) -> None:
    first = shop.keeper.tokens
    await shop.keeper.renewed(first.access_token)
    second = shop.keeper.tokens
    assert second.refresh_token != first.refresh_token
    assert await shop.ids("shop") != []


async def test_after_a_lost_answer_the_old_refresh_token_still_works(shop: Installed) -> None:
    shop.fault("lose_answer", endpoint="token")
    old = shop.keeper.tokens
    with pytest.raises(ProviderUnavailable):
        await shop.keeper.renewed(old.access_token)
    await shop.keeper.renewed(old.access_token)
    assert shop.keeper.tokens.refresh_token != old.refresh_token


async def test_a_dead_refresh_token_needs_the_owner(shop: Installed) -> None:
    shop.store.control("POST", "/tokens/revoke", {"client_id": shop.keeper.app.client_id})
    with pytest.raises(ReauthRequired):
        await shop.ids("shop")

"""What a shop is called, and where it is reached."""

import re

from domain.ports.provider import AppCredentials

# A label of a domain has at most 63 characters (RFC 1035, 2.3.4).
SHOP = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\.myshopify\.com")


def checked_shop(text: str) -> str:
    """The canonical domain of a shop. Raises ValueError with words for the user."""
    shop = text.lower()
    if SHOP.fullmatch(shop) is None:
        raise ValueError("Give the shop's own address at Shopify, such as your-shop.myshopify.com")
    return shop


def shop_url(app: AppCredentials, account: str) -> str:
    """Checks the name whoever gives it: a token must never be sent to a host of a stranger's choice."""
    return app.base_url.format(shop=checked_shop(account)).rstrip("/")


def may(app: AppCredentials, scope: str) -> bool:
    """Whether the app asks for a reading scope, or for the writing one that contains it."""
    return scope in app.scopes or scope.replace("read_", "write_", 1) in app.scopes

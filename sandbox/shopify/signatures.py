"""The two signatures Shopify makes with an app's secret."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

# What JavaScript's encodeURIComponent leaves alone.
UNESCAPED = "-_.!~*'()"


def encode(text: str) -> str:
    return quote(text, safe=UNESCAPED)


def callback_hmac(secret: str, parameters: Mapping[str, str]) -> str:
    """Hex signature over the query of the redirect back to the app, without `hmac` itself."""
    message = "&".join(f"{encode(key)}={encode(parameters[key])}" for key in sorted(parameters) if key != "hmac")
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def webhook_hmac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()

"""What the whole sandbox is started with."""

import secrets
from dataclasses import dataclass, field

from sandbox.shopify.settings import ShopifySettings


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """`control_token` opens /control; without one given, only the starter learns it."""

    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    shopify: ShopifySettings = field(default_factory=ShopifySettings)

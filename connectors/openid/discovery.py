"""What a provider publishes of itself. OpenID Connect Discovery 1.0."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from domain.ports.errors import AnswerUnusable

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """`by_basic`: how the token endpoint knows us. `names_itself`: RFC 9207, every answer carries `iss`."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    by_basic: bool
    names_itself: bool


def read_metadata(content: Any, *, issuer: str) -> Metadata:
    """Raises AnswerUnusable."""
    if not isinstance(content, dict) or content.get("issuer") != issuer:
        raise AnswerUnusable("the configuration is another issuer's")
    methods = content.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization_endpoint=_address(content, "authorization_endpoint", issuer),
        token_endpoint=_address(content, "token_endpoint", issuer),
        jwks_uri=_address(content, "jwks_uri", issuer),
        userinfo_endpoint=_address(content, "userinfo_endpoint", issuer) if "userinfo_endpoint" in content else None,
        by_basic="client_secret_basic" in methods,
        names_itself=content.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(content: Mapping[str, Any], name: str, issuer: str) -> str:
    """As safe as the issuer's own: a practice provider on loopback is spoken to in the clear, nobody else."""
    found = content.get(name)
    allowed = {"https", urlsplit(issuer).scheme}
    if not isinstance(found, str) or urlsplit(found).scheme not in allowed or not urlsplit(found).hostname:
        raise AnswerUnusable(f"the configuration has no usable {name}")
    if urlsplit(found).scheme == "http" and urlsplit(found).netloc != urlsplit(issuer).netloc:
        raise AnswerUnusable(f"{name} is not https")
    return found

"""What client libraries need to configure themselves, from the server's address or the API's alone."""

from typing import Any

from api.oauth.client import CONFIDENTIAL_METHODS, METHODS
from api.oauth.tokens import Terms
from tenants.access.actor import ApiScope
from tenants.access.public_keys import ALGORITHMS

METADATA_PATH = "/.well-known/oauth-authorization-server"
RESOURCE_METADATA_PATH = "/.well-known/oauth-protected-resource/graphql"


def metadata(terms: Terms) -> dict[str, Any]:
    """RFC 8414."""
    issuer = terms.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": sorted(ApiScope),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "protected_resources": [terms.resource],
    }


def resource_metadata(terms: Terms) -> dict[str, Any]:
    """RFC 9728: of the API itself, and who issues tokens for it."""
    return {
        "resource": terms.resource,
        "authorization_servers": [terms.issuer],
        "scopes_supported": sorted(ApiScope),
        "bearer_methods_supported": ["header"],
        "resource_name": "Azimuth",
    }

"""Errors of RFC 6749 whose words must tell strangers nothing, or hold only the characters the RFC allows."""

from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    OAuth2Error,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)


class ClientRefused(InvalidClientError):  # type: ignore[misc]  # the library is untyped
    """The same for an unknown app, a wrong secret and a method the app does not use."""

    status_code = 401

    def __init__(self, description: str = "Client authentication failed.") -> None:
        super().__init__(description)

    def get_headers(self) -> list[tuple[str, str]]:
        headers = [(name, value) for name, value in super().get_headers() if name != "WWW-Authenticate"]
        return [*headers, ("WWW-Authenticate", 'Basic realm="azimuth", charset="UTF-8"')]


class GrantTypeUnsupported(UnsupportedGrantTypeError):  # type: ignore[misc]
    description = "The grant types are authorization_code, client_credentials, refresh_token and RFC 8693."


class ResponseTypeUnsupported(UnsupportedResponseTypeError):  # type: ignore[misc]
    description = "The only response type is code."


class TargetUnknown(OAuth2Error):  # type: ignore[misc]
    """RFC 8707, 2."""

    error = "invalid_target"

    def __init__(self, resource: str) -> None:
        super().__init__(f"The only resource is {resource}.")

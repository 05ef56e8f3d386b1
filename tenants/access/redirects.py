"""Which addresses an authorization code may be sent to."""

import ipaddress
import re
from urllib.parse import urlsplit

from tenants.errors import InvalidInput

MAX_LENGTH = 2000
NO_HOST = "names a host, and a port from 1 to 65535 if any"

# RFC 3986 without what a header, an attribute or a log line could stumble over.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def check_redirect_uri(value: str, *, field: tuple[str, ...] = ()) -> str:
    """The URI as it is: codes are sent to exactly what was registered. Raises InvalidInput."""
    reason = _fault(value)
    if reason is not None:
        raise InvalidInput(f"A redirect URI {reason}.", field=field, code="REDIRECT_URI_INVALID")
    return value


def check_origin(value: str, *, field: tuple[str, ...] = ()) -> str:
    """As a browser tells it: a scheme, a host, and a port if any. Raises InvalidInput."""
    reason = _fault(value)
    if reason is None and urlsplit(value)[2:] != ("", "", ""):
        reason = "has no path"
    if reason is not None:
        raise InvalidInput(f"An origin {reason}.", field=field, code="ORIGIN_INVALID")
    return value


def _fault(value: str) -> str | None:
    if len(value) > MAX_LENGTH:
        return f"has at most {MAX_LENGTH} characters"
    if "#" in value:
        return "has no fragment"
    if not _CHARACTERS.fullmatch(value):
        return "is an absolute URI without spaces or other characters that must be escaped"
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return NO_HOST
    if "@" in parts.netloc:
        return "carries no user name or password"
    if not _names_host(host) or port == 0 or parts.netloc.lower() != _written(host, port):
        return NO_HOST
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return None
    return "uses https, or http to a loopback address"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        return "%" not in host and ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _written(host: str, port: int | None) -> str:
    """The one way to write it: what a lenient parser skips over must not reach a stricter one."""
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"

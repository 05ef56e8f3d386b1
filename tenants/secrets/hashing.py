"""Credentials at rest: slow hashes for what people choose, fast ones for what we draw at random."""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Checked when the person does not exist, so that the answer takes as long as when it does.
_NOBODY = _PASSWORDS.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Argon2id with the OWASP minimum of 19 MiB and two passes."""
    return _PASSWORDS.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    try:
        _PASSWORDS.verify(stored or _NOBODY, password)
        return stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def new_secret(prefix: str) -> str:
    """256 random bits with a prefix by which a leak is recognized."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> bytes:
    """For tokens of full entropy, which no dictionary holds: SHA-256 is enough and looks up by equality."""
    return hashlib.sha256(token.encode()).digest()

"""Sealed values: AES-256-GCM under a key of their owner, bound to the place they are stored in."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
NONCE_BYTES = 12


class SealBroken(Exception):
    """The bytes were not sealed by this key for this place."""


def place(tenant_id: UUID, row: UUID | str, column: str, version: int | str = 1) -> bytes:
    """The associated data: a value copied to another tenant, row or column cannot be opened there."""
    return f"{tenant_id}|{row}|{column}|{version}".encode()


def sealed_text(content: str, key: "DataKey", where: bytes) -> str:
    """For an address or a form, through which what is inside comes back unread and unchanged."""
    return base64.urlsafe_b64encode(key.seal(content.encode(), where)).rstrip(b"=").decode()


def opened_text(sealed: str, key: "DataKey", where: bytes) -> str | None:
    """Nothing for what was not sealed for this place."""
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        return key.unseal(raw, where).decode()
    except (ValueError, SealBroken):
        return None


@dataclass(frozen=True)
class DataKey:
    """The keys of one owner. `versions` seal and open, the highest one seals; `matching` never changes.

    A sealed value is: format (1 byte), key version (1 byte), nonce (12), ciphertext with tag.
    """

    versions: Mapping[int, bytes] = field(repr=False)
    matching: bytes = field(repr=False)

    def seal(self, plaintext: bytes, where: bytes) -> bytes:
        version = max(self.versions)
        nonce = os.urandom(NONCE_BYTES)
        return bytes((FORMAT, version)) + nonce + AESGCM(self.versions[version]).encrypt(nonce, plaintext, where)

    def unseal(self, sealed: bytes, where: bytes) -> bytes:
        """Raises SealBroken."""
        if len(sealed) < 2 + NONCE_BYTES or sealed[0] != FORMAT or sealed[1] not in self.versions:
            raise SealBroken("not a sealed value of this owner")
        nonce, ciphertext = sealed[2 : 2 + NONCE_BYTES], sealed[2 + NONCE_BYTES :]
        try:
            return AESGCM(self.versions[sealed[1]]).decrypt(nonce, ciphertext, where)
        except InvalidTag:
            raise SealBroken("sealed for another place, or altered") from None

    def keyed_hash(self, purpose: str, value: str) -> bytes:
        """32 bytes that match only within this owner: finds a person again without telling who it is."""
        return hmac.digest(self.matching, f"{purpose}\0{value}".encode(), hashlib.sha256)

    def subject_id(self, source: str, external_id: str) -> UUID:
        """The same UUID for the same person every time, so that facts may arrive before the person does."""
        return UUID(bytes=self.keyed_hash(f"subject:{source}", external_id)[:16], version=5)

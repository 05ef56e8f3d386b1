"""Where data keys live: wrapped by the master key, outside the database and so outside its backups.

Dropping an owner's key makes everything sealed under it unreadable, in every backup too.
"""

import base64
import os
import secrets
import time
from pathlib import Path
from typing import Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.secrets.sealing import DataKey

SYSTEM = UUID(int=0)
"""The owner of what belongs to no tenant and no organization: signing keys, keyed hashes of sign-in addresses."""

MEMORY_SECONDS = 60.0


class KeyMissing(Exception):
    """There is no key for this owner: it was never made, or it was dropped."""


class MasterKeyWrong(Exception):
    """AZIMUTH_MASTER_KEY does not open this key ring."""


class KeyRing(Protocol):
    def key_of(self, owner: UUID) -> DataKey:
        """Raises KeyMissing."""
        ...

    def create(self, owner: UUID) -> DataKey:
        """Idempotent: an existing key is returned as it is."""
        ...

    def rotate(self, owner: UUID) -> DataKey:
        """Adds a version that seals from now on; older ones still open."""
        ...

    def drop(self, owner: UUID) -> None: ...


class DirectoryKeyRing:
    """One file an owner, mode 0600. Read keys are remembered for a minute, so a drop takes a minute to reach all."""

    def __init__(self, directory: Path, master_key: bytes) -> None:
        self._directory = directory
        self._master = AESGCM(master_key)
        self._remembered: dict[UUID, tuple[float, DataKey]] = {}
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key_of(self, owner: UUID) -> DataKey:
        remembered = self._remembered.get(owner)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        try:
            content = self._path(owner).read_bytes()
        except FileNotFoundError:
            self._remembered.pop(owner, None)
            raise KeyMissing(f"no data key for {owner}") from None
        return self._remember(owner, self._unwrap(owner, content))

    def create(self, owner: UUID) -> DataKey:
        key = DataKey({1: secrets.token_bytes(32)}, secrets.token_bytes(32))
        draft = self._write_draft(owner, key)
        try:
            # A link fails where the name is taken: of two processes creating at once, one key wins for both.
            os.link(draft, self._path(owner))
        except FileExistsError:
            return self.key_of(owner)
        finally:
            draft.unlink()
        self._sync_directory()
        return self._remember(owner, key)

    def rotate(self, owner: UUID) -> DataKey:
        old = self.key_of(owner)
        version = max(old.versions) + 1
        key = DataKey({**old.versions, version: secrets.token_bytes(32)}, old.matching)
        self._write_draft(owner, key).replace(self._path(owner))
        self._sync_directory()
        return self._remember(owner, key)

    def drop(self, owner: UUID) -> None:
        self._remembered.pop(owner, None)
        self._path(owner).unlink(missing_ok=True)
        self._sync_directory()

    def _path(self, owner: UUID) -> Path:
        return self._directory / f"{owner}.key"

    def _remember(self, owner: UUID, key: DataKey) -> DataKey:
        self._remembered[owner] = (time.monotonic() + MEMORY_SECONDS, key)
        return key

    def _write_draft(self, owner: UUID, key: DataKey) -> Path:
        draft = self._directory / f".{owner}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._wrap(owner, key))
            file.flush()
            os.fsync(file.fileno())
        return draft

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _wrap(self, owner: UUID, key: DataKey) -> bytes:
        content = {
            "versions": {str(version): _text(value) for version, value in key.versions.items()},
            "matching": _text(key.matching),
        }
        nonce = os.urandom(12)
        return nonce + self._master.encrypt(nonce, orjson.dumps(content), owner.bytes)

    def _unwrap(self, owner: UUID, content: bytes) -> DataKey:
        try:
            opened = orjson.loads(self._master.decrypt(content[:12], content[12:], owner.bytes))
        except InvalidTag:
            raise MasterKeyWrong("AZIMUTH_MASTER_KEY does not open the key ring in this directory") from None
        versions = {int(version): base64.b64decode(value) for version, value in opened["versions"].items()}
        return DataKey(versions, base64.b64decode(opened["matching"]))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()

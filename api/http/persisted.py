"""Documents that are asked for by their SHA-256: those an app has registered, and those it has sent before."""

import re
from typing import Any

from cachetools import LRUCache, TTLCache

from tenants.access.actor import Actor
from tenants.database import Database
from tenants.errors import Refusal
from tenants.persisted.reads import document_of
from tenants.persisted.service import digest_of
from tenants.scope import Scope

REGISTERED_SECONDS = 30.0
"""After which a set that was put away is gone from all processes."""
MOST_CHARACTERS = 2_000_000
WEIGHT = 200
"""Of what is remembered beside the text."""

_ID = re.compile(r"sha256:([0-9a-f]{64})")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Key = tuple[object, bytes]


class NotAsked(Refusal):
    """There is no document to carry out."""


class Persisted:
    """Of one process. What an app sent before is remembered as long as there is room, and is asked for anew."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registered: TTLCache[Key, str] = TTLCache(MOST_CHARACTERS, REGISTERED_SECONDS, getsizeof=_weight)
        self._sent: LRUCache[Key, str] = LRUCache(MOST_CHARACTERS, getsizeof=_weight)

    async def text_of(self, actor: Actor, body: dict[str, Any]) -> str:
        """The document that the body asks for. Raises NotAsked."""
        text: str | None = body.get("query")
        wanted = _wanted(body)
        if text is None:
            assert wanted is not None, "`document_fault` was asked first"
            return await self._known(actor, wanted, by_id=body.get("documentId") is not None)
        if wanted is not None and wanted != digest_of(text):
            raise NotAsked("This is not the document of that hash.", code="PERSISTED_QUERY_HASH_MISMATCH")
        if actor.persisted_only and await self._find(actor, digest_of(text)) is None:
            raise NotAsked("This app is asked by the operations it has registered alone.", code="PERSISTED_ONLY")
        if wanted is not None:
            self._sent[actor.app_key, wanted] = text
        return text

    async def _known(self, actor: Actor, wanted: bytes, *, by_id: bool) -> str:
        found = await self._find(actor, wanted)
        if found is None and not by_id and not actor.persisted_only:
            found = self._sent.get((actor.app_key, wanted))
        if found is not None:
            return found
        if by_id:
            raise NotAsked("This app has registered no such operation.", code="PERSISTED_OPERATION_NOT_FOUND")
        # Clients know this refusal by its words, and send the document along.
        raise NotAsked("PersistedQueryNotFound", code="PERSISTED_QUERY_NOT_FOUND")

    async def _find(self, actor: Actor, digest: bytes) -> str | None:
        key = (actor.app_key, digest)
        found: str | None = self._registered.get(key)
        if found is None:
            async with self._database.reading(Scope(organization_id=actor.app_key[0])) as snapshot:
                found = await document_of(snapshot, actor.app_key, digest)
            if found is not None:
                self._registered[key] = found
        return found


def document_fault(body: dict[str, Any]) -> str | None:
    """Of how the body names its document."""
    ways = [name for name in ("query", "documentId") if body.get(name) is not None]
    automatic = (body.get("extensions") or {}).get("persistedQuery")
    if ways == ["query", "documentId"]:
        return "`query` and `documentId` exclude each other."
    if not ways and automatic is None:
        return "`query` is a GraphQL document; or `documentId` names one that is registered."
    if "query" in ways and (not isinstance(body["query"], str) or not body["query"].strip()):
        return "`query` is a GraphQL document."
    if "documentId" in ways and not (isinstance(body["documentId"], str) and _ID.fullmatch(body["documentId"])):
        return "`documentId` is `sha256:` and 64 hexadecimal digits in lower case."
    if automatic is not None and not _is_automatic(automatic):
        return "`extensions.persistedQuery` has `version` 1 and `sha256Hash`, 64 hexadecimal digits in lower case."
    return None


def _is_automatic(value: Any) -> bool:
    digest = value.get("sha256Hash") if isinstance(value, dict) and value.get("version") == 1 else None
    return isinstance(digest, str) and _DIGEST.fullmatch(digest) is not None


def _wanted(body: dict[str, Any]) -> bytes | None:
    if body.get("documentId") is not None:
        return bytes.fromhex(body["documentId"].removeprefix("sha256:"))
    automatic = (body.get("extensions") or {}).get("persistedQuery")
    return None if automatic is None else bytes.fromhex(automatic["sha256Hash"])


def _weight(text: str) -> int:
    return WEIGHT + len(text)

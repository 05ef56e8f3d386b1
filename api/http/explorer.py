"""The explorer page: static files of our own, served from memory, that need nothing from anywhere else."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

PAGE = "index.html"
# Trusted types are what keeps a later hand from `innerHTML`: the page declares no policy, so the browser refuses it.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
REVALIDATE = "no-cache"
FOREVER = "public, max-age=31536000, immutable"
MEDIA_TYPES = {".js": "text/javascript", ".json": "application/json"}


def explorer_routes(graphql_path: str, token_path: str, *, page_path: str = "/explorer") -> list[BaseRoute]:
    """The page at `page_path`, its files below it. All three paths are as the browser sees them."""
    explorer = Explorer(graphql_path, token_path, page_path)
    return [
        Route(page_path, explorer.page),
        Route(f"{page_path}/{{release}}/{{name}}", explorer.asset),
    ]


@dataclass(frozen=True)
class Asset:
    body: bytes
    media_type: str
    caching: str

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    def answer(self, request: Request) -> Response:
        headers = {**SECURITY, "ETag": self.etag, "Cache-Control": self.caching}
        if _known(request, self.etag):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


class Explorer:
    """Files are found by name in a table made at start: a path from outside never meets the file system."""

    def __init__(self, graphql_path: str, token_path: str, page_path: str) -> None:
        contents = {entry.name: entry.read_bytes() for entry in _folder().iterdir() if entry.is_file()}
        page = contents.pop(PAGE).decode()
        self.release = _release(contents)
        self._assets = {name: Asset(body, _media_type(name), FOREVER) for name, body in contents.items()}
        places = {"assets": f"{page_path}/{self.release}", "graphql_path": graphql_path, "token_path": token_path}
        filled = Template(page).substitute({name: escape(value) for name, value in places.items()})
        self._page = Asset(filled.encode(), "text/html", REVALIDATE)

    async def page(self, request: Request) -> Response:
        return self._page.answer(request)

    async def asset(self, request: Request) -> Response:
        # Files that are kept forever must never be another release's, even while two releases answer side by side.
        asset = self._assets.get(request.path_params["name"])
        if asset is None or request.path_params["release"] != self.release:
            return PlainTextResponse("Not found", 404, headers={**SECURITY, "Cache-Control": "no-store"})
        return asset.answer(request)


def _folder() -> Traversable:
    return files("api.http").joinpath("static", "explorer")


def _release(contents: Mapping[str, bytes]) -> str:
    """One name for all files together: modules import each other by relative paths, so they change address as one."""
    digest = hashlib.sha256()
    for name, body in sorted(contents.items()):
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:16]


def _media_type(name: str) -> str:
    suffix = name[name.rfind(".") :]
    return MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _known(request: Request, etag: str) -> bool:
    """A proxy that compresses may have weakened the tag."""
    offered = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in offered.split(",")}
    return etag in tags or "*" in tags

"""Answers that break off, as a network does."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class DroppedResponse(Response):
    """Sends `sent` of `promised` bytes and hangs up; the server closes a connection whose body stops short."""

    def __init__(self, sent: bytes = b"", promised: int = 1024, headers: dict[str, str] | None = None) -> None:
        super().__init__(b"", headers=headers, media_type="application/json")
        self.sent = sent
        self.promised = max(promised, len(sent) + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(key, value) for key, value in self.raw_headers if key != b"content-length"]
        headers.append((b"content-length", str(self.promised).encode()))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})

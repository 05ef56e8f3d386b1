"""How the server stops: whoever is told something that has no end of its own hears of it first."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ENDING = "ending"
"""Where the application's state has the event that is set."""


class HttpProtocol(HttpToolsProtocol):
    def shutdown(self) -> None:
        super().shutdown()
        if ENDING in self.app_state:
            self.app_state[ENDING].set()


class SocketProtocol(WebSocketsSansIOProtocol):
    def shutdown(self) -> None:
        """The application takes its leave, and the server waits for it; else the connection would be cut off."""
        if ENDING in self.app_state and self.handshake_complete and not self.close_sent:
            self.app_state[ENDING].set()
        else:
            super().shutdown()

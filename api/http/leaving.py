"""The server's own protocols, where they must know of us: how they stop, and what they do not say."""

import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ENDING = "ending"
"""Where the application's state has the event that is set when the server stops."""

# At lesser levels it tells addresses with all they carry, and every frame: tokens, that is.
QUIET = logging.getLogger("uvicorn.websockets")
QUIET.setLevel(logging.WARNING)


class HttpProtocol(HttpToolsProtocol):
    def shutdown(self) -> None:
        """Whoever is told something without an end hears of it; the server waits until they have taken their leave."""
        super().shutdown()
        if ENDING in self.app_state:
            self.app_state[ENDING].set()


class SocketProtocol(WebSocketsSansIOProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = QUIET
        self.conn.debug = False

    def shutdown(self) -> None:
        """As above, instead of being cut off."""
        if ENDING in self.app_state and self.handshake_complete and not self.close_sent:
            self.app_state[ENDING].set()
        else:
            super().shutdown()

"""Where tests listen."""

import socket


def listen() -> socket.socket:
    """On a free port. TCP is named, because only then does the loop send small answers at once."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    return listening

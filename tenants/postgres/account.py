"""The operating system account PostgreSQL runs under: it refuses root, so root lends it an unprivileged one."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tenants.postgres.errors import StartFailed

# initdb looks its account up by name, so a free numeric id will not do.
UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def account_for(directory: Path) -> Account:
    """Ourselves; for root the ordinary owner of an existing directory, else nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if directory.exists():
        owner = directory.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StartFailed(
            f"PostgreSQL does not run as root and this system has no account {UNPRIVILEGED!r}: "
            "run as an ordinary user, or set DATABASE_URL"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def become(account: Account) -> None:
    """Give up root for good. What is imported later must be readable by the account: import first."""
    if os.geteuid() == account.uid:
        return
    try:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)
    except OSError as error:
        raise StartFailed(
            f"PostgreSQL does not run as root and uid {account.uid} cannot be taken ({error.strerror}): "
            "run as an ordinary user, or set DATABASE_URL"
        ) from error


def is_reachable(path: Path, account: Account) -> bool:
    """Whether the account may pass every directory above `path` and read and enter `path` itself."""
    path = path.resolve()
    passable = all(_allows(parent, account, stat.S_IXOTH) for parent in path.parents)
    return passable and _allows(path, account, stat.S_IXOTH | stat.S_IROTH)


def is_passable(directory: Path, account: Account) -> bool:
    """Whether the account may pass `directory`, as far as it exists, and everything above it."""
    existing = [folder for folder in (directory, *directory.parents) if folder.exists()]
    return all(_allows(folder, account, stat.S_IXOTH) for folder in existing)


def _allows(path: Path, account: Account, wanted: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        wanted <<= 6
    elif found.st_gid == account.gid:
        wanted <<= 3
    return found.st_mode & wanted == wanted

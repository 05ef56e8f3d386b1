"""What pyproject.toml asks for is what the lock files pin, and the image runs the versions that were tested."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from checks.sources import ROOT

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)
DEVELOPMENT = "requirements.lock"
RUNTIME = "requirements.runtime.lock"


def pins(text: str) -> dict[str, Version]:
    return {canonicalize_name(found["name"]): Version(found["version"]) for found in PIN.finditer(text)}


def unmet(requirements: list[str], pinned: dict[str, Version], lock: str) -> Iterator[str]:
    for requirement in map(Requirement, requirements):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{lock}: {requirement.name} is missing"
        elif version not in requirement.specifier:
            yield f"{lock}: {requirement.name} is {version}, pyproject.toml wants {requirement.specifier}"


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    # The extras travel with the image: nothing can be installed into it later.
    needed = [*project["project"]["dependencies"], *chain(*project["project"]["optional-dependencies"].values())]
    tested = pins((ROOT / DEVELOPMENT).read_text())
    shipped = pins((ROOT / RUNTIME).read_text())
    complaints = [
        *unmet(needed + project["dependency-groups"]["dev"], tested, DEVELOPMENT),
        *unmet(needed, shipped, RUNTIME),
        *(
            f"{RUNTIME}: {name} {version} is not the version in {DEVELOPMENT}"
            for name, version in shipped.items()
            if tested.get(name) != version
        ),
    ]
    if complaints:
        print("\n".join([*complaints, "run ./dev lock"]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

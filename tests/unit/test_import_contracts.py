"""Rules that name packages one by one forget the next one: here they are held to what lies in the tree."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def contract(name: str) -> dict[str, Any]:
    (found,) = (each for each in SETTINGS["contracts"] if each["name"] == name)
    return dict(found)


def members(package: str) -> set[str]:
    """The modules and packages directly in it."""
    inside = (each for each in (ROOT / package).iterdir() if each.suffix == ".py" or (each / "__init__.py").exists())
    return {f"{package}.{each.stem}" for each in inside} - {f"{package}.__init__"}


def test_connectors_are_kept_from_all_of_the_heart_but_its_ports() -> None:
    forbidden = contract("connectors know nothing of the heart but its ports")["forbidden_modules"]
    assert set(forbidden) == members("domain") - {"domain.ports"}


def test_the_providers_are_all_kept_apart() -> None:
    modules = contract("the providers do not know each other")["modules"]
    packages = {each for each in members("connectors") if (ROOT / each.replace(".", "/")).is_dir()}
    assert set(modules) == packages


def test_no_package_may_go_in_circles() -> None:
    assert set(contract("no cycles")["ancestors"]) == set(SETTINGS["root_packages"])

"""The schema as files: the one in work, and what of it is released."""

from datetime import date
from pathlib import Path

from graphql import build_schema

from api.contract.changes import Impact, changes_between
from api.contract.promises import complaints, undated
from api.contract.releases import FOLDER, NotReleased, Release, last_released, not_derived, record
from api.schema import schema

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")


def exported() -> str:
    return schema.as_str() + "\n"


def faults(*, today: date, breaking: bool = False, folder: Path = FOLDER) -> list[str]:
    """Why this schema may not be committed; `breaking` lets through that it breaks what was released."""
    sdl = exported()
    if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text() != sdl:
        return ["api/schema.graphql is stale: run `azimuth schema --write`."]
    last = last_released(folder)
    broken = complaints(last.read_text(), sdl, today=today) if last and not breaking else []
    return [*broken, *undated(sdl), *not_derived(folder)]


def unreleased(folder: Path = FOLDER) -> list[str]:
    """What has changed since the last release, the gravest first; a summary at the end."""
    last = last_released(folder)
    if last is None:
        return ["nothing has been released"]
    found = changes_between(build_schema(last.read_text()), build_schema(exported()))
    told = [f"{each.impact}: {each.description}" for each in found if each.impact is not Impact.SAFE]
    counts = ", ".join(f"{sum(each.impact is impact for each in found)} {impact}" for impact in Impact)
    return [*told, f"since {last.stem}: {counts}"]


def release(*, today: date, breaking: bool = False, folder: Path = FOLDER) -> Release:
    """Records this schema as released. Raises NotReleased."""
    found = faults(today=today, breaking=breaking, folder=folder)
    if found:
        raise NotReleased("\n".join(found))
    return record(exported(), today=today, folder=folder)

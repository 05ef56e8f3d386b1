"""The releases of the schema, each two files: its SDL, and what it changed, which is derived and never written by hand.

A release is named by its day. The service reads the derived file alone, once, when somebody asks.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema
from pydantic import TypeAdapter

from api.contract.changes import Change, changes_between
from api.contract.deprecations import Deprecation, deprecations

FOLDER = Path(__file__).with_name("releases")
NOTICE = timedelta(days=90)
"""Between the release that deprecates something and the day after which it may go, at least."""


class NotReleased(Exception):
    """Why this schema is no release today."""


@dataclass(frozen=True, slots=True)
class Release:
    """`deprecated` is all that is deprecated in it, since whenever."""

    released_on: date
    deprecated: tuple[Deprecation, ...]
    changes: tuple[Change, ...]


_RELEASE = TypeAdapter(Release)


@cache
def releases(folder: Path = FOLDER) -> tuple[Release, ...]:
    """The newest first."""
    return tuple(_RELEASE.validate_json(each.read_bytes()) for each in sorted(folder.glob("*.json"), reverse=True))


def last_released(folder: Path = FOLDER) -> Path | None:
    """Its SDL; None before the first."""
    return max(folder.glob("*.graphql"), default=None)


def record(sdl: str, *, today: date, folder: Path = FOLDER) -> Release:
    """Raises NotReleased."""
    last = last_released(folder)
    if last is not None and last.stem >= today.isoformat():
        raise NotReleased(f"{last.stem} is recorded: a day has one release, and none comes before another.")
    if last is not None and last.read_text() == sdl:
        raise NotReleased(f"Nothing has changed since {last.stem}.")
    old, new = build_schema(last.read_text()) if last else GraphQLSchema(), build_schema(sdl)
    hurried = _hurried(old, new, today)
    if hurried:
        raise NotReleased("\n".join(hurried))
    made = _derive(old, new, released_on=today)
    folder.mkdir(exist_ok=True)
    (folder / f"{today}.graphql").write_text(sdl)
    (folder / f"{today}.json").write_bytes(_written(made))
    return made


def not_derived(folder: Path = FOLDER) -> list[str]:
    """The files that say anything else than the SDLs do."""
    paths = sorted(folder.glob("*.graphql"))
    schemas = [build_schema(path.read_text()) for path in paths]
    expected = {
        path.with_suffix(".json"): _written(_derive(old, new, released_on=date.fromisoformat(path.stem)))
        for path, old, new in zip(paths, [GraphQLSchema(), *schemas], schemas, strict=False)
    }
    found = {path: path.read_bytes() for path in folder.glob("*.json")}
    return [
        f"{path.name}: it is not what the recorded schemas say. Restore it: releases are recorded by "
        "`azimuth schema --release` and never changed."
        for path in sorted(expected.keys() | found.keys())
        if expected.get(path) != found.get(path)
    ]


def _derive(old: GraphQLSchema, new: GraphQLSchema, *, released_on: date) -> Release:
    return Release(released_on, tuple(deprecations(new)), tuple(changes_between(old, new)))


def _written(release: Release) -> bytes:
    return _RELEASE.dump_json(release, indent=1) + b"\n"


def _hurried(old: GraphQLSchema, new: GraphQLSchema, today: date) -> list[str]:
    """What clients would hear of too late."""
    told = {each.coordinate: each for each in deprecations(old)}
    earliest = today + NOTICE
    return [
        f"{each.coordinate}: its clients are told {NOTICE.days} days ahead. Say a day from {earliest} on."
        for each in deprecations(new)
        if each.removable_after is not None
        and each.removable_after < earliest
        and not _was_told(each, told.get(each.coordinate))
    ]


def _was_told(now: Deprecation, before: Deprecation | None) -> bool:
    if before is None or before.removable_after is None or now.removable_after is None:
        return False
    return before.removable_after <= now.removable_after

"""Reads the provider's JSON by expectation: what is missing or of another type is named by its path, not its value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.ports.errors import AnswerUnusable

GLOBAL_ID = re.compile(r"gid://shopify/[A-Za-z]+/([0-9]+)(?:\?.*)?")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and where it stands in the answer."""

    values: Mapping[str, Any] = field(repr=False)
    path: str

    @classmethod
    def of(cls, value: Any, path: str) -> "Fields":
        if not isinstance(value, dict):
            raise AnswerUnusable(f"{path} is not an object")
        return cls(value, path)

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str):
            raise self.unusable(name, "text")
        return value

    def optional_text(self, name: str) -> str | None:
        """None for a null and for a blank; a field that is not there at all was not asked for, and is an error."""
        if name not in self.values:
            raise self.unusable(name, "there")
        return None if self.values[name] is None else self.text(name).strip() or None

    def whole(self, name: str) -> int:
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.unusable(name, "a whole number")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self.unusable(name, "true or false")
        return value

    def instant(self, name: str) -> datetime:
        try:
            value = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise self.unusable(name, "a date and time") from None
        if value.tzinfo is None:
            raise self.unusable(name, "a time with an offset")
        return value.astimezone(UTC)

    def number_of(self, name: str) -> str:
        """The number inside a global id such as gid://shopify/Order/1: webhooks call the record by it."""
        match = GLOBAL_ID.fullmatch(self.text(name))
        if match is None:
            raise self.unusable(name, "a global id")
        return match[1]

    def child(self, name: str) -> "Fields":
        return Fields.of(self.values.get(name), f"{self.path}.{name}")

    def optional_child(self, name: str) -> "Fields | None":
        if name not in self.values:
            raise self.unusable(name, "there")
        return None if self.values[name] is None else self.child(name)

    def children(self, name: str) -> "list[Fields]":
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self.unusable(name, "a list")
        return [Fields.of(item, f"{self.path}.{name}[{index}]") for index, item in enumerate(value)]

    def unusable(self, name: str, expected: str) -> AnswerUnusable:
        return AnswerUnusable(f"{self.path}.{name} is not {expected}")

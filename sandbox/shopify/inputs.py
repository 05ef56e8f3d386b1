"""Reads the JSON of control calls, and says which field is wrong."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

from sandbox.shopify.money import Presentment, is_currency, minor_units
from sandbox.shopify.store import now


class InvalidInputError(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Inputs:
    """One JSON object. Every reader takes the field's name and complains about it by name."""

    def __init__(self, content: Mapping[str, Any], known: tuple[str, ...]) -> None:
        self.content = content
        for name in content:
            if name not in known:
                raise InvalidInputError(name, f"unknown; known are {', '.join(known)}")

    def __contains__(self, name: str) -> bool:
        return name in self.content

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.content.get(name, default)
        if not isinstance(value, str | None):
            raise InvalidInputError(name, "must be a string")
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise InvalidInputError(name, "is required")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise InvalidInputError(name, f"must be one of {', '.join(allowed)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.content.get(name, default)
        if not isinstance(value, bool):
            raise InvalidInputError(name, "must be true or false")
        return value

    def number(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        value = self.content.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InvalidInputError(name, f"must be a whole number, {least} or more")
        return value

    def seconds(self, name: str, default: float) -> float:
        value = self.content.get(name, default)
        if not isinstance(value, int | float) or value < 0:
            raise InvalidInputError(name, "must be a number of seconds")
        return float(value)

    def strings(self, name: str) -> list[str]:
        value = self.content.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InvalidInputError(name, "must be a list of strings")
        return value

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        value = self.content.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise InvalidInputError(name, "must be a list of objects")
        return value

    def money(self, name: str, currency: str, default: str = "0") -> int:
        value = self.content.get(name, default)
        if not isinstance(value, str):
            raise InvalidInputError(name, "must be a decimal string")
        try:
            minor = minor_units(value, currency)
        except (InvalidOperation, ValueError) as error:
            raise InvalidInputError(name, f"must be an amount in {currency}") from error
        if minor < 0:
            raise InvalidInputError(name, "must not be negative")
        return minor

    def instant(self, name: str, default: datetime | None = None) -> datetime:
        value = self.text(name)
        if value is None:
            return default or now()
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidInputError(name, "must be an ISO 8601 instant") from error
        if parsed.tzinfo is None:
            raise InvalidInputError(name, "must carry an offset")
        return parsed.astimezone(UTC).replace(microsecond=0)

    def day(self, name: str) -> date | None:
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value is not None else None
        except ValueError as error:
            raise InvalidInputError(name, "must be a date like 2026-11-21") from error

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default) or default
        if value not in available_timezones():
            raise InvalidInputError(name, "must be an IANA time zone")
        return value

    def presentment(self, name: str) -> Presentment | None:
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise InvalidInputError(name, "must be an object")
        inner = Inputs(value, ("currency", "rate"))
        try:
            rate = Decimal(inner.required("rate"))
        except InvalidOperation as error:
            raise InvalidInputError(f"{name}.rate", "must be a decimal string") from error
        if rate <= 0 or not is_currency(inner.required("currency")):
            raise InvalidInputError(name, "needs an ISO 4217 code and a rate above zero")
        return Presentment(inner.required("currency"), rate)

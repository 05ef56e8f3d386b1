"""Shopify's search syntax for the `query` argument: `updated_at:>='2026-11-01' AND -test:true`."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

TOKEN = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?P<not>-|NOT\b)(?=\s*[\w(])
      | (?P<connective>AND\b|OR\b)
      | (?P<term>(?:(?P<field>[a-z_]+):\s*(?P<comparator>>=|<=|>|<)?\s*)?(?P<value>'[^']*'|"[^"]*"|[^\s()]+))
    )""",
    re.VERBOSE,
)
Test = Callable[[Any], bool]
Interval = tuple[datetime, datetime]


def everything(_record: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class SearchField:
    """`kind` is time, day, number, money, boolean, text or tags; `read` gives the value to compare.

    `day` is a time that Shopify compares by whole days of the shop: the trap of the customers' `updated_at`.
    """

    kind: str
    read: Callable[[Any], Any]


@dataclass(slots=True)
class Search:
    test: Test
    warnings: list[dict[str, str]] = field(default_factory=list)


class InvalidValueError(Exception):
    pass


def day_interval(day: date, zone: ZoneInfo) -> Interval:
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    following = day + timedelta(days=1)
    return start, datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)


def interval(text: str, zone: ZoneInfo) -> Interval:
    """The instants a literal stands for: a second, a day or a year, half open."""
    if text == "now":
        instant = datetime.now(UTC).replace(microsecond=0)
        return instant, instant + timedelta(seconds=1)
    if re.fullmatch(r"\d{4}", text):
        return day_interval(date(int(text), 1, 1), zone)[0], day_interval(date(int(text), 12, 31), zone)[1]
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return day_interval(date.fromisoformat(text), zone)
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValueError from None
    instant = (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC).replace(microsecond=0)
    return instant, instant + timedelta(seconds=1)


def whole_days(bounds: Interval, zone: ZoneInfo) -> Interval:
    first = bounds[0].astimezone(zone).date()
    last = (bounds[1] - timedelta(seconds=1)).astimezone(zone).date()
    return day_interval(first, zone)[0], day_interval(last, zone)[1]


def compare_time(read: Callable[[Any], datetime], comparator: str, bounds: Interval) -> Test:
    start, end = bounds
    tests: dict[str, Test] = {
        "": lambda record: start <= read(record) < end,
        ">": lambda record: read(record) >= end,
        ">=": lambda record: read(record) >= start,
        "<": lambda record: read(record) < start,
        "<=": lambda record: read(record) < end,
    }
    return tests[comparator]


def compare_number(read: Callable[[Any], Any], comparator: str, text: str) -> Test:
    try:
        wanted = Decimal(text.rpartition("/")[2])
    except InvalidOperation:
        raise InvalidValueError from None
    tests: dict[str, Test] = {
        "": lambda record: bool(read(record) == wanted),
        ">": lambda record: bool(read(record) > wanted),
        ">=": lambda record: bool(read(record) >= wanted),
        "<": lambda record: bool(read(record) < wanted),
        "<=": lambda record: bool(read(record) <= wanted),
    }
    return tests[comparator]


def compare_text(read: Callable[[Any], Any], text: str) -> Test:
    wanted = {part.strip().casefold() for part in text.split(",")}
    if text == "*":
        return lambda record: bool(read(record))
    return lambda record: str(read(record) or "").casefold() in wanted


def compare_tags(read: Callable[[Any], list[str]], text: str) -> Test:
    wanted = {part.strip().casefold() for part in text.split(",")}
    return lambda record: any(text == "*" or tag.casefold() in wanted for tag in read(record))


def term_test(known: SearchField, comparator: str, value: str, zone: ZoneInfo) -> Test:
    if known.kind in ("time", "day"):
        first, _, last = value.partition("..")
        bounds = interval(first, zone)[0], interval(last or first, zone)[1]
        return compare_time(known.read, comparator, whole_days(bounds, zone) if known.kind == "day" else bounds)
    if known.kind == "number":
        return compare_number(known.read, comparator, value)
    if known.kind == "boolean":
        if value not in ("true", "false"):
            raise InvalidValueError
        return lambda record: bool(known.read(record)) is (value == "true")
    return compare_tags(known.read, value) if known.kind == "tags" else compare_text(known.read, value)


class Parser:
    """OR binds weaker than AND, and a space is an AND."""

    def __init__(self, text: str, fields: dict[str, SearchField], zone: ZoneInfo) -> None:
        self.tokens = list(TOKEN.finditer(text))
        self.position = 0
        self.fields = fields
        self.zone = zone
        self.warnings: list[dict[str, str]] = []

    def peek(self) -> re.Match[str] | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take_connective(self, word: str) -> bool:
        token = self.peek()
        if token is None or token["connective"] != word:
            return False
        self.position += 1
        return True

    def alternatives(self) -> Test:
        tests = [self.conjunction()]
        while self.take_connective("OR"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def conjunction(self) -> Test:
        tests: list[Test] = []
        while (token := self.peek()) is not None and token["paren"] != ")" and token["connective"] != "OR":
            if not self.take_connective("AND"):
                tests.append(self.factor())
        tests = [test for test in tests if test is not everything]
        if len(tests) < 2:
            return tests[0] if tests else everything
        return lambda record: all(test(record) for test in tests)

    def factor(self) -> Test:
        token = self.tokens[self.position]
        self.position += 1
        if token["not"]:
            test = self.factor() if self.peek() else everything
            return test if test is everything else lambda record: not test(record)
        if token["paren"]:
            test = self.alternatives()
            self.position += 1
            return test
        return self.term(token)

    def term(self, token: re.Match[str]) -> Test:
        name, value = token["field"] or "default", token["value"].strip("'\"")
        known = self.fields.get(name)
        if known is None:
            self.warn(name, "Invalid search field for this query.")
            return everything
        try:
            return term_test(known, token["comparator"] or "", value, self.zone)
        except InvalidValueError:
            self.warn(name, f"Input `{value}` is not an accepted value.", "invalid_value")
            return everything

    def warn(self, name: str, message: str, code: str = "invalid_field") -> None:
        self.warnings.append({"field": name, "message": message, "code": code})


def parse(text: str | None, fields: dict[str, SearchField], zone: ZoneInfo) -> Search:
    """A term that is not understood is ignored with a warning, as Shopify does."""
    if not text or not text.strip():
        return Search(everything)
    parser = Parser(text, fields, zone)
    tests = []
    while parser.peek() is not None:
        tests.append(parser.alternatives())
        parser.position += 1  # a stray closing parenthesis
    if len(tests) == 1:
        return Search(tests[0], parser.warnings)
    return Search(lambda record: all(test(record) for test in tests), parser.warnings)

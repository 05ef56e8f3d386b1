"""A schema with one of everything a plan must do, or must leave to the stock executor."""

import asyncio
import datetime as dt
import enum
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.context import Context, Info
from api.gathering import Gathering
from api.metering import Price
from api.scalars import SCALARS
from api.sets import Each, set_based
from api.table import Table


class Scale:
    """Weighs what nobody pays."""

    def __init__(self) -> None:
        self.held = 0

    async def open(self, price: Price, *_: Any) -> None:
        assert price.points >= 0


class Keeper:
    """What a request carries here: only what puts questions together."""

    def __init__(self) -> None:
        self.gatherings: dict[object, Gathering] = {}
        self.calls = 0
        self.meter = Scale()
        self.may_explore = True

    gathered = Context.gathered

    def waits_for_all(self, yes: bool) -> None:
        """Nothing here is read."""

    def gathering(self, name: object, answer: Any) -> Gathering:
        return self.gatherings.setdefault(name, Gathering(answer))


@strawberry.enum
class Diet(enum.Enum):
    HAY = "hay"
    MEAT = "meat"


@strawberry.type
class Tag:
    number: int
    word: str | None
    parts: list[str]
    maybe: list[str | None]
    weight: Decimal | None

    @strawberry.field
    def doubled(self) -> int:
        return self.number * 2

    @strawberry.field
    def strict(self) -> int:
        if self.number % 29 == 3:
            raise ValueError(f"{self.number} is not told")
        return self.number

    @strawberry.field
    def lenient(self) -> int | None:
        if self.number % 31 == 2:
            raise ValueError(f"{self.number} is not told")
        return self.number


@strawberry.interface
class Animal:
    id: strawberry.ID
    name: str
    born: dt.date | None

    @set_based(description="Those that live near, nearest first.")
    async def neighbors(animals: Sequence["Animal"], context: Context, first: int = 2) -> Each[list["Animal"]]:
        context.calls += 1  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        if first < 0:
            raise ValueError("nobody")
        return [ANIMALS[int(each.id) + 1 : int(each.id) + 1 + first] for each in animals]

    @set_based(description="As it is called by who puts something before its name.")
    async def called(animals: Sequence["Animal"], context: Context, prefix: str = "") -> Each[str]:
        return [f"{prefix}{each.name}" for each in animals]

    @set_based(description="Not every animal has a keeper, and some will not say.")
    async def friend(
        animals: Sequence["Animal"], context: Context
    ) -> Each["Annotated[Cow | Wolf, strawberry.union('Friend')] | None"]:
        found: list[Any] = []
        for each in animals:
            number = int(each.id)
            if number % 37 == 5:
                found.append(ValueError("will not say"))
            else:
                found.append(None if number % 3 == 0 else ANIMALS[(number * 5) % len(ANIMALS)])
        return found


@strawberry.type
class Cow(Animal):
    diet: Diet
    milk: float
    tags: list[Tag]
    grid: list[list[int | None]]
    first_tag: Tag | None

    @strawberry.field
    async def calf(self, info: Info) -> "Cow | None":
        await asyncio.sleep(0)
        number = int(self.id)
        return HERD[(number + 2) % len(HERD)] if number % 4 else None

    @strawberry.field
    def weighed(self, info: Info, times: int = 1, of: Diet = Diet.HAY) -> str:
        return f"{info.field_name} {times} {of.name}"


@strawberry.type
class Wolf(Animal):
    diet: Diet | None
    pack: list["Wolf | None"] | None
    howls: list[Tag | None]

    @strawberry.field
    def loud(self) -> bool:
        return int(self.id) % 2 == 0


def tag(number: int) -> Tag:
    parts: Any = ["a", None] if number == 12 else ["a", "b"]
    word: Any = f"w{number}" if number % 4 else None
    return Tag(
        number=number if number != 17 else 2**40,
        word=word,
        parts=parts,
        maybe=["x", None],
        weight=Decimal(number) / 4 if number % 6 else None,
    )


def animal(number: int) -> Any:
    born = dt.date(2020, 1, 1) + dt.timedelta(days=number)
    if number % 3 == 0:
        return Wolf(
            id=strawberry.ID(str(number)),
            name=f"wolf {number}",
            born=None if number % 2 else born,
            diet=Diet.MEAT if number % 6 else None,
            pack=None,
            howls=[tag(number), None, tag(number + 1)],
        )
    return Cow(
        id=strawberry.ID(str(number)),
        name=f"cow {number}",
        born=born,
        diet=Diet.HAY,
        milk=number / 3,
        tags=[tag(each) for each in range(number % 5)],
        grid=[[1, None], [], [number]],
        first_tag=tag(number) if number % 2 else None,
    )


ANIMALS: list[Any] = [animal(number) for number in range(40)]
HERD = [each for each in ANIMALS if isinstance(each, Cow)]
WOLVES = [each for each in ANIMALS if isinstance(each, Wolf)]
for at, wolf in enumerate(WOLVES):
    wolf.pack = None if at == 3 else [WOLVES[(at + 1) % len(WOLVES)], None]


@strawberry.type
class Entry:
    day: dt.date | None
    number: int
    diet: Diet | None
    marks: list[str]

    @strawberry.field
    def next(self) -> int:
        return self.number + 1


@strawberry.type
class Query:
    @strawberry.field
    def animals(self, first: int = 5, kinds: list[Diet] | None = None) -> list[Animal]:
        return [each for each in ANIMALS[: max(first, 0)] if not kinds or each.diet in kinds]

    @strawberry.field
    async def animal(self, id: strawberry.ID) -> Animal | None:
        found: Animal = ANIMALS[int(id)]
        return found

    @strawberry.field
    async def cow(self, number: int = 0) -> Cow:
        return HERD[number]

    @strawberry.field
    def stable(self, number: int = 0) -> Cow:
        if number == 8:
            raise RuntimeError("no such stable")
        return HERD[number]

    @strawberry.field
    def odd(self, few: bool = True) -> list[Tag]:
        return [tag(number) for number in ((1, 4, 13) if few else (1, 12, 17))]

    @strawberry.field
    def ledger(self, rows: int = 0) -> list[Entry]:
        """By columns; what is odd about some of them is met at a few lengths only."""
        numbers: list[Any] = [each if each != 20 else None for each in range(max(rows, 0) * 3)]
        days = [dt.date(2026, 1, 1) + dt.timedelta(days=each) for each in range(len(numbers))]
        diets = [Diet.HAY if day.day % 2 else None for day in days]
        tags = [[f"t{each}"] * (each % 3) for each in range(len(numbers))]
        columns: dict[str, Any] = {"day": days, "number": numbers, "diet": diets, "marks": tags}
        return Table(Entry, columns)  # type: ignore[return-value]

    @strawberry.field
    def nothing(self) -> Tag | None:
        return None


SCHEMA = strawberry.Schema(Query, types=[Cow, Wolf], config=StrawberryConfig(scalar_map=SCALARS))._schema

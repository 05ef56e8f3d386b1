"""The dashboard as a shop owner reads it."""

from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

BARS = "▁▂▃▄▅▆▇█"
MONTHS = 12
STATUS = {
    "ON_TRACK": "[green]on track[/]",
    "MET": "[green]reached[/]",
    "AT_RISK": "[yellow]at risk[/]",
    "OFF_TRACK": "[red]off track[/]",
    "MISSED": "[red]missed[/]",
    "NO_DATA": "no data yet",
}


def show(console: Console, dashboard: dict[str, Any]) -> None:
    tenant = dashboard["data"]["tenant"]
    title = f"{tenant['name']} on {_day(tenant['today'])}, money in {tenant['currency']}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", max_width=25)
    for heading in ("Last month", "Change", "90 days"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(f"Last {MONTHS} months", no_wrap=True)
    for kpi in tenant["kpis"]["nodes"]:
        table.add_row(
            kpi["name"],
            amount(kpi["lastMonth"]),
            _change(kpi["lastMonth"]),
            amount(kpi["trailing"]),
            sparkline(kpi["series"]["values"][-MONTHS:]),
        )
    console.print(table)
    for objective in tenant["objectives"]["nodes"]:
        _objective(console, objective)


def amount(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return str(figure["nullReason"]).replace("_", " ").lower()
    return _written(figure["value"], figure["unit"])


def sparkline(values: list[str | None]) -> str:
    numbers = [None if value is None else Decimal(value) for value in values]
    known = [number for number in numbers if number is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(" " if number is None else BARS[int((number - low) / span * 7) if span else 0] for number in numbers)


def _objective(console: Console, objective: dict[str, Any]) -> None:
    console.print(f"\n[bold]{objective['title']}[/] until {_day(objective['dueOn'])}: {STATUS[objective['status']]}")
    for link in objective["initiatives"]["nodes"]:
        expected = "" if link["expectedChange"] is None else f", expected {_percent(link['expectedChange'], sign=True)}"
        console.print(f"  automation   {link['initiative']['name']} ({link['initiative']['tool']}){expected}")
    for kpi in objective["kpis"]["nodes"]:
        figure, target, baseline = kpi["lastMonth"], kpi["target"], kpi["baseline"]
        if target is None or baseline is None:
            continue
        progress = target["progress"]
        values = (baseline["value"], progress["actual"]["value"], progress["judgedBy"], target["value"])
        before, now, asked, goal = ("-" if value is None else _written(value, figure["unit"]) for value in values)
        console.print(f"  {kpi['name']}: {before} before, {now} now, {asked} asked for by then, {goal} in the end")


def _written(value: str, unit: str) -> str:
    number = Decimal(value)
    if unit == "MONEY":
        return f"{number:,.2f}"
    if unit == "COUNT":
        return f"{number:,.0f}"
    return _percent(value) if abs(number) < 1 else f"{number:.2f}"


def _change(figure: dict[str, Any]) -> str:
    change = figure["vsPrevious"]
    if change is None:
        return ""
    if figure["unit"] == "RATIO" and abs(Decimal(figure["value"])) < 1:
        return f"{Decimal(change['absolute']) * 100:+.1f} pts"
    return "" if change["relative"] is None else _percent(change["relative"], sign=True)


def _percent(value: str, *, sign: bool = False) -> str:
    return f"{Decimal(value) * 100:{'+' if sign else ''}.1f} %"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%B %Y}"

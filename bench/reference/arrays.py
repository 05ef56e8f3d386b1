"""Columns from the database, objects and JSON by Python: what a careful service without GraphQL would do."""

from itertools import groupby
from typing import Any

import asyncpg
import orjson

from bench.reference.serving import serve


async def answer(pool: asyncpg.Pool, statement: str, tenant: str) -> Any:
    rows = await pool.fetch(statement, tenant)
    first = rows[0]
    objectives = [_objective(list(cards)) for _, cards in groupby(rows, key=lambda row: row["objective_id"])]
    content = {
        "name": first["tenant"],
        "currency": first["currency"],
        "today": first["today"],
        "objectives": {"nodes": objectives},
    }
    return orjson.dumps({"tenant": content})


def _objective(cards: list[asyncpg.Record]) -> dict[str, Any]:
    first = cards[0]
    return {
        "title": first["title"],
        "startsOn": first["starts_on"],
        "dueOn": first["due_on"],
        "kpis": {"nodes": [_card(row) for row in cards]},
    }


def _card(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "name": row["name"],
        "metricKey": row["metric_key"],
        "segment": row["segment"],
        "current": {
            "value": row["current"],
            "currency": row["currency"] if row["unit"] == "MONEY" else None,
            "n": row["current_n"],
            "nullReason": None if row["current"] is not None else "DIVISION_BY_ZERO",
            "period": {"start": row["month_start"], "end": row["month_end"]},
        },
        "series": {
            "unit": row["unit"],
            "points": [
                {"at": day, "value": value, "n": n}
                for day, value, n in zip(row["days"], row["values"], row["counts"], strict=True)
            ],
        },
        "baseline": {
            "version": row["version"],
            "value": row["baseline"],
            "windowStart": row["window_start"],
            "windowEnd": row["window_end"],
            "n": row["baseline_n"],
        },
        "target": {
            "value": row["target"],
            "startValue": row["target_start"],
            "dueOn": row["target_due"],
            "trajectory": row["trajectory"],
        },
    }


if __name__ == "__main__":
    serve(answer)

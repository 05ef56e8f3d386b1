import datetime as dt
from decimal import Decimal
from enum import StrEnum

import strawberry


@strawberry.input(description="Days of the tenant's calendar, both ends included.")
class DateRangeInput:
    start: dt.date
    end: dt.date


@strawberry.input
class TargetPointInput:
    on: dt.date
    value: Decimal


@strawberry.enum(description="What a target was taken from.")
class TargetRationale(StrEnum):
    GOAL = "GOAL"
    BENCHMARK = "BENCHMARK"
    FORECAST = "FORECAST"

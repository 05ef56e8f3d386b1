from tenants.errors import Refusal


class Throttled(Refusal):
    """A budget does not hold what is asked for; it will after `seconds`."""

    code = "THROTTLED"

    def __init__(self, *, cost: int, available: int, seconds: int) -> None:
        super().__init__(
            f"This can cost {cost} points, and your app has {available} at this moment. Ask again in {seconds} s."
        )
        self.seconds = seconds

"""What templates refuse.

Refusal
├── InvalidInput   NOTHING_TO_TAKE, TEMPLATE_TOO_LARGE, NO_SUCH_VERSION
└── Conflict       TEMPLATES_TOO_MANY, VERSIONS_TOO_MANY
    ├── NoStartValue
    ├── ParentMissing
    └── OtherCurrency
"""

from tenants.errors import Conflict


class NoStartValue(Conflict):
    code = "NO_START_VALUE"

    def __init__(self, grain: str) -> None:
        super().__init__(f"The target starts from a baseline over periods of a {grain}, and there is none yet.")


class ParentMissing(Conflict):
    code = "PARENT_MISSING"

    def __init__(self) -> None:
        super().__init__("The objective that it belongs under is not there.")


class OtherCurrency(Conflict):
    code = "OTHER_CURRENCY"

    def __init__(self, currency: str) -> None:
        super().__init__(f"The target is an amount of {currency}, which is not what is reckoned in here.")

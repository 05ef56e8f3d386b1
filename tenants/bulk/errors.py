"""What bulk jobs refuse, and what they say of a tenant that an ordinary change has no words for.

Refusal
├── InvalidInput   TENANTS_TOO_MANY, TENANT_TWICE
├── Failed
└── Denied
    └── AskerEnded
"""

from tenants.errors import Denied, Refusal


class AskerEnded(Denied):
    code = "CALLER_ENDED"

    def __init__(self) -> None:
        super().__init__(
            "Who asked for this may not act any more: the app was put away, its consent ended, or the person left."
        )


class Failed(Refusal):
    code = "INTERNAL_ERROR"

    def __init__(self) -> None:
        super().__init__("This failed by a fault of ours, and nothing was changed here: ask for it again.")

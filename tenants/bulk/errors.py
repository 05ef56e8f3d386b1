"""What bulk jobs refuse, and what they say of a tenant that an ordinary change has no words for.

Refusal
├── InvalidInput   TENANTS_TOO_MANY, TENANT_TWICE
├── Failed
├── Conflict
│   └── JobsTooMany
└── Denied
    └── AskerEnded
"""

from tenants.bulk.kinds import MOST_OPEN
from tenants.errors import Conflict, Denied, Refusal


class JobsTooMany(Conflict):
    code = "JOBS_TOO_MANY"

    def __init__(self) -> None:
        super().__init__(f"An organization has at most {MOST_OPEN} jobs that are not over. Ask again when one is.")


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

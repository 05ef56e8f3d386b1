"""What grants refuse.

Refusal
├── Conflict
│   ├── GrantAlreadyEnded
│   ├── HoldsGrants
│   ├── NothingGiven
│   └── OwnGrant
└── InvalidInput   SCOPE_MISSING, SCOPE_BEYOND_ROLE, ENDS_IN_THE_PAST, ENDS_TOO_LATE, ENDS_AFTER_YOURS, OWN_ORGANIZATION
"""

from tenants.errors import Conflict


class GrantAlreadyEnded(Conflict):
    code = "ALREADY_ENDED"

    def __init__(self) -> None:
        super().__init__("This grant has ended already.", field=("grantId",))


class HoldsGrants(Conflict):
    code = "HOLDS_GRANTS"

    def __init__(self) -> None:
        super().__init__("It holds grants on tenants: pass them on or let them end first.", field=("organizationId",))


class NothingGiven(Conflict):
    code = "NOT_ASSIGNED"

    def __init__(self) -> None:
        super().__init__("It holds no grant of yours on this tenant.", field=("organizationId",))


class OwnGrant(Conflict):
    code = "OWN_GRANT"

    def __init__(self) -> None:
        super().__init__("This is your own. Let go of the tenant by tenantLeave.", field=("grantId",))

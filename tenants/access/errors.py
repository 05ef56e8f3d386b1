"""What sign-in and the registration of apps and people refuse.

Refusal
├── InvalidInput          REDIRECT_URI_INVALID, SCOPE_UNKNOWN, ADDRESS_INVALID, PASSWORD_TOO_SHORT, …
├── Conflict
│   └── SignInAddressTaken
└── Denied
    ├── ScopeBeyondYours
    ├── SignInRefused
    └── SignInThrottled
"""

from tenants.errors import Conflict, Denied


class ScopeBeyondYours(Denied):
    code = "SCOPE_BEYOND_YOURS"

    def __init__(self, scope: str, *, field: str = "scopes") -> None:
        super().__init__(f"Only who has the scope {scope} can give it on.", field=(field,))


class SignInAddressTaken(Conflict):
    code = "SIGN_IN_ADDRESS_TAKEN"

    def __init__(self) -> None:
        super().__init__("Somebody signs in with this address already.", field=("address",))


class SignInRefused(Denied):
    """The same words for an unknown person, a wrong password and a disabled person."""

    code = "SIGN_IN_REFUSED"

    def __init__(self) -> None:
        super().__init__("Address and password do not belong together.", field=("password",))


class SignInThrottled(Denied):
    code = "SIGN_IN_THROTTLED"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Too many failed attempts. Wait a few minutes, then try again.", field=("address",))
        self.retry_after_seconds = retry_after_seconds

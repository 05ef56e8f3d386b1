"""What sign-in and the registration of apps and people refuse.

Refusal
├── InvalidInput          REDIRECT_URI_INVALID, SCOPE_UNKNOWN, KEY_INVALID, PASSWORD_TOO_SHORT, …
├── Conflict
│   ├── KeyExists
│   ├── KeyWaits
│   ├── SignInAddressTaken
│   ├── AlreadyMember
│   ├── LastOwner
│   ├── HasOwner
│   ├── IdentityTaken
│   └── InvitationEnded
└── Denied
    ├── AccountDisabled
    ├── AddressDiffers
    ├── OwnersOnly
    ├── ScopeBeyondYours
    ├── SignInRefused
    └── SignInThrottled
"""

from datetime import datetime

from tenants.errors import Conflict, Denied


class ScopeBeyondYours(Denied):
    code = "SCOPE_BEYOND_YOURS"

    def __init__(self, scope: str, *, field: str = "scopes") -> None:
        super().__init__(f"Only who has the scope {scope} can give it on.", field=(field,))


class OwnersOnly(Denied):
    """The first owner of an organization is made by whoever may invite to it."""

    code = "OWNERS_ONLY"

    def __init__(self, *, field: str) -> None:
        super().__init__("Only an owner of the organization decides who its owners are.", field=(field,))


class KeyExists(Conflict):
    code = "KEY_EXISTS"

    def __init__(self) -> None:
        super().__init__("The app has, or had, a key of this kid. Give the new one another.", field=("jwk",))


class KeyWaits(Conflict):
    """There is a next signing key already."""

    code = "KEY_WAITS"

    def __init__(self, signs_from: datetime) -> None:
        super().__init__(f"A new key signs from {signs_from:%Y-%m-%d %H:%M} UTC on. Until then there is no other.")


class AlreadyMember(Conflict):
    code = "ALREADY_MEMBER"

    def __init__(self) -> None:
        super().__init__("Who signs in by this address is a member already.", field=("address",))


class LastOwner(Conflict):
    code = "LAST_OWNER"

    def __init__(self, *, field: str = "memberId") -> None:
        super().__init__("An organization keeps at least one owner: make somebody else one first.", field=(field,))


class HasOwner(Conflict):
    code = "HAS_OWNER"

    def __init__(self, field: str) -> None:
        super().__init__("It has an owner, who decides who else there is.", field=(field,))


class InvitationEnded(Conflict):
    code = "INVITATION_ENDED"

    def __init__(self) -> None:
        super().__init__("The invitation was accepted, taken back, or has expired.", field=("invitationId",))


class IdentityTaken(Conflict):
    code = "IDENTITY_TAKEN"

    def __init__(self) -> None:
        super().__init__("Somebody signs in by this already.")


class AccountDisabled(Denied):
    code = "ACCOUNT_DISABLED"

    def __init__(self) -> None:
        super().__init__("This account may not sign in.")


class AddressDiffers(Denied):
    code = "ADDRESS_DIFFERS"

    def __init__(self) -> None:
        super().__init__("The provider does not say that the account's address is yours.")


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

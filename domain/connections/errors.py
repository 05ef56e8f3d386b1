from tenants.errors import Conflict, InvalidInput


class AccountAlreadyConnected(Conflict):
    code = "ACCOUNT_ALREADY_CONNECTED"

    def __init__(self) -> None:
        super().__init__("This account is connected through the same app already.", field=("account",))


class AccountNameRefused(InvalidInput):
    code = "INVALID_ACCOUNT"


class ProviderUnknown(InvalidInput):
    code = "UNKNOWN_PROVIDER"

    def __init__(self, name: str) -> None:
        super().__init__(f"No app for the provider {name[:40]!r} is set up here.", field=("provider",))


class StateRefused(Exception):
    """A consent callback whose state is unknown, used, expired or of another account."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

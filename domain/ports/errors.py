"""What can go wrong at a provider, told apart by what to do about it.

ProviderError
├── ConsentRefused      the callback is forged, stale, replayed or denied: nothing is stored
├── TokenRejected       the access token is not taken any more: refresh once
├── ReauthRequired      the refresh token is dead: only the owner can help
├── ScopeMissing        the consent does not cover this: named scopes are missing
├── AccountGone         the account is closed or the app was removed
├── Throttled           wait `retry_after` seconds, then the same again
├── ProviderUnavailable outage, time-out or 5xx: wait and try again
├── AnswerUnusable      malformed, partial or of another version: keep the cursor, say why
└── SignatureRefused    a webhook whose signature does not match its bytes
"""


class ProviderError(Exception):
    """`code` is machine-readable and shown to users; the message never holds a token or a personal value."""

    code = "PROVIDER_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class ConsentRefused(ProviderError):
    code = "CONSENT_REFUSED"


class TokenRejected(ProviderError):
    code = "TOKEN_REJECTED"


class ReauthRequired(ProviderError):
    code = "NEEDS_REAUTH"


class ScopeMissing(ProviderError):
    code = "SCOPE_MISSING"

    def __init__(self, message: str, *, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.scopes = scopes


class AccountGone(ProviderError):
    code = "ACCOUNT_GONE"


class Throttled(ProviderError):
    code = "THROTTLED"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderUnavailable(ProviderError):
    code = "PROVIDER_UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AnswerUnusable(ProviderError):
    """Codes: PARTIAL_ANSWER, MALFORMED_ANSWER, WRONG_API_VERSION, QUERY_REFUSED."""

    code = "MALFORMED_ANSWER"


class SignatureRefused(ProviderError):
    code = "SIGNATURE_REFUSED"

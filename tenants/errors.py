"""What the house refuses, as facts a caller can act on.

Refusal
├── InvalidInput        a field of the input is wrong
├── NotFound            no such thing for this caller
├── Conflict            true in itself, but not now
│   └── AlreadyArchived
├── Overloaded          nothing wrong but the moment
├── TooSlow             it asks for too much at once
└── Denied              the caller may not
    ├── ForbiddenScope
    ├── PersonsOnly
    ├── NoGrant
    └── GrantEnded
"""


class Refusal(Exception):
    """A request that is answered with a typed error and changes nothing.

    `field` is the path of the offending input below the mutation's `input`, e.g. ("dueOn",).
    """

    code = "REFUSED"

    def __init__(self, message: str, *, field: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class InvalidInput(Refusal):
    code = "INVALID"


class NotFound(Refusal):
    """The words are the same whatever was asked for, so that an answer tells nothing about strangers' data."""

    code = "NOT_FOUND"

    def __init__(self, *, field: tuple[str, ...] = ()) -> None:
        super().__init__("Nothing with this id is visible to you.", field=field)


class Conflict(Refusal):
    code = "CONFLICT"


class AlreadyArchived(Conflict):
    code = "ALREADY_ARCHIVED"

    def __init__(self, field: str) -> None:
        super().__init__("This is archived already.", field=(field,))


class Denied(Refusal):
    code = "DENIED"


class ForbiddenScope(Denied):
    code = "FORBIDDEN_SCOPE"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}, which the access token does not carry.")
        self.scope = scope


class PersonsOnly(Denied):
    code = "PERSONS_ONLY"

    def __init__(self) -> None:
        super().__init__("This is for somebody who signed in: an app on its own has no account.")


class Overloaded(Refusal):
    """Nothing is wrong with the request but its moment."""

    code = "OVERLOADED"

    def __init__(self, message: str = "Too much is asked for at once. Ask again in a moment.") -> None:
        super().__init__(message)


class TooSlow(Refusal):
    """The database gave up: it was too much, and will be again."""

    code = "TOO_SLOW"

    def __init__(self) -> None:
        super().__init__("This took the database too long. Ask for less at once.")


class NoGrant(Denied):
    code = "NO_GRANT"

    def __init__(self, *, field: tuple[str, ...] = ()) -> None:
        super().__init__("Your organization's grant on this tenant does not cover this.", field=field)


class GrantEnded(Denied):
    code = "GRANT_ENDED"

    def __init__(self, *, field: tuple[str, ...] = ()) -> None:
        super().__init__("Your organization's grant on this tenant has ended.", field=field)

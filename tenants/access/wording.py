"""What people type, made comparable: names, sign-in addresses, passwords."""

import re
import unicodedata

from tenants.errors import InvalidInput

NAME_LENGTH = 200
ADDRESS_LENGTH = 254
PASSWORD_LENGTHS = (12, 256)

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def check_name(value: str, *, field: tuple[str, ...] = ("name",)) -> str:
    name = unicodedata.normalize("NFC", value.strip())
    if not name or len(name) > NAME_LENGTH or not _is_text(name):
        raise InvalidInput(f"A name has 1 to {NAME_LENGTH} characters on one line.", field=field, code="NAME_INVALID")
    return name


def check_address(value: str) -> str:
    address = comparable_address(value)
    if len(address) > ADDRESS_LENGTH or not _ADDRESS.fullmatch(address) or not _is_text(address):
        raise InvalidInput("This is no mail address.", field=("address",), code="ADDRESS_INVALID")
    return address


def check_password(value: str) -> str:
    password = comparable_password(value)
    shortest, longest = PASSWORD_LENGTHS
    if len(password) < shortest:
        raise InvalidInput(
            f"A password has at least {shortest} characters.", field=("password",), code="PASSWORD_TOO_SHORT"
        )
    if len(password) > longest:
        raise InvalidInput(
            f"A password has at most {longest} characters.", field=("password",), code="PASSWORD_TOO_LONG"
        )
    return password


def comparable_address(value: str) -> str:
    return unicodedata.normalize("NFC", value.strip()).lower()


def comparable_password(value: str) -> str:
    """Keyboards differ in how they compose an accent; the person typed the same."""
    return unicodedata.normalize("NFKC", value)


def _is_text(value: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value)

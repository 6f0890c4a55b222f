"""Numbers that check themselves: 身份证号 of a person (GB 11643-1999), and 统一社会信用代码 of an organisation.

The latter: GB 32100-2015, with the organisation code in it (GB 11714).
"""

from datetime import datetime

_PERSON = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSON_CHECKS = "10X98765432"
_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)


def is_id_card(text: str) -> bool:
    """Seventeen digits with a birthday among them, and the digit or X that follows from them."""
    body, last = text[:17], text[17:].upper()
    if len(text) != 18 or not (body.isascii() and body.isdigit()) or body[0] == "0" or not _is_day(body[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(body, _PERSON, strict=True))
    return last == _PERSON_CHECKS[total % 11]


def is_credit_code(text: str) -> bool:
    """Digits and letters without I, O, S, V and Z, of which two follow from the others."""
    text = text.upper()
    if len(text) != 18 or any(letter not in _LETTERS for letter in text):
        return False
    return credit_code_check(text[:17]) == text[17] and organisation_check(text[8:16]) == text[16]


def credit_code_check(body: str) -> str:
    """The 18th character of a credit code for its first 17."""
    total = sum(_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return _LETTERS[-total % 31]


def organisation_check(body: str) -> str:
    """The 9th character of an organisation code for its first 8."""
    rest = -sum(int(letter, 36) * weight for letter, weight in zip(body, _ORGANISATION, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def _is_day(text: str) -> bool:
    try:
        return datetime.strptime(text, "%Y%m%d").year >= 1800  # noqa: DTZ007 - a day without an hour
    except ValueError:
        return False

"""统一社会信用代码: the check characters of GB 32100-2015, and of the organisation code in it (GB 11714)."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def check_character(body: str) -> str:
    """The 18th character for the first 17."""
    total = sum(_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _ALPHABET[-total % 31]


def organisation_check(body: str) -> str:
    """The 9th character of an organisation code for its first 8."""
    values = [int(character, 36) for character in body]
    rest = -sum(value * weight for value, weight in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return "X" if rest == 10 else str(rest)


def is_valid(code: str) -> bool:
    """Whether both check characters fit."""
    if len(code) != 18 or any(character not in _ALPHABET for character in code):
        return False
    return check_character(code[:17]) == code[17] and organisation_check(code[8:16]) == code[16]

"""How many of those who are asked have to agree: all, a share of them (票签), or of their weights (加权)."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate
from typing import Any

from engine.errors import N_, InvalidValue


def needed(mode: str, weights: Iterable[Decimal], parameters: Mapping[str, Any]) -> Fraction | None:
    """What the votes (`counted`) of those who agree have to reach, of all who are asked; None: one of them decides.

    Nobody abstains. Raises InvalidValue.
    """
    asked = list(weights)
    match mode:
        case "all" | "sequential" | "single":
            return Fraction(len(asked))
        case "ratio":
            return Fraction(need(len(asked), parameters))
        case "weight":
            return weight_needed(asked, parameters)
    return None


def counted(mode: str, weights: Iterable[Decimal]) -> list[Decimal]:
    """What each vote counts: only `weight` weighs them."""
    return [one if mode == "weight" else Decimal(1) for one in weights]


def need(entitled: int, parameters: Mapping[str, Any]) -> int:
    """How many of `entitled` must agree: `ceil(q*n)`, with `strict` more than that share; at least 1."""
    wanted = threshold(str(parameters.get("threshold", "1/2"))) * entitled
    if parameters.get("strict") in (True, "true"):
        return max(1, math.floor(wanted) + 1)
    return max(1, math.ceil(wanted))


def weight_needed(weights: Iterable[Decimal], parameters: Mapping[str, Any]) -> Fraction:
    """An absolute threshold, or a share of all weights."""
    text = str(parameters.get("threshold", "50%"))
    return threshold(text) * (Fraction(sum(weights, Decimal(0))) if text.endswith("%") else 1)


def fewest(weights: Iterable[Decimal], wanted: Fraction) -> int | None:
    """The fewest people whose weights reach it; None: not even all together do."""
    return _first(sorted(weights, reverse=True), wanted)


def most(weights: Iterable[Decimal], wanted: Fraction) -> int | None:
    """The most who can have agreed when it is reached; None as for `fewest`."""
    return _first(sorted(weights), wanted)


def threshold(text: str) -> Fraction:
    """`2/3`, `66%` or `0.66` as an exact fraction. Raises InvalidValue."""
    try:
        number = Fraction(text.strip().removesuffix("%"))
    except (ValueError, ZeroDivisionError):
        raise InvalidValue(expected=N_("a threshold such as 2/3, 66% or 0.66"), found=text) from None
    if text.strip().endswith("%"):
        number /= 100
    if number <= 0:
        raise InvalidValue(expected=N_("a threshold above zero"), found=text)
    return number


def weight(text: str) -> Decimal:
    """Of a vote. Raises InvalidValue."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise InvalidValue(expected=N_("a weight such as 2 or 0.5"), found=text)
    return number


def _first(ordered: Iterable[Decimal], wanted: Fraction) -> int | None:
    sums = enumerate(accumulate(ordered), 1)
    return next((number for number, total in sums if Fraction(total) >= wanted), None)

"""Amounts, rounded once where they are computed; the same text stands in every module that needs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of one line, in the currency of its document: `gross = net + tax`."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def cents(value: Decimal) -> Decimal:
    """Two decimals, half up."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def quantity(value: Decimal) -> Decimal:
    """Four decimals, half up."""
    return value.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def unit_price(value: Decimal) -> Decimal:
    """Six decimals, half up."""
    return value.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def is_money(value: Decimal) -> bool:
    """Above 0, with at most two decimals."""
    return value > 0 and value == cents(value)


def is_count(value: Decimal) -> bool:
    """Above 0, with at most four decimals."""
    return value > 0 and value == quantity(value)


def line(
    count: Decimal, price: Decimal, discount: Decimal, vat_rate: Decimal, *, price_includes_tax: bool = False
) -> Amounts:
    """`count` pieces at `price` less `discount` (a share of 1). The rounding follows the kind of price."""
    total = cents(count * price * (1 - discount))
    if price_includes_tax:
        net = cents(total / (1 + vat_rate))
        return Amounts(net, total - net, total)
    tax = cents(total * vat_rate)
    return Amounts(total, tax, total + tax)


def total(lines: Sequence[Amounts]) -> Amounts:
    """The head of a document is the sum of its lines, never computed again."""
    return Amounts(
        sum((each.net for each in lines), ZERO),
        sum((each.tax for each in lines), ZERO),
        sum((each.gross for each in lines), ZERO),
    )


def part(whole: Decimal, cumulative: Decimal, ordered: Decimal, done: Decimal) -> Decimal:
    """The amount of this part when `cumulative` of `ordered` is reached and `done` was counted before.

    The last part takes what is left, so that no cent is lost.
    """
    if cumulative >= ordered:
        return whole - done
    return cents(whole * cumulative / ordered) - done


def issue_value(value: Decimal, on_hand: Decimal, count: Decimal) -> Decimal:
    """What `count` pieces take with them at the moving average; the last piece takes all that is left."""
    return value if count == on_hand else cents(value * count / on_hand)

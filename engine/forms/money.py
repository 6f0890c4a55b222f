"""What money a form is about: the amounts whose currency it states, a column of a list as its total."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.feel import Compiled
from engine.forms.model import Form, FormField, get, leaves
from engine.forms.rules import Place, Rules, places
from engine.values import HOME_CURRENCY, Values

CENTS = 2
"""decimal places of an amount that states no currency"""


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount in a currency."""

    amount: Decimal | int
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"


def sums(form: Form, values: Values, *, now: datetime, zone: str) -> dict[tuple[str, str], Sum]:
    """By (dotted path, currency), what the fields with a currency hold; a column is added up: one signs its total.

    Amounts that are only shown for comparison (`troika:limit`) are left out. Columns are not added to each other: net,
    tax and total of the same lines would count twice. In a form that states no currency at all, numbers with two
    decimal places outside lists are money of the books: a limit that overlooks them would be none.
    """
    found: dict[tuple[str, str], Sum] = {}
    usual = None if any(field.currency is not None for field in form.fields) else HOME_CURRENCY
    for field, amount, currency in _amounts(form.components, values, None, Rules(values, now, zone), usual):
        key = (field.path, currency)
        found[key] = Sum(amount + (found[key].amount if key in found else 0), currency)
    return found


def _amounts(
    components: tuple[FormField, ...], level: Values, row: Place | None, rules: Rules, usual: str | None
) -> Iterator[tuple[FormField, Decimal | int, str]]:
    for leaf in leaves(components):
        if leaf.type == "dynamiclist":
            for place in places(leaf, level, row):
                yield from _amounts(leaf.children, place.this, place, rules, None)
            continue
        amount = get(level, leaf.keys)
        currency = leaf.currency or (usual if leaf.raw.get("decimalDigits") == CENTS else None)
        if currency is None or not leaf.limited or isinstance(amount, bool):
            continue
        if isinstance(amount, Decimal | int):
            stated = rules.value(currency, row) if isinstance(currency, Compiled) else currency
            yield leaf, amount, _code(stated)


def _code(stated: Any) -> str:
    """What is not said is no currency of ours."""
    return stated.strip().upper() if isinstance(stated, str) and stated.strip() else "?"

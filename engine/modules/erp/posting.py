"""Which event debits and credits what: a table, applied in the transaction of the business operation.

An amount of 0 makes no line; a negative amount is a red entry on the same side. `aux` names the fact that the account
asks for (customer, supplier, employee, item, department). Chart: `chart_of_accounts.csv`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import BusinessError


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a voucher: `side` D or C, `amount` and `aux` are names of the event's facts."""

    side: str
    account: str
    amount: str
    aux: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line ready to be written."""

    account: str
    debit: Decimal
    credit: Decimal
    aux: str


EVENTS: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "opening_stock": ("记", (Rule("D", "1405", "value"), Rule("C", "3001", "value"))),
    "opening_cash": ("记", (Rule("D", "1002", "amount"), Rule("C", "3001", "amount"))),
    "shipment": ("转", (Rule("D", "5401", "cost"), Rule("C", "1405", "cost"))),
    "sales_invoice": (
        "转",
        (
            Rule("D", "1122", "gross", "customer"),
            Rule("C", "5001", "net", "customer"),
            Rule("C", "22210102", "tax"),
        ),
    ),
    "customer_receipt": (
        "收",
        (
            Rule("D", "1002", "amount"),
            Rule("C", "1122", "allocated", "customer"),
            Rule("C", "2203", "rest", "customer"),
        ),
    ),
    "allocation": ("转", (Rule("D", "2203", "amount", "customer"), Rule("C", "1122", "amount", "customer"))),
    "goods_receipt": ("转", (Rule("D", "1405", "value"), Rule("C", "220202", "value", "supplier"))),
    "supplier_invoice": (
        "转",
        (
            Rule("D", "220202", "ordered_value", "supplier"),
            Rule("D", "5401", "price_difference"),
            Rule("D", "22210101", "tax"),
            Rule("C", "220201", "gross", "supplier"),
        ),
    ),
    "supplier_payment": ("付", (Rule("D", "220201", "amount", "supplier"), Rule("C", "1002", "amount"))),
    "expense_claim": (
        "转",
        (
            Rule("D", "5602", "net", "department"),
            Rule("D", "22210101", "tax"),
            Rule("C", "224101", "gross", "employee"),
        ),
    ),
    "expense_payment": ("付", (Rule("D", "224101", "amount", "employee"), Rule("C", "1002", "amount"))),
}


def lines(event: str, amounts: Mapping[str, Decimal], aux: Mapping[str, str]) -> tuple[str, list[Line]]:
    """The word and the lines of the voucher of `event`. Raises ERP.NO_POSTING_RULE."""
    if event not in EVENTS:
        raise BusinessError("ERP.NO_POSTING_RULE", event=event)
    word, rules = EVENTS[event]
    nothing = Decimal("0.00")
    made = []
    for rule in rules:
        amount = amounts[rule.amount]
        if amount:
            debit, credit = (amount, nothing) if rule.side == "D" else (nothing, amount)
            made.append(Line(rule.account, debit, credit, aux[rule.aux] if rule.aux else ""))
    return word, made

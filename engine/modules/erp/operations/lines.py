"""What a process hands over about lines: sku and quantity are enough, the rest comes from the item."""

from datetime import date
from decimal import Decimal
from typing import NotRequired, TypedDict
from uuid import UUID


class StockLine(TypedDict):
    """So many of an item."""

    sku: str
    quantity: Decimal
    line_no: NotRequired[int | None]


class RequisitionLine(TypedDict):
    """Something to be bought; without a price the supplier's price of the item stands."""

    sku: str
    quantity: Decimal
    price: NotRequired[Decimal | None]
    need_by: NotRequired[date | None]


class PurchaseLine(TypedDict):
    """Something ordered from a supplier, net price per unit; without one the supplier's price of the item stands."""

    sku: str
    quantity: Decimal
    price: NotRequired[Decimal | None]
    vat_rate: NotRequired[Decimal | None]
    match_policy: NotRequired[str | None]


class ReceivedLine(TypedDict):
    """What arrived for a line of a purchase order."""

    sku: str
    quantity: Decimal


class InvoicedLine(TypedDict):
    """What a supplier bills; price, rate and tax as printed on the invoice."""

    sku: str
    quantity: Decimal
    price: Decimal
    vat_rate: NotRequired[Decimal | None]


class SalesLine(TypedDict):
    """A line of a customer's order with its amounts as agreed."""

    line_no: int
    sku: str
    quantity: Decimal
    price: Decimal
    vat_rate: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


class SalesOrder(TypedDict):
    """The facts of a confirmed customer order, as the commercial side hands them over."""

    order_no: str
    customer_id: UUID
    customer_name: str
    lines: list[SalesLine]
    customer_uscc: NotRequired[str | None]
    currency: NotRequired[str | None]
    ship_to: NotRequired[dict[str, object] | None]
    promised_date: NotRequired[date | None]
    payment_terms_days: NotRequired[int | None]


class ExpenseLine(TypedDict):
    """An amount spent, tax included; `tax` is the part that a special VAT invoice lets us deduct."""

    amount: Decimal
    category: NotRequired[str | None]
    spent_on: NotRequired[date | None]
    text: NotRequired[str | None]
    tax: NotRequired[Decimal | None]

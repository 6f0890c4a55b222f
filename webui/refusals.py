"""What the codes with which operations refuse mean, in a reader's words."""

from engine.errors import N_
from webui import errors

_WORDS = {
    "CRM.ALREADY_ANSWERED": N_("The survey has been answered already"),
    "CRM.ALREADY_SHIPPED": N_("The order is delivered already, wholly or in part"),
    "CRM.BAD_USCC": N_("No valid unified social credit code"),
    "CRM.CLOSED": N_("It is closed already"),
    "CRM.DUPLICATE": N_("It is there already"),
    "CRM.NOT_COMPLETE": N_("Not everything is delivered and paid yet"),
    "CRM.ON_CREDIT_HOLD": N_("The order is held for the customer's credit"),
    "CRM.ORDER_DIFFERS": N_("The same order of the channel says something else"),
    "CRM.OVER_SHIPPED": N_("More would be delivered than was ordered"),
    "CRM.PARTY_ON_HOLD": N_("Nothing is sold to this customer for now"),
    "CRM.PRICE_MISSING": N_("An item has no price"),
    "CRM.REASON_REQUIRED": N_("A reason is missing"),
    "CRM.SURVEY_EXPIRED": N_("The time to answer is over"),
    "CRM.UNKNOWN_ORDER": N_("There is no such order"),
    "DATA.INVALID": N_("An input makes no sense"),
    "DATA.NOT_FOUND": N_("A record does not exist"),
    "ERP.ACCOUNT_FORMAT": N_("No valid bank account number"),
    "ERP.ALREADY_PAID": N_("It is paid already"),
    "ERP.ALREADY_REQUESTED": N_("Its payment is requested already"),
    "ERP.ALREADY_REVERSED": N_("The voucher is reversed already"),
    "ERP.CLAIM_DIFFERS": N_("The same claim is booked with another amount"),
    "ERP.DUPLICATE_INVOICE": N_("The invoice is entered already"),
    "ERP.DUPLICATE_RECEIPT": N_("The receipt of the bank is entered already"),
    "ERP.INVOICE_BLOCKED": N_("The invoice is blocked: it is not matched yet"),
    "ERP.ITEM_INACTIVE": N_("An item is no longer traded"),
    "ERP.NOTHING_TO_BILL": N_("Nothing is left to bill"),
    "ERP.NOTHING_TO_SHIP": N_("Nothing is left to deliver"),
    "ERP.NOT_COMPLETE": N_("Something is still open"),
    "ERP.NOT_SHIPPED": N_("It is not delivered yet"),
    "ERP.NO_SUPPLIER": N_("Nobody supplies an item"),
    "ERP.ORDER_DIFFERS": N_("The same order says something else"),
    "ERP.OVERPAY": N_("More would be paid than is open"),
    "ERP.OVER_ALLOCATED": N_("More would be settled than is open"),
    "ERP.OVER_RECEIPT": N_("More would be received than was ordered"),
    "ERP.PAYEE_CONFIRMED": N_("The bank details are confirmed already"),
    "ERP.PAYEE_SAME_PERSON": N_("Another person must confirm bank details"),
    "ERP.PAYEE_UNCONFIRMED": N_("The payee has no confirmed bank details"),
    "ERP.PAYMENT_RETURNED": N_("The payment came back"),
    "ERP.PERIOD_CLOSED": N_("The accounting period is closed"),
    "ERP.PO_CLOSED": N_("The purchase order is closed"),
    "ERP.REQUEST_DIFFERS": N_("The payment differs from what was approved"),
    "ERP.REQUEST_FROZEN": N_("The payment request can no longer be changed"),
    "ERP.SHIPMENT_CANCELLED": N_("The delivery is cancelled"),
    "ERP.STOCK_SHORT": N_("There is not enough in stock"),
    "ERP.SUPPLIER_BLOCKED": N_("Nothing is bought from this supplier for now"),
    "ERP.TRACKING_USED": N_("The tracking number belongs to another delivery"),
    "ERP.VAT_UNKNOWN": N_("No tax rate is known for a category"),
    "ERP.WRONG_ITEM": N_("The order does not hold this item"),
    "OA.BALANCE_SHORT": N_("Not enough days of leave are left"),
    "OA.LEAVE_OVERLAP": N_("There is leave in this time already"),
    "OA.LEAVE_TYPE": N_("There is no such kind of leave"),
    "OA.NOT_EMPLOYED": N_("The person is not employed then"),
}


def refusal(code: str) -> str:
    """In the reader's language; a code of another system is its own word."""
    words = _WORDS.get(code)
    return code if words is None else errors.words(words, {})

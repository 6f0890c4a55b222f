"""What every operation of this module needs to know: the business date, the currency, the number of a new document."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import counters
from engine.errors import N_, BusinessError, Phrase
from engine.modules.erp import amounts
from engine.modules.erp.models.item import company, item, vat_rate, warehouse
from engine.modules.erp.rows import rows
from engine.operations import OperationCall
from engine.unit_of_work import UnitOfWork
from engine.values import HOME_CURRENCY

CURRENCY = HOME_CURRENCY


_company = select(company.c.uscc, company.c.name).limit(1)


def entity(uow: UnitOfWork) -> tuple[str | None, str]:
    """The company whose books these are, as facts and as people know it; None before it is set up."""
    found = uow.read_one(_company)
    return (None, "") if found is None else (found.uscc, f"{found.name} {found.uscc}")


def business_date(uow: UnitOfWork) -> date:
    """Today in the zone of the company."""
    return uow.now.astimezone(uow.settings.zone).date()


def head(uow: UnitOfWork, call: OperationCall, source: tuple[str, object] | None = None) -> dict[str, Any]:
    """The columns that every new document shares."""
    return {
        "business_date": business_date(uow),
        "created_at": uow.now,
        "created_by": uow.actor.user_id,
        "instance_id": call.instance_id,
        "source_type": source[0] if source else None,
        "source_id": str(source[1]) if source else None,
    }


def document_no(uow: UnitOfWork, prefix: str) -> str:
    """The next number of its kind in this month, e.g. PO-202611-0042."""
    month = f"{business_date(uow):%Y%m}"
    return f"{prefix}-{month}-{counters.next_number(uow, f'erp/{prefix}/{month}'):04d}"


def checked(name: str, text: str, limit: int) -> str:
    """`text` without blanks around it. Raises DATA.INVALID when it is empty or longer than its column."""
    trimmed = text.strip()
    if not 0 < len(trimmed) <= limit:
        raise BusinessError(
            "DATA.INVALID",
            expected=Phrase(N_("{field} of 1 to {limit} characters"), field=name, limit=limit),
            found=text[:limit],
        )
    return trimmed


def counted(lines: Iterable[Any]) -> None:
    """Raises DATA.INVALID unless every line counts more than 0, with at most four decimals; no lines are refused."""
    listed = list(lines)
    wrong = [str(line["quantity"]) for line in listed if not amounts.is_count(line["quantity"])]
    if wrong or not listed:
        raise BusinessError(
            "DATA.INVALID",
            expected=N_("quantities above 0 with at most four decimals"),
            found=", ".join(wrong) or N_("none"),
        )


def spread(quantity: Decimal, room: Iterable[tuple[Any, Decimal]]) -> list[tuple[Any, Decimal]]:
    """(line, share) of `quantity` over the lines of one item: each up to its room, what is left on the last line."""
    listed = list(room)
    shares = []
    for number, (line, free) in enumerate(listed, 1):
        share = quantity if number == len(listed) else min(quantity, max(free, Decimal(0)))
        quantity -= share
        if share:
            shares.append((line, share))
    return shares


def items_by_sku(uow: UnitOfWork, skus: Iterable[str]) -> dict[str, Any]:
    """Items by SKU; what is unknown is missing."""
    wanted = sorted(set(skus))
    return {row.sku: row for row in uow.execute(select(item).where(item.c.sku.in_(wanted)))} if wanted else {}


def active_items(uow: UnitOfWork, skus: Iterable[str]) -> dict[str, Any]:
    """Items by SKU. Raises ERP.ITEM_INACTIVE naming the ones that are unknown or no longer traded."""
    skus = list(skus)
    found = items_by_sku(uow, skus)
    missing = sorted({sku for sku in skus if sku not in found or not found[sku].active})
    if missing:
        raise BusinessError("ERP.ITEM_INACTIVE", skus=missing)
    return found


def vat_rates(uow: UnitOfWork, on: date) -> dict[str, Decimal]:
    """The rates in force by category."""
    query = select(vat_rate.c.category, vat_rate.c.rate).where(
        vat_rate.c.valid_from <= on, (vat_rate.c.valid_to.is_(None)) | (vat_rate.c.valid_to >= on)
    )
    return {row.category: row.rate for row in uow.execute(query)}


def rate_of(rates: dict[str, Decimal], category: str) -> Decimal:
    """Raises ERP.VAT_UNKNOWN."""
    if category not in rates:
        raise BusinessError("ERP.VAT_UNKNOWN", category=category)
    return rates[category]


def warehouse_id(uow: UnitOfWork, code: str | None) -> UUID:
    """The warehouse with this code; without one, the first active one by code. Raises DATA.NOT_FOUND."""
    query = select(warehouse.c.id).where(warehouse.c.active).order_by(warehouse.c.code)
    if code is not None:
        query = query.where(warehouse.c.code == code)
    found = rows.find(uow, query.limit(1))
    if found is None:
        raise BusinessError("DATA.NOT_FOUND", table="erp_warehouse", key=code or "")
    key: UUID = found.id
    return key

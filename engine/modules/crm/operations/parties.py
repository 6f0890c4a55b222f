"""Customers: known once, found by number, on hold or not, and how far they are trusted."""

from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict
from uuid import UUID

from sqlalchemy import func, select, update

from engine import identifiers
from engine.errors import N_, BusinessError
from engine.modules.crm.amounts import ZERO
from engine.modules.crm.models.order import order
from engine.modules.crm.models.party import address, contact, party
from engine.modules.crm.rows import rows
from engine.operations import operation
from engine.unit_of_work import UnitOfWork


class Contact(TypedDict):
    """A person to talk to."""

    name: str
    phone: NotRequired[str | None]
    email: NotRequired[str | None]
    role: NotRequired[str | None]


class Address(TypedDict):
    """Where goods go."""

    line: str
    region: NotRequired[str | None]


@operation(
    "crm.upsert_party", zh="新增或更新客户", en="Add or update customer", compensated_by="crm.deactivate_party",
    outputs={"party_id": "id", "created": "boolean"}, errors=("CRM.BAD_USCC", "CRM.DUPLICATE"),
)  # fmt: skip
def upsert_party(
    uow: UnitOfWork, *, name: str, kind: Literal["org", "person"] = "org", uscc: str | None = None,
    short_name: str | None = None, mobile: str | None = None, email: str | None = None, contact: Contact | None = None,
    address: Address | None = None, credit_limit: Decimal | None = None, payment_terms_days: int | None = None,
    customer_class: Literal["A", "B", "C", "prepaid"] | None = None, owner_id: UUID | None = None,
    source: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Know a customer once: by USCC, else by name (and mobile for a person). What is given replaces what was known.

    Raises CRM.BAD_USCC, CRM.DUPLICATE (`candidates`: party_id, name, uscc) when several could be meant.
    """
    code = (uscc or "").strip().upper() or None
    if code is not None and (kind == "person" or not identifiers.is_credit_code(code)):
        raise BusinessError("CRM.BAD_USCC", found=code)
    known = _known(uow, kind, name, code, mobile)
    given = {
        "short_name": short_name, "mobile": mobile, "email": email, "credit_limit": credit_limit,
        "payment_terms_days": payment_terms_days, "customer_class": customer_class, "owner_id": owner_id,
        "source": source, "uscc": code,
    }  # fmt: skip
    values = {key: value for key, value in given.items() if value is not None}
    if known is None:
        party_id = rows.add(
            uow, party, kind=kind, name=name, created_at=uow.now, **{"credit_limit": ZERO, **values}
        )  # fmt: skip
    else:
        party_id = known.id
        rows.change(uow, party, party_id, name=name, active=True, **values)
    if contact is not None:
        _meet(uow, party_id, contact)
    if address is not None:
        _locate(uow, party_id, address)
    return {"party_id": party_id, "created": known is None}


@operation(
    "crm.find_party", zh="查询客户", en="Find customer", effect="read", errors=("DATA.NOT_FOUND", "DATA.INVALID"),
    outputs={"party_id": "id", "name": "string", "kind": "string", "uscc": "string", "lifecycle": "string",
             "customer_class": "string", "hold": "boolean", "active": "boolean", "credit_limit": "number",
             "payment_terms_days": "number", "address": "context", "contact": "context"},
)  # fmt: skip
def find_party(uow: UnitOfWork, *, party_id: UUID | None = None, uscc: str | None = None) -> dict[str, Any]:
    """Facts of a customer by id or USCC, with the default address and the first contact."""
    if party_id is not None:
        found = rows.get(uow, party, party_id)
    elif uscc is not None:
        found = rows.by(uow, party, "uscc", uscc.strip().upper())
    else:
        raise BusinessError("DATA.INVALID", expected=N_("an id or a USCC"), found=N_("neither"))
    place = rows.find(
        uow, select(address).where(address.c.party_id == found.id).order_by(address.c.is_default.desc()).limit(1)
    )
    person = rows.find(uow, select(contact).where(contact.c.party_id == found.id).order_by(contact.c.id).limit(1))
    return {
        "party_id": found.id, "name": found.name, "kind": found.kind, "uscc": found.uscc,
        "lifecycle": found.lifecycle, "customer_class": found.customer_class, "hold": found.hold,
        "active": found.active, "credit_limit": found.credit_limit, "payment_terms_days": found.payment_terms_days,
        "address": None if place is None else {"region": place.region, "line": place.line},
        "contact": None if person is None else {"name": person.name, "phone": person.phone, "email": person.email},
    }  # fmt: skip


@operation("crm.deactivate_party", zh="停用客户", en="Deactivate customer", errors=("DATA.NOT_FOUND",))
def deactivate_party(uow: UnitOfWork, *, party_id: UUID) -> dict[str, Any]:
    """Take a customer out of use; nothing is deleted."""
    rows.change(uow, party, party_id, active=False)
    return {}


@operation(
    "crm.hold_party", zh="冻结客户", en="Put customer on hold", compensated_by="crm.release_party",
    outputs={"hold": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def hold_party(uow: UnitOfWork, *, party_id: UUID) -> dict[str, Any]:
    """No new orders of this customer."""
    rows.change(uow, party, party_id, hold=True)
    return {"hold": True}


@operation(
    "crm.release_party", zh="解冻客户", en="Release customer", compensated_by="crm.hold_party",
    outputs={"hold": "boolean"}, errors=("DATA.NOT_FOUND",),
)  # fmt: skip
def release_party(uow: UnitOfWork, *, party_id: UUID) -> dict[str, Any]:
    """Orders of this customer are taken again."""
    rows.change(uow, party, party_id, hold=False)
    return {"hold": False}


@operation(
    "crm.credit_position", zh="查询信用状况", en="Credit position", effect="read", errors=("DATA.NOT_FOUND",),
    outputs={"limit": "number", "open": "number", "available": "number", "hold": "boolean",
             "customer_class": "string", "payment_terms_days": "number"},
)  # fmt: skip
def credit_position(uow: UnitOfWork, *, party_id: UUID) -> dict[str, Any]:
    """How far the customer is trusted, and how much of it is used by confirmed orders that are not paid."""
    found = rows.get(uow, party, party_id)
    unpaid = rows.find(
        uow,
        select(func.sum(order.c.gross - order.c.paid_amount).label("amount")).where(
            order.c.party_id == party_id, order.c.status == "confirmed", order.c.paid_amount < order.c.gross
        ),
    )
    used: Decimal = (unpaid.amount if unpaid else None) or ZERO
    return {
        "limit": found.credit_limit, "open": used, "available": found.credit_limit - used, "hold": found.hold,
        "customer_class": found.customer_class, "payment_terms_days": found.payment_terms_days,
    }  # fmt: skip


def _known(uow: UnitOfWork, kind: str, name: str, code: str | None, mobile: str | None) -> Any:
    if code is not None:
        known = rows.find(uow, select(party).where(party.c.uscc == code).with_for_update())
        if known is not None:
            return known
    same = select(party).where(party.c.kind == kind, party.c.name == name, party.c.active)
    if kind == "person" and mobile:
        same = same.where(party.c.mobile == mobile)
    candidates = uow.execute(same.order_by(party.c.id).with_for_update()).all()
    if code is not None:
        candidates = [row for row in candidates if row.uscc is None] or _refused(candidates)
    if len(candidates) > 1:
        _refused(candidates)
    return candidates[0] if candidates else None


def _refused(candidates: Any) -> list[Any]:
    if candidates:
        raise BusinessError(
            "CRM.DUPLICATE",
            candidates=[{"party_id": str(row.id), "name": row.name, "uscc": row.uscc} for row in candidates],
        )
    return []


def _meet(uow: UnitOfWork, party_id: UUID, given: Contact) -> None:
    values = {key: value for key, value in given.items() if value is not None}
    known = rows.find(
        uow, select(contact.c.id).where(contact.c.party_id == party_id, contact.c.name == given["name"])
    )  # fmt: skip
    if known is None:
        rows.add(uow, contact, party_id=party_id, **values)
    else:
        rows.change(uow, contact, known.id, **values)


def _locate(uow: UnitOfWork, party_id: UUID, given: Address) -> None:
    here = (address.c.party_id == party_id, address.c.kind == "ship")
    known = rows.find(uow, select(address.c.id).where(*here, address.c.line == given["line"]))
    rows.write(uow, update(address).where(*here, address.c.is_default).values(is_default=False))
    if known is None:
        rows.add(
            uow, address, party_id=party_id, kind="ship", region=given.get("region") or "", line=given["line"],
            is_default=True,
        )  # fmt: skip
    else:
        rows.change(uow, address, known.id, is_default=True)

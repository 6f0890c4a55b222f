"""Whose a payee account is, as the master data call him: what was typed beside it may say anything."""

from uuid import UUID

from sqlalchemy import bindparam, select

from engine.db.identity import user_account
from engine.errors import N_, BusinessError, Phrase
from engine.modules.erp.models.item import supplier
from engine.unit_of_work import UnitOfWork

_named = {
    "supplier": select(supplier.c.name, supplier.c.code.label("number")).where(supplier.c.id == bindparam("of")),
    "employee": select(user_account.c.name, user_account.c.login.label("number")).where(
        user_account.c.id == bindparam("of")
    ),
}
_tables = {"supplier": supplier.name, "employee": user_account.name}


def name_of(uow: UnitOfWork, kind: str, owner_id: UUID) -> str:
    """The name of a supplier or an employee. Raises DATA.NOT_FOUND."""
    found = uow.read_one(_named[kind], {"of": owner_id})
    if found is None:
        raise BusinessError("DATA.NOT_FOUND", table=_tables[kind], key=str(owner_id))
    return str(found.name)


def shown(uow: UnitOfWork, kind: str, owner_id: UUID, stored: str) -> str:
    """Name and number for whoever approves; of an account that belongs to nobody what was `stored`, and that."""
    found = uow.read_one(_named[kind], {"of": owner_id})
    if found is None:
        return Phrase(N_("{name}: not in the master data"), name=stored)
    return f"{found.name} {found.number}"

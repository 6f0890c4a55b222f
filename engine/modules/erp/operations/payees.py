"""Where money may go: one person enters a bank account, another one confirms it."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import bindparam, func, select

from engine.db.identity import user_account
from engine.errors import BusinessError
from engine.modules.erp.models.payee import payee_account, payee_account_version
from engine.modules.erp.rows import rows
from engine.operations import operation
from engine.unit_of_work import UnitOfWork

_in_force = (
    select(payee_account_version)
    .join(payee_account, payee_account.c.id == payee_account_version.c.account_id)
    .where(
        payee_account.c.owner_kind == bindparam("kind"),
        payee_account.c.owner_id == bindparam("owner"),
        payee_account_version.c.version == payee_account.c.current_version,
    )
)

_behind = select(user_account.c.person_id).where(user_account.c.id == bindparam("of"))


@operation(
    "erp.change_payee_account", zh="变更收款账户", en="Change payee account",
    outputs={"account_id": "id", "version": "number"}, errors=("ERP.ACCOUNT_FORMAT",),
)  # fmt: skip
def change_payee_account(
    uow: UnitOfWork, *, owner_kind: Literal["supplier", "employee"], owner_id: UUID, account_name: str,
    bank_name: str, account_no: str, bank_code: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A new version of the bank details of a supplier, or of an employee (user id). In force once confirmed."""
    digits = account_no.replace(" ", "")
    if not digits.isalnum() or not 6 <= len(digits) <= 34:
        raise BusinessError("ERP.ACCOUNT_FORMAT", expected="6 to 34 letters and digits", found=account_no)
    known = rows.find(
        uow,
        select(payee_account)
        .where(payee_account.c.owner_kind == owner_kind, payee_account.c.owner_id == owner_id)
        .with_for_update(),
    )
    account_id = (
        rows.add(uow, payee_account, owner_kind=owner_kind, owner_id=owner_id, owner_name=account_name)
        if known is None
        else known.id
    )
    last = rows.find(
        uow,
        select(func.max(payee_account_version.c.version).label("version")).where(
            payee_account_version.c.account_id == account_id
        ),
    )
    version = ((last.version if last else None) or 0) + 1
    rows.add(
        uow, payee_account_version, account_id=account_id, version=version, bank_name=bank_name,
        bank_code=bank_code or "", account_name=account_name, account_no=digits, created_by=uow.actor.user_id,
        created_at=uow.now,
    )  # fmt: skip
    return {"account_id": account_id, "version": version}


@operation(
    "erp.confirm_payee_account", zh="确认收款账户", en="Confirm payee account", outputs={"version": "number"},
    errors=("DATA.NOT_FOUND", "ERP.PAYEE_SAME_PERSON", "ERP.PAYEE_CONFIRMED"),
)  # fmt: skip
def confirm_payee_account(uow: UnitOfWork, *, account_id: UUID, version: int) -> dict[str, Any]:
    """Put a version in force; only another person than the one who entered it may, under whichever account."""
    account = rows.get(uow, payee_account, account_id, lock=True)
    found = rows.find(
        uow,
        select(payee_account_version).where(
            payee_account_version.c.account_id == account_id, payee_account_version.c.version == version
        ),
    )
    if found is None:
        raise BusinessError("DATA.NOT_FOUND", table="erp_payee_account_version", key=str(version))
    if found.confirmed_by is not None or version <= (account.current_version or 0):
        raise BusinessError("ERP.PAYEE_CONFIRMED", version=version)
    confirming = _person(uow, uow.actor.user_id)
    if confirming is None or confirming == _person(uow, found.created_by):
        raise BusinessError(
            "ERP.PAYEE_SAME_PERSON", version=version, expected="another person than the one who entered it",
            found="the same person" if confirming else "no person, but a program",
        )  # fmt: skip
    rows.change(uow, payee_account_version, found.id, confirmed_by=uow.actor.user_id, confirmed_at=uow.now)
    rows.change(uow, payee_account, account_id, current_version=version)
    return {"version": version}


def version_in_force(uow: UnitOfWork, owner_kind: str, owner_id: UUID) -> Any:
    """The confirmed version that is paid to now. Raises ERP.PAYEE_UNCONFIRMED."""
    found = uow.read_one(_in_force, {"kind": owner_kind, "owner": owner_id})
    if found is None:
        raise BusinessError("ERP.PAYEE_UNCONFIRMED", owner_kind=owner_kind, owner_id=str(owner_id))
    return found


def _person(uow: UnitOfWork, account: UUID | None) -> UUID | None:
    """The natural person behind an account; None for programs."""
    found = uow.read_one(_behind, {"of": account}) if account is not None else None
    return None if found is None else found.person_id

"""Where money may go: one person enters a bank account, another one confirms it."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import bindparam, func, select

from engine.db.identity import user_account
from engine.errors import N_, BusinessError
from engine.modules.erp.models.item import company, supplier
from engine.modules.erp.models.payee import payee_account, payee_account_version
from engine.modules.erp.operations import owners, payments
from engine.modules.erp.rows import rows
from engine.operations import Facts, OperationCall, operation, subject
from engine.unit_of_work import UnitOfWork

_version = (
    select(
        payee_account_version,
        payee_account.c.owner_kind,
        payee_account.c.owner_id,
        payee_account.c.owner_name,
        payee_account.c.current_version,
    )
    .join(payee_account, payee_account.c.id == payee_account_version.c.account_id)
    .where(payee_account_version.c.id == bindparam("of"))
    .with_for_update()
)
_numbered = select(payee_account_version).where(
    payee_account_version.c.account_id == bindparam("of"), payee_account_version.c.version == bindparam("number")
)
_company = select(company.c.name, company.c.uscc).limit(1)
_account_of = select(payee_account_version.c.account_id).where(payee_account_version.c.id == bindparam("of"))
_behind = select(user_account.c.person_id).where(user_account.c.id == bindparam("of"))


@subject(
    "erp_payee_account_version", id="version_id",
    shows=("entity", "payee", "payee_bank_version", "account_name", "bank_name", "bank_code", "account_no"),
    refers={"payee": ("erp_payee_account.owner_name",)},
)  # fmt: skip
def payee_facts(uow: UnitOfWork, *, version_id: UUID) -> Facts:
    """What a confirmation of bank details binds: whose they are, bank, name and number of the account, version."""
    found = _read(uow, version_id)
    entered = payments.editors(found)
    paying = uow.read_one(_company, {})
    before = uow.read_one(_numbered, {"of": found.account_id, "number": found.current_version or 0})
    return Facts(
        values={
            "entity": None if paying is None else paying.uscc, "payee": str(found.account_id),
            "payee_bank_version": found.version, "account_name": found.account_name, "bank_name": found.bank_name,
            "bank_code": found.bank_code, "account_no": found.account_no,
        },
        people={
            "requester": entered, "payee_bank_editor": entered,
            "beneficiary": [found.owner_id] if found.owner_kind == "employee" else [],
        },
        display={
            N_("Payee"): owners.shown(uow, found.owner_kind, found.owner_id, found.owner_name),
            N_("Account name"): found.account_name,
            N_("Bank account"): _told(found),
            N_("Bank code"): found.bank_code,
            N_("In force until now"): "–" if before is None else _told(before),
            N_("Paying company"): "" if paying is None else f"{paying.name} {paying.uscc}",
        },
        version=found.version,
        state={"payee_first": before is None},
    )  # fmt: skip


@operation(
    "erp.change_payee_account", zh="变更收款账户", en="Change payee account",
    outputs={"account_id": "id", "version_id": "id", "version": "number"},
    errors=("DATA.NOT_FOUND", "DATA.INVALID", "ERP.ACCOUNT_FORMAT"), acting=("entered_by",),
)  # fmt: skip
def change_payee_account(
    uow: UnitOfWork, *, owner_kind: Literal["supplier", "employee"], account_name: str, bank_name: str, account_no: str,
    bank_code: str | None = None, owner_id: UUID | None = None, supplier_code: str | None = None,
    entered_by: UUID | None = None, call: OperationCall | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A new version of the bank details of a supplier (id or code), or of an employee (user id).

    In force once erp.confirm_payee_account has confirmed it. `entered_by`: who entered it, where a process calls, which
    somebody else may have moved on. Neither of them may confirm it nor approve what is paid to it, so nobody unknown
    enters any.
    """
    called_by = (call.by if call is not None else None) or uow.actor.user_id
    editor = entered_by or called_by
    if editor is None or _account(uow, editor) is None:
        found = N_("nobody") if editor is None else str(editor)
        raise BusinessError("DATA.INVALID", expected=N_("the person who enters it"), found=found)
    if (owner_id is None) == (supplier_code is None) or (supplier_code is not None and owner_kind != "supplier"):
        raise BusinessError("DATA.INVALID", expected=N_("a supplier or an employee"), found=N_("both or neither"))
    if owner_id is None:
        owner_id = rows.by(uow, supplier, "code", supplier_code).id
    name = owners.name_of(uow, owner_kind, owner_id)
    digits = account_no.replace(" ", "")
    if not (digits.isascii() and digits.isalnum()) or not 6 <= len(digits) <= 34:
        raise BusinessError("ERP.ACCOUNT_FORMAT", expected=N_("6 to 34 letters and digits"), found=account_no)
    known = rows.find(
        uow,
        select(payee_account)
        .where(payee_account.c.owner_kind == owner_kind, payee_account.c.owner_id == owner_id)
        .with_for_update(),
    )
    if known is None:
        account_id = rows.add(uow, payee_account, owner_kind=owner_kind, owner_id=owner_id, owner_name=name)
    else:
        account_id = known.id
        rows.change(uow, payee_account, account_id, owner_name=name)  # he may be called otherwise by now
    last = rows.find(
        uow,
        select(func.max(payee_account_version.c.version).label("version")).where(
            payee_account_version.c.account_id == account_id
        ),
    )
    version = ((last.version if last else None) or 0) + 1
    version_id = rows.add(
        uow, payee_account_version, account_id=account_id, version=version, bank_name=bank_name,
        bank_code=bank_code or "", account_name=account_name, account_no=digits, created_by=editor,
        called_by=called_by, created_at=uow.now,
    )  # fmt: skip
    return {"account_id": account_id, "version_id": version_id, "version": version}


def _requests(uow: UnitOfWork, *, version_id: UUID) -> list[UUID]:
    found = uow.read_one(_account_of, {"of": version_id})
    return [] if found is None else payments.open_requests(uow, found.account_id)


@operation(
    "erp.confirm_payee_account", zh="确认收款账户", en="Confirm payee account", outputs={"version": "number"},
    guarded_by="payee.confirm", subject=payee_facts, changes_subject=payments.payment_facts, changed=_requests,
    errors=("DATA.NOT_FOUND", "ERP.PAYEE_SAME_PERSON", "ERP.PAYEE_CONFIRMED"),
)  # fmt: skip
def confirm_payee_account(uow: UnitOfWork, *, version_id: UUID, call: OperationCall) -> dict[str, Any]:
    """Put bank details in force that another person than the one who entered them has approved.

    Open payment requests name them from then on, and have to be approved again.
    """
    found = _read(uow, version_id)
    if found.confirmed_by is not None or found.version <= (found.current_version or 0):
        raise BusinessError("ERP.PAYEE_CONFIRMED", version=found.version)
    confirmed_by = call.approved_by[-1] if call.approved_by else uow.actor.user_id
    confirming = _person(uow, confirmed_by)
    if confirming is None or confirming in [_person(uow, editor) for editor in payments.editors(found)]:
        raise BusinessError(
            "ERP.PAYEE_SAME_PERSON", version=found.version, expected=N_("another person than the one who entered it"),
            found=N_("the same person") if confirming else N_("no person, but a program"),
        )  # fmt: skip
    rows.change(uow, payee_account_version, version_id, confirmed_by=confirmed_by, confirmed_at=uow.now)
    rows.change(uow, payee_account, found.account_id, current_version=found.version)
    payments.name_new_details(uow, found)
    return {"version": found.version}


def _read(uow: UnitOfWork, version_id: UUID) -> Any:
    """A version with its account, both locked. Raises DATA.NOT_FOUND."""
    found = uow.read_one(_version, {"of": version_id})
    if found is None:
        raise BusinessError("DATA.NOT_FOUND", table=payee_account_version.name, key=str(version_id))
    return found


def _told(version: Any) -> str:
    return f"{version.bank_name} {version.account_no} (v{version.version})"


def _person(uow: UnitOfWork, account: UUID | None) -> UUID | None:
    """The natural person behind an account; None for programs."""
    found = _account(uow, account) if account is not None else None
    return None if found is None else found.person_id


def _account(uow: UnitOfWork, key: UUID) -> Any:
    return uow.read_one(_behind, {"of": key})

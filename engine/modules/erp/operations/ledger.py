"""Vouchers: written and posted in the transaction of the business that makes them, reversed in red, never changed."""

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import counters
from engine.errors import BusinessError
from engine.ids import uuid7
from engine.modules.erp import posting
from engine.modules.erp.models.ledger import account, period, voucher, voucher_line
from engine.modules.erp.operations.context import business_date
from engine.modules.erp.rows import rows
from engine.operations import OperationCall, operation
from engine.unit_of_work import UnitOfWork

CHART = Path(__file__).parents[1] / "chart_of_accounts.csv"

_period = select(period.c.status).where(period.c.id == bindparam("month"))
_any_account = select(account.c.code).limit(1)
_insert = insert(voucher)
_post = update(voucher).where(voucher.c.id == bindparam("posted"))
_reversed_by = select(voucher.c.id).where(voucher.c.reverses_id == bindparam("original"))
_made_for = select(voucher.c.id).where(
    voucher.c.source_type == bindparam("of_type"),
    voucher.c.source_id == bindparam("of_id"),
    voucher.c.event == bindparam("by"),
)


def post(
    uow: UnitOfWork,
    event: str,
    source: tuple[str, UUID],
    amounts: Mapping[str, Decimal],
    *,
    summary: str,
    aux: Mapping[str, str] | None = None,
    on: date | None = None,
    instance_id: UUID | None = None,
) -> str | None:
    """Write and post the voucher of `event` for document `source` (table, id); its number, or None if nothing moved.

    Raises ERP.PERIOD_CLOSED, ERP.NO_POSTING_RULE, ERP.UNBALANCED.
    """
    word, lines = posting.lines(event, amounts, aux or {})
    if not lines:
        return None
    return _write(uow, event, source, word, lines, summary, on or business_date(uow), instance_id, None)


@operation(
    "erp.reverse_voucher", zh="冲销凭证", en="Reverse voucher",
    outputs={"voucher_no": "string"}, errors=("DATA.NOT_FOUND", "ERP.ALREADY_REVERSED", "ERP.PERIOD_CLOSED"),
)  # fmt: skip
def reverse_voucher(uow: UnitOfWork, *, voucher_no: str, reason: str, call: OperationCall) -> dict[str, object]:
    """Post the same lines with negative amounts (红字) today. Each voucher is reversed once."""
    original = rows.by(uow, voucher, "voucher_no", voucher_no)
    return {"voucher_no": reverse(uow, original.id, reason, call.instance_id)}


def reverse(uow: UnitOfWork, voucher_id: UUID, reason: str, instance_id: UUID | None) -> str:
    """The number of the red voucher. Raises ERP.ALREADY_REVERSED, ERP.PERIOD_CLOSED."""
    original = rows.get(uow, voucher, voucher_id, lock=True)
    if uow.read_one(_reversed_by, {"original": voucher_id}) is not None:
        raise BusinessError("ERP.ALREADY_REVERSED", voucher_no=original.voucher_no)
    lines = [
        posting.Line(line.account, -line.debit, -line.credit, line.aux)
        for line in rows.lines(uow, voucher_line, "voucher_id", voucher_id)
    ]
    source = ("erp_voucher", voucher_id)
    return _write(
        uow, "reversal", source, original.word, lines, f"冲销 {original.voucher_no}：{reason}", business_date(uow),
        instance_id, voucher_id,
    )  # fmt: skip


def reverse_of(
    uow: UnitOfWork, event: str, source: tuple[str, UUID], reason: str, instance_id: UUID | None
) -> str | None:
    """Reverse the voucher that `event` made for document `source`, if it made one."""
    found = uow.read_one(_made_for, {"of_type": source[0], "of_id": str(source[1]), "by": event})
    return None if found is None else reverse(uow, found.id, reason, instance_id)


def _write(
    uow: UnitOfWork, event: str, source: tuple[str, UUID], word: str, lines: list[posting.Line], summary: str, on: date,
    instance_id: UUID | None, reverses_id: UUID | None,
) -> str:  # fmt: skip
    period_id = f"{on:%Y-%m}"
    _ensure_open(uow, period_id)
    voucher_id = uuid7()
    rows.put(
        uow,
        _insert,
        {
            "id": voucher_id, "period_id": period_id, "word": word, "business_date": on, "summary": summary,
            "event": event, "source_type": source[0], "source_id": str(source[1]), "reverses_id": reverses_id,
            "instance_id": instance_id, "created_at": uow.now, "status": "draft",
        },
    )  # fmt: skip
    rows.add_all(
        uow,
        voucher_line,
        [
            {
                "voucher_id": voucher_id, "line_no": number, "account": line.account, "debit": line.debit,
                "credit": line.credit, "aux": line.aux,
            }
            for number, line in enumerate(lines, 1)
        ],
    )  # fmt: skip
    # the number is drawn last: its series stays locked until the end
    number = counters.next_number(uow, f"erp_voucher/{period_id}/{word}")
    voucher_no = f"{period_id} {word}-{number:04d}"
    rows.put(
        uow, _post, {"posted": voucher_id, "number": number, "voucher_no": voucher_no, "status": "posted"}
    )  # fmt: skip
    return voucher_no


def _ensure_open(uow: UnitOfWork, period_id: str) -> None:
    """Open a month at its first posting; the books themselves at the very first. Raises ERP.PERIOD_CLOSED."""
    known = uow.read_one(_period, {"month": period_id})
    if known is not None:
        if known.status == "closed":
            raise BusinessError("ERP.PERIOD_CLOSED", period=period_id)
        return
    if uow.read_one(_any_account) is None:
        load_chart(uow)
    _insert_missing(uow, period, [{"id": period_id, "status": "open"}])


def _insert_missing(uow: UnitOfWork, table: Table, new: list[dict[str, object]]) -> None:
    """Two who begin at once: the second waits here for the first and then adds nothing."""
    if uow.dialect == "postgresql":
        rows.write(uow, postgresql.insert(table).on_conflict_do_nothing(), new)
    else:
        rows.write(uow, sqlite.insert(table).on_conflict_do_nothing(), new)


def load_chart(uow: UnitOfWork) -> None:
    """Write the chart of accounts of 小企业会计准则 from `chart_of_accounts.csv`."""
    with CHART.open(encoding="utf-8", newline="") as file:
        chart = list(csv.DictReader(file))
    chart.sort(key=lambda entry: (len(entry["code"]), entry["code"]))  # parents before children
    _insert_missing(
        uow,
        account,
        [
            {
                "code": entry["code"], "parent": entry["parent"] or None, "name_zh": entry["name_zh"],
                "name_en": entry["name_en"], "account_class": entry["class"], "side": entry["normal_side"],
                "postable": entry["postable"] == "yes", "aux": entry["aux"],
            }
            for entry in chart
        ],
    )  # fmt: skip

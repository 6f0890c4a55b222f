"""Rows of data modules: documents and their keys, written so that a broken constraint becomes a business refusal."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ClauseElement,
    Column,
    ColumnElement,
    CursorResult,
    Date,
    Insert,
    Integer,
    Row,
    String,
    Table,
    Text,
    Update,
    bindparam,
    event,
    insert,
    select,
    update,
)  # fmt: skip
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import Executable, Select

from engine.db.base import Id, UtcDateTime
from engine.errors import BusinessError, StaleInstance
from engine.ids import uuid7
from engine.unit_of_work import UnitOfWork


def document_columns(number: str) -> list[Column[Any]]:
    """What every document carries; `number` names the column of its number, e.g. `order_no`.

    `source_type`, `source_id`: the document it was made from. `instance_id` has no foreign key: instances are archived.
    """
    return [
        Column("id", Id, primary_key=True),
        Column(number, String(40), nullable=False, unique=True),
        Column("version", Integer, nullable=False, default=1),
        Column("business_date", Date, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("created_by", Id),
        Column("instance_id", Id),
        Column("source_type", String(60)),
        Column("source_id", String(60)),
        Column("cancelled_at", UtcDateTime),
        Column("cancel_reason", Text),
        Column("note", Text, nullable=False, default=""),
    ]


_STATES = {
    "active": ("有效", "active"), "bill": ("开票", "billing"), "booked": ("已登记", "booked"),
    "buy": ("采购", "bought"), "call": ("电话", "call"), "cancelled": ("已取消", "cancelled"),
    "closed": ("已关闭", "closed"), "closing": ("结账中", "closing"), "confirmed": ("已确认", "confirmed"),
    "consumed": ("已用", "consumed"), "csat": ("满意度", "satisfaction"), "customer": ("客户", "customer"),
    "delivered": ("已签收", "delivered"), "dormant": ("沉睡", "dormant"), "draft": ("草稿", "draft"),
    "employee": ("员工", "employee"), "exception": ("有差异", "exception"), "expense": ("报销", "expense"),
    "finished": ("成品", "finished good"), "full": ("全部", "full"), "goods": ("商品", "goods"),
    "in_transit": ("运输中", "in transit"), "issue": ("发料", "issue"), "lead": ("线索", "lead"),
    "lost": ("流失", "lost"), "mail": ("邮件", "mail"), "make": ("自制", "made"), "matched": ("相符", "matched"),
    "none": ("未开始", "none"), "note": ("备注", "note"), "nps": ("推荐意愿", "recommendation"),
    "open": ("进行中", "open"), "opening": ("期初", "opening"), "ordered": ("已下单", "ordered"),
    "org": ("单位", "organisation"), "out_for_delivery": ("派送中", "out for delivery"), "paid": ("已付", "paid"),
    "partial": ("部分", "partial"), "person": ("个人", "person"), "picked_up": ("已揽收", "picked up"),
    "placed": ("已下单", "placed"), "posted": ("已过账", "posted"), "prepaid": ("先款", "prepaid"),
    "problem": ("异常", "problem"), "prospect": ("潜在客户", "prospect"), "raw": ("原料", "raw material"),
    "receipt": ("入库", "receipt"), "rejected": ("已驳回", "rejected"), "released": ("已放行", "released"),
    "return": ("退货", "return"), "returned": ("已退回", "returned"), "returning": ("退回中", "returning"),
    "semi": ("半成品", "semi-finished"), "service": ("服务", "service"), "ship": ("收货", "shipping"),
    "shipped": ("已发货", "shipped"), "submitted": ("已提交", "submitted"), "supplier": ("供应商", "supplier"),
    "text": ("文字", "text"), "unpaid": ("未付", "unpaid"), "visit": ("拜访", "visit"), "wait": ("待匹配", "waiting"),
    "wechat": ("微信", "WeChat"),
}  # fmt: skip
"""what several tables call their states, in Chinese and English"""


def one_of(column: str, *words: str, labels: Mapping[str, tuple[str, str]] | None = None) -> CheckConstraint:
    """A state in words: FEEL and Excel see them, record pages show their labels (zh, en).

    `labels`: for words that mean something of their own here; letters and digits need none.
    """
    shown = {word: (labels or {}).get(word) or _STATES.get(word) for word in words}
    return CheckConstraint(
        f"{column} IN ({', '.join(repr(word) for word in words)})", name=column,
        info={"states": (column, {word: label for word, label in shown.items() if label is not None})},
    )  # fmt: skip


PLACE = "SET search_path = public, pg_temp"
"""of the functions of triggers: what they read is never a temporary table of the same name, which anybody may make"""


def guard(table: Table, *, sqlite: Sequence[str] = (), postgresql: Sequence[str] = ()) -> None:
    """Make these triggers whenever `table` is made; `table.info["guards"]` keeps them for migrations.

    A refusal is `RAISE(ABORT, '<name>')` on SQLite, `RAISE EXCEPTION '<name>' USING errcode = '23514'` on PostgreSQL:
    both arrive as IntegrityError.
    """
    kept = table.info.setdefault("guards", {"sqlite": [], "postgresql": []})
    placed = [one.replace("LANGUAGE plpgsql AS", f"LANGUAGE plpgsql {PLACE} AS") for one in postgresql]
    for dialect, statements in (("sqlite", sqlite), ("postgresql", placed)):
        kept[dialect].extend(statements)
        for statement in statements:
            ddl = cast("Callable[[str], DDL]", DDL)(statement.replace("%", "%%"))
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


class BusinessRows:
    """Reads and writes of one data module. `refusals`: name of a constraint or trigger -> code of BusinessError."""

    def __init__(self, refusals: Mapping[str, str]) -> None:
        self.refusals = refusals

    def find(self, uow: UnitOfWork, query: Select[Any]) -> Row[Any] | None:
        """The first row of `query`, built for this question, if there is one; a constant goes to `uow.read_one`."""
        return uow.execute(query).first()

    def get(self, uow: UnitOfWork, table: Table, key: Any, *, lock: bool = False) -> Row[Any]:
        """The row with this primary key, locked if asked. Raises DATA.NOT_FOUND."""
        return self.by(uow, table, _key(table).key, key, lock=lock)

    def by(self, uow: UnitOfWork, table: Table, column: str, value: Any, *, lock: bool = False) -> Row[Any]:
        """The row with this `value` in a unique `column`, locked if asked. Raises DATA.NOT_FOUND."""
        row: Row[Any] | None = uow.read_one(_reading(table, column, lock), {"wanted": value})
        if row is None:
            raise BusinessError("DATA.NOT_FOUND", table=table.name, key=str(value))
        return row

    def lines(self, uow: UnitOfWork, table: Table, column: str, value: Any) -> Sequence[Row[Any]]:
        """The lines of one document in their order."""
        return uow.read(_listing(table, column), {"wanted": value})

    def add(self, uow: UnitOfWork, table: Table, **values: Any) -> UUID:
        """Insert one row and return its key; `id` is made unless given. Raises the refusal of a broken constraint."""
        if "id" in table.c and "id" not in values:
            values["id"] = uuid7()
        self.put(uow, _adding(table), values)
        return cast(UUID, values.get("id"))

    def add_all(self, uow: UnitOfWork, table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Insert rows of one shape with one statement and return them with their keys."""
        if "id" in table.c:
            rows = [{"id": uuid7(), **row} for row in rows]
        if rows:
            self.put(uow, _adding(table), rows)
        return rows

    def change(self, uow: UnitOfWork, table: Table, key: Any, **values: Any) -> None:
        """Update one row and count its version, if it is counted. Raises DATA.NOT_FOUND or a constraint's refusal.

        A value may be an expression over the row, e.g. `stock.c.on_hand - 1`.
        """
        computed = {name: value for name, value in values.items() if isinstance(value, ClauseElement)}
        given = {f"new_{name}": value for name, value in values.items() if name not in computed}
        statement = _changing(table, tuple(name for name in values if name not in computed))
        if computed:
            hit = self.write(uow, statement.values(**computed), {"wanted": key, **given}).rowcount == 1
        else:
            hit = self.put(uow, statement, {"wanted": key, **given}, expect=1)
        if not hit:
            raise BusinessError("DATA.NOT_FOUND", table=table.name, key=str(key))

    def put(
        self, uow: UnitOfWork, statement: Executable, rows: dict[str, Any] | list[dict[str, Any]],
        expect: int | None = None,
    ) -> bool:  # fmt: skip
        """Send `statement`, a constant, for `rows` at once, so that a refusal is raised here; false: not `expect` hit.

        A broken constraint becomes a refusal as in `write`.
        """
        uow.flush()  # what others queued fails as theirs
        uow.queue(statement, rows, expect)
        try:
            uow.flush()
        except StaleInstance:
            return False
        except IntegrityError as error:
            self._refuse(error)
            raise
        return True

    def write(self, uow: UnitOfWork, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Execute; an IntegrityError whose name is known becomes a BusinessError, any other one is raised as it is.

        The caller does not go on after a refusal: the savepoint of the call is rolled back.
        """
        try:
            return cast("CursorResult[Any]", uow.execute(statement, parameters))
        except IntegrityError as error:
            self._refuse(error)
            raise

    def _refuse(self, error: IntegrityError) -> None:
        name = broken_constraint(error)
        if name in self.refusals:
            raise BusinessError(self.refusals[name], constraint=name) from error


# ---------------------------------------------------------------- statements, built once


def _key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key))


def _wanted(column: Column[Any]) -> ColumnElement[bool]:
    return column == bindparam("wanted", type_=column.type)


@cache
def _reading(table: Table, column: str, lock: bool) -> Select[Any]:
    query = select(table).where(_wanted(table.c[column]))
    return query.with_for_update() if lock else query


@cache
def _listing(table: Table, column: str) -> Select[Any]:
    return select(table).where(_wanted(table.c[column])).order_by(table.c.line_no)


@cache
def _adding(table: Table) -> Insert:
    return insert(table)


@cache
def _changing(table: Table, names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    if "version" in table.c and table.c.version.default is not None:
        values["version"] = table.c.version + 1
    return update(table).where(_wanted(_key(table))).values(**values)


def broken_constraint(error: IntegrityError) -> str:
    """The name of the constraint or the word of the trigger that refused.

    PostgreSQL reports the name; SQLite reports names of CHECKs and the words of RAISE, but only the columns of a unique
    index, from which the name of our naming convention is built.
    """
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or diagnostics.message_primary or ""
    text = str(error.orig)
    if found := re.match(r"UNIQUE constraint failed: (.+)", text):
        columns = [column.strip().partition(".") for column in found[1].split(",")]
        return "_".join([columns[0][0], *(column[2] for column in columns)]) + "_once"
    if found := re.match(r"CHECK constraint failed: (\w+)", text):
        return found[1]
    return text

"""Leave: its types, what somebody may take in a year, what was taken. Half days are counted by noon."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from engine.db.base import Id, Quantity, RecordInfo, metadata
from engine.db.business import document_columns, one_of

leave_type = Table(
    "oa_leave_type",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(20), nullable=False, unique=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    # whether a balance of days is kept and used up
    Column("limited", Boolean, nullable=False),
    info={
        "record": RecordInfo(
            zh="假期类型", en="Leave types", title="name_zh", search=("code", "name_zh", "name_en"), master=True,
            columns=(
                ("code", "编码", "Code"), ("name_zh", "名称", "Name"), ("name_en", "英文名称", "English name"),
                ("limited", "扣减额度", "Uses a balance"),
            ),
        )
    },
)  # fmt: skip

leave_balance = Table(
    "oa_leave_balance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("employee_id", Id, ForeignKey("oa_employee.id"), nullable=False),
    Column("leave_type_id", Id, ForeignKey("oa_leave_type.id"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("entitled", Quantity(), nullable=False),
    Column("used", Quantity(), nullable=False),
    UniqueConstraint("employee_id", "leave_type_id", "year"),
    CheckConstraint("entitled >= 0", name="entitled"),
    CheckConstraint("used >= 0 AND used <= entitled", name="used"),
    info={
        "record": RecordInfo(
            zh="假期额度", en="Leave balances", title="year",
            columns=(
                ("year", "年度", "Year"), ("leave_type_id", "类型", "Type"), ("entitled", "应休（天）",
                "Entitled (days)"),
                ("used", "已休（天）", "Used (days)"),
            ),
            capability="hr",
        )
    },
)  # fmt: skip

leave = Table(
    "oa_leave",
    metadata,
    *document_columns("leave_no"),
    Column("employee_id", Id, ForeignKey("oa_employee.id"), nullable=False),
    Column("leave_type_id", Id, ForeignKey("oa_leave_type.id"), nullable=False),
    Column("starts", Date, nullable=False),
    Column("start_half", Boolean, nullable=False, default=False),  # begins at noon
    Column("ends", Date, nullable=False),
    Column("end_half", Boolean, nullable=False, default=False),  # ends at noon
    Column("days", Quantity(), nullable=False),
    Column("status", String(12), nullable=False, default="booked"),
    UniqueConstraint("source_type", "source_id"),
    one_of("status", "booked", "cancelled"),
    CheckConstraint("starts < ends OR (starts = ends AND NOT (start_half AND end_half))", name="order"),
    CheckConstraint("days >= 0", name="days"),
    info={
        "record": RecordInfo(
            zh="请假", en="Leave", title="leave_no", search=("leave_no", "note"),
            columns=(
                ("leave_no", "单号", "Number"), ("employee_id", "员工", "Employee"), ("leave_type_id", "类型", "Type"),
                ("starts", "开始", "From"), ("ends", "结束", "To"), ("days", "天数", "Days"), ("status", "状态",
                "Status"),
            ),
            capability="hr",
        )
    },
)  # fmt: skip
Index("oa_leave_employee", leave.c.employee_id, leave.c.starts)

"""Who works here, and as which user."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, Text

from engine.db.base import Id, RecordInfo, metadata

employee = Table(
    "oa_employee",
    metadata,
    Column("id", Id, primary_key=True),
    Column("no", String(20), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("user_id", Id, ForeignKey("user_account.id"), unique=True),
    Column("org_unit_id", Id, ForeignKey("org_unit.id")),
    Column("position", Text, nullable=False, default=""),
    Column("manager_id", Id, ForeignKey("oa_employee.id")),
    Column("grade", String(12), nullable=False, default="staff"),
    Column("hired", Date, nullable=False),
    Column("left_on", Date),
    Column("version", Integer, nullable=False, default=1),
    CheckConstraint("manager_id IS NULL OR manager_id <> id", name="manager"),
    CheckConstraint("left_on IS NULL OR hired <= left_on", name="order"),
    info={
        "record": RecordInfo(
            zh="员工", en="Employees", title="name", search=("no", "name", "position"), master=True,
            columns=(
                ("no", "工号", "Number"), ("name", "姓名", "Name"), ("org_unit_id", "部门", "Department"),
                ("position", "职位", "Position"), ("manager_id", "上级", "Manager"), ("grade", "职级", "Grade"),
                ("hired", "入职", "Hired"), ("left_on", "离职", "Left"),
            ),
            lines=("oa_leave_balance", "oa_leave"), capability="hr",
        )
    },
)  # fmt: skip

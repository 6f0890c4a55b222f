"""Where money may go: payee accounts, their append-only versions, each confirmed by a second person."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from engine.db.base import Id, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

payee_account = Table(
    "erp_payee_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_kind", String(12), nullable=False),
    # a supplier, or the user account of an employee: rows of two tables, hence no foreign key
    Column("owner_id", Id, nullable=False),
    Column("owner_name", Text, nullable=False),
    # the newest confirmed version; null until a second person has confirmed the first one
    Column("current_version", Integer),
    UniqueConstraint("owner_kind", "owner_id"),
    one_of("owner_kind", "supplier", "employee"),
    info={
        "record": RecordInfo(
            zh="收款账户", en="Payee accounts", title="owner_name", search=("owner_name",),
            columns=(
                ("owner_name", "户主", "Owner"), ("owner_kind", "类型", "Kind"),
                ("current_version", "生效版本", "Version in force"),
            ),
            lines=("erp_payee_account_version",), capability="finance",
        )
    },
)  # fmt: skip

payee_account_version = Table(
    "erp_payee_account_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("erp_payee_account.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("bank_name", Text, nullable=False),
    Column("bank_code", String(20), nullable=False, default=""),
    Column("account_name", Text, nullable=False),
    Column("account_no", String(40), nullable=False),
    Column("created_by", Id, ForeignKey("user_account.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_by", Id, ForeignKey("user_account.id")),
    Column("confirmed_at", UtcDateTime),
    # whose act had them entered, who need not be the one whom the process names; null before 0540
    Column("called_by", Id),
    UniqueConstraint("account_id", "version"),
    CheckConstraint("confirmed_by IS NULL OR created_by IS NULL OR confirmed_by <> created_by", name="two_people"),
    info={
        "record": RecordInfo(
            zh="收款账户版本", en="Payee account versions", title="account_name", search=("account_name", "account_no"),
            columns=(
                ("version", "版本", "Version"), ("bank_name", "开户行", "Bank"), ("account_name", "户名",
                "Account name"),
                ("account_no", "账号", "Account number"), ("confirmed_at", "确认时间", "Confirmed at"),
            ),
            capability="finance",
        )
    },
)  # fmt: skip

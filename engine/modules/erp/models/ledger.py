"""The books: accounts of 小企业会计准则, months, vouchers that balance."""

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

from engine.db.base import Id, Money, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

account = Table(
    "erp_account",
    metadata,
    Column("code", String(20), primary_key=True),
    Column("parent", String(20), ForeignKey("erp_account.code")),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("class", String(1), nullable=False, key="account_class"),
    Column("side", String(1), nullable=False),
    Column("postable", Boolean, nullable=False),
    Column("aux", String(60), nullable=False, default=""),
    CheckConstraint("\"class\" IN ('A', 'L', 'E', 'C', 'P')", name="class"),
    one_of("side", "D", "C", labels={"D": ("借", "debit"), "C": ("贷", "credit")}),
    info={
        "record": RecordInfo(
            zh="会计科目", en="Accounts", title="name_zh", search=("code", "name_zh", "name_en"),
            columns=(
                ("code", "编码", "Code"), ("name_zh", "名称", "Name"), ("name_en", "英文名称", "English name"),
                ("account_class", "类别", "Class"), ("side", "方向", "Side"), ("postable", "末级", "Postable"),
                ("aux", "辅助核算", "Auxiliary"),
            ),
            capability="finance",
        )
    },
)  # fmt: skip

period = Table(
    "erp_period",
    metadata,
    Column("id", String(7), primary_key=True),  # 2026-11
    Column("status", String(12), nullable=False, default="open"),
    one_of("status", "open", "closing", "closed"),
    info={
        "record": RecordInfo(
            zh="会计期间", en="Periods", title="id", search=("id",),
            columns=(("id", "期间", "Period"), ("status", "状态", "Status")), capability="finance",
        )
    },
)  # fmt: skip

EVENT_NAMES = {
    "opening_stock": ("期初库存", "opening stock"), "opening_cash": ("期初存款", "opening cash"),
    "shipment": ("发货", "shipment"), "sales_invoice": ("销售发票", "sales invoice"),
    "customer_receipt": ("收款", "receipt of a customer"), "allocation": ("核销", "allocation"),
    "goods_receipt": ("收货", "goods receipt"), "supplier_invoice": ("采购发票", "supplier invoice"),
    "supplier_payment": ("供应商付款", "payment to a supplier"), "expense_claim": ("报销", "expense claim"),
    "expense_payment": ("报销付款", "payment of an expense claim"),
}  # fmt: skip
"""what is posted, in Chinese and English"""

voucher = Table(
    "erp_voucher",
    metadata,
    Column("id", Id, primary_key=True),
    Column("period_id", String(7), ForeignKey("erp_period.id"), nullable=False),
    Column("word", String(4), nullable=False, default="记"),
    Column("number", Integer),
    Column("voucher_no", String(40), unique=True),
    Column("business_date", Date, nullable=False),
    Column("summary", Text, nullable=False),
    Column("event", String(40), nullable=False, info={"states": ("event", EVENT_NAMES)}),
    Column("source_type", String(60), nullable=False),
    Column("source_id", String(60), nullable=False),
    Column("reverses_id", Id, ForeignKey("erp_voucher.id"), unique=True),
    Column("instance_id", Id),
    # null: the engine itself; then nobody prepares, and nobody posts
    Column("prepared_by", Id, ForeignKey("user_account.id")),
    Column("posted_by", Id, ForeignKey("user_account.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", String(12), nullable=False, default="draft"),
    UniqueConstraint("period_id", "word", "number"),
    UniqueConstraint("source_type", "source_id", "event"),
    one_of("word", "记", "收", "付", "转"),
    one_of("status", "draft", "posted"),
    CheckConstraint("status = 'draft' OR (number IS NOT NULL AND voucher_no IS NOT NULL)", name="numbered"),
    CheckConstraint("posted_by IS NULL OR prepared_by IS NULL OR posted_by <> prepared_by", name="two_people"),
    info={
        "record": RecordInfo(
            zh="记账凭证", en="Vouchers", title="voucher_no", search=("voucher_no", "summary"),
            columns=(
                ("voucher_no", "凭证字号", "Number"), ("business_date", "日期", "Date"), ("summary", "摘要", "Summary"),
                ("event", "业务", "Event"), ("status", "状态", "Status"),
            ),
            lines=("erp_voucher_line",), capability="finance",
        )
    },
)  # fmt: skip
Index("erp_voucher_instance", voucher.c.instance_id)

voucher_line = Table(
    "erp_voucher_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("voucher_id", Id, ForeignKey("erp_voucher.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("account", String(20), ForeignKey("erp_account.code"), nullable=False),
    Column("debit", Money(), nullable=False),
    Column("credit", Money(), nullable=False),
    # who or what the amount is about, where the account asks for it: customer, supplier, employee, item, department
    Column("aux", String(60), nullable=False, default=""),
    Column("summary", Text, nullable=False, default=""),
    UniqueConstraint("voucher_id", "line_no"),
    # a red entry (红字) is a negative amount on the same side: hence <> 0 and not > 0
    CheckConstraint("(debit = 0) <> (credit = 0)", name="one_side"),
    info={
        "record": RecordInfo(
            zh="凭证分录", en="Voucher lines", title="account", search=("account",),
            columns=(
                ("line_no", "行", "Line"), ("account", "科目", "Account"), ("debit", "借方", "Debit"),
                ("credit", "贷方", "Credit"), ("aux", "辅助核算", "Auxiliary"), ("summary", "摘要", "Summary"),
            ),
            capability="finance",
        )
    },
)  # fmt: skip
Index("erp_voucher_line_account", voucher_line.c.account, voucher_line.c.aux)

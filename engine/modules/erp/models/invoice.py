"""Open items: invoices to customers, invoices of suppliers with their match, expense claims."""

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

from engine.db.base import Id, Money, Price, Quantity, Rate, RecordInfo, UtcDateTime, metadata
from engine.db.business import document_columns, one_of

sales_invoice = Table(
    "erp_sales_invoice",
    metadata,
    *document_columns("invoice_no"),
    Column("order_id", Id, ForeignKey("erp_sales_order.id"), nullable=False),
    Column("shipment_id", Id, ForeignKey("erp_shipment.id"), nullable=False, unique=True),
    Column("customer_id", Id, nullable=False, info={"refers_to": "crm_party"}),
    Column("customer_name", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("total", Money(), nullable=False),
    Column("open_amount", Money(), nullable=False),
    Column("due_date", Date, nullable=False),
    Column("voucher_no", String(40)),
    CheckConstraint("open_amount >= 0 AND open_amount <= total", name="open_amount"),
    info={
        "record": RecordInfo(
            zh="销售发票", en="Sales invoices", title="invoice_no", search=("invoice_no", "customer_name"),
            columns=(
                ("invoice_no", "发票号", "Number"), ("business_date", "日期", "Date"), ("customer_name", "客户",
                "Customer"),
                ("total", "价税合计", "Total"), ("open_amount", "未收", "Open"), ("due_date", "到期", "Due"),
            ),
            lines=("erp_sales_invoice_line", "erp_allocation"),
        )
    },
)  # fmt: skip
Index("erp_sales_invoice_customer", sales_invoice.c.customer_id)
Index("erp_sales_invoice_order", sales_invoice.c.order_id)

sales_invoice_line = Table(
    "erp_sales_invoice_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("invoice_id", Id, ForeignKey("erp_sales_invoice.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("sales_line_id", Id, ForeignKey("erp_sales_line.id"), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("vat_rate", Rate(), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    UniqueConstraint("invoice_id", "line_no"),
    info={
        "record": RecordInfo(
            zh="销售发票行", en="Sales invoice lines", title="line_no",
            columns=(
                ("line_no", "行", "Line"), ("quantity", "数量", "Quantity"), ("vat_rate", "税率", "VAT rate"),
                ("net", "金额", "Net"), ("tax", "税额", "Tax"), ("gross", "价税合计", "Gross"),
            ),
        )
    },
)  # fmt: skip
Index("erp_sales_invoice_line_sales_line", sales_invoice_line.c.sales_line_id)

supplier_invoice = Table(
    "erp_supplier_invoice",
    metadata,
    *document_columns("document_no"),
    Column("supplier_id", Id, ForeignKey("erp_supplier.id"), nullable=False),
    Column("supplier_name", Text, nullable=False),
    Column("invoice_no", String(40), nullable=False),
    Column("order_id", Id, ForeignKey("erp_purchase_order.id"), nullable=False),
    Column("invoice_date", Date, nullable=False),
    Column("due_date", Date, nullable=False),
    Column("voucher_no", String(40)),
    Column("currency", String(3), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("total", Money(), nullable=False),
    Column("open_amount", Money(), nullable=False),
    Column("match_state", String(12), nullable=False, default="wait"),
    Column("release_reason", Text),
    Column("blocked", Boolean, nullable=False, default=True),
    CheckConstraint("open_amount >= 0 AND open_amount <= total", name="open_amount"),
    one_of("match_state", "wait", "matched", "exception", "released"),
    CheckConstraint("blocked OR match_state IN ('matched', 'released')", name="blocked"),
    info={
        "record": RecordInfo(
            zh="供应商发票", en="Supplier invoices", title="invoice_no", search=("invoice_no", "supplier_name",
            "document_no"),
            columns=(
                ("invoice_no", "发票号", "Number"), ("supplier_name", "供应商", "Supplier"),
                ("invoice_date", "开票日期", "Invoice date"), ("total", "价税合计", "Total"), ("open_amount", "未付",
                "Open"),
                ("match_state", "匹配", "Match"), ("due_date", "到期", "Due"),
            ),
            lines=("erp_supplier_invoice_line",),
        )
    },
)  # fmt: skip
# a voided invoice may be entered again, correctly
Index(
    "erp_supplier_invoice_supplier_id_invoice_no_once",
    supplier_invoice.c.supplier_id,
    supplier_invoice.c.invoice_no,
    unique=True,
    sqlite_where=supplier_invoice.c.cancelled_at.is_(None),
    postgresql_where=supplier_invoice.c.cancelled_at.is_(None),
)
Index("erp_supplier_invoice_order", supplier_invoice.c.order_id)

supplier_invoice_line = Table(
    "erp_supplier_invoice_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("invoice_id", Id, ForeignKey("erp_supplier_invoice.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("purchase_line_id", Id, ForeignKey("erp_purchase_line.id"), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("price", Price(), nullable=False),
    Column("vat_rate", Rate(), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    UniqueConstraint("invoice_id", "line_no"),
    CheckConstraint("quantity > 0", name="quantity"),
    info={
        "record": RecordInfo(
            zh="供应商发票行", en="Supplier invoice lines", title="line_no",
            columns=(
                ("line_no", "行", "Line"), ("quantity", "数量", "Quantity"), ("price", "单价", "Price"),
                ("net", "金额", "Net"), ("tax", "税额", "Tax"), ("gross", "价税合计", "Gross"),
            ),
            lines=("erp_match_line",),
        )
    },
)  # fmt: skip

match_line = Table(
    "erp_match_line",
    metadata,
    Column("invoice_line_id", Id, ForeignKey("erp_supplier_invoice_line.id"), primary_key=True),
    Column("purchase_line_id", Id, ForeignKey("erp_purchase_line.id"), nullable=False),
    Column("received", Quantity(), nullable=False),
    Column("price_difference", Price(), nullable=False),
    Column("quantity_difference", Quantity(), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("matched_at", UtcDateTime, nullable=False),
    one_of("verdict", "wait", "matched", "exception"),
    info={
        "record": RecordInfo(
            zh="三单匹配", en="Three-way match", title="verdict",
            columns=(
                ("received", "已收货", "Received"), ("price_difference", "单价差异", "Price difference"),
                ("quantity_difference", "数量差异", "Quantity difference"), ("verdict", "结论", "Verdict"),
                ("reason", "原因", "Reason"),
            ),
        )
    },
)  # fmt: skip

expense_claim = Table(
    "erp_expense_claim",
    metadata,
    *document_columns("claim_no"),
    # an employee is paid as the person behind a user account
    Column("claimant_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("department", String(60), nullable=False, default=""),
    Column("title", Text, nullable=False, default=""),
    Column("voucher_no", String(40)),
    Column("currency", String(3), nullable=False),
    Column("total", Money(), nullable=False),
    Column("open_amount", Money(), nullable=False),
    CheckConstraint("total > 0", name="total"),
    CheckConstraint("open_amount >= 0 AND open_amount <= total", name="open_amount"),
    info={
        "record": RecordInfo(
            zh="费用报销", en="Expense claims", title="claim_no", search=("claim_no", "title"),
            columns=(
                ("claim_no", "单号", "Number"), ("business_date", "日期", "Date"), ("claimant_id", "报销人",
                "Claimant"),
                ("title", "事由", "Title"), ("total", "金额", "Total"), ("currency", "币种", "Currency"),
                ("open_amount", "未付", "Open"),
            ),
            lines=("erp_expense_line",),
        )
    },
)  # fmt: skip

expense_line = Table(
    "erp_expense_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("claim_id", Id, ForeignKey("erp_expense_claim.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("category", String(40), nullable=False),
    Column("spent_on", Date),
    Column("text", Text, nullable=False, default=""),
    Column("amount", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    UniqueConstraint("claim_id", "line_no"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("tax >= 0 AND tax < amount", name="tax"),
    info={
        "record": RecordInfo(
            zh="报销明细", en="Expense lines", title="category",
            columns=(
                ("line_no", "行", "Line"), ("category", "类别", "Category"), ("spent_on", "日期", "Date"),
                ("text", "说明", "Text"), ("amount", "金额", "Amount"), ("tax", "其中税额", "Of which tax"),
            ),
        )
    },
)  # fmt: skip

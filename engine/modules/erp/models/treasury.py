"""Money in and out: payment requests, payments behind the gate, receipts and what they settle."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from engine.db.base import Id, Money, RecordInfo, UtcDateTime, metadata
from engine.db.business import document_columns, one_of

payment_request = Table(
    "erp_payment_request",
    metadata,
    *document_columns("request_no"),
    Column("kind", String(12), nullable=False),
    Column("amount", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payee_account_version_id", Id, ForeignKey("erp_payee_account_version.id"), nullable=False),
    Column("payee_name", Text, nullable=False),
    Column("requested_by", Id, ForeignKey("user_account.id"), nullable=False),
    Column("beneficiary_id", Id, ForeignKey("user_account.id")),
    Column("status", String(12), nullable=False, default="draft"),
    CheckConstraint("amount > 0", name="amount"),
    one_of("kind", "supplier", "expense"),
    one_of("status", "draft", "submitted", "paid", "rejected", "cancelled"),
    info={
        "record": RecordInfo(
            zh="付款申请", en="Payment requests", title="request_no", search=("request_no", "payee_name"),
            columns=(
                ("request_no", "单号", "Number"), ("business_date", "日期", "Date"), ("kind", "类型", "Kind"),
                ("payee_name", "收款人", "Payee"), ("amount", "金额", "Amount"), ("currency", "币种", "Currency"),
                ("status", "状态", "Status"),
            ),
            lines=("erp_payment_request_item", "erp_payment"), capability="finance",
        )
    },
)  # fmt: skip

payment_request_item = Table(
    "erp_payment_request_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("request_id", Id, ForeignKey("erp_payment_request.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("supplier_invoice_id", Id, ForeignKey("erp_supplier_invoice.id")),
    Column("expense_claim_id", Id, ForeignKey("erp_expense_claim.id")),
    Column("document_no", String(40), nullable=False),
    Column("amount", Money(), nullable=False),
    UniqueConstraint("request_id", "line_no"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("(supplier_invoice_id IS NULL) <> (expense_claim_id IS NULL)", name="one_document"),
    info={
        "record": RecordInfo(
            zh="付款申请明细", en="Payment request items", title="document_no",
            columns=(("line_no", "行", "Line"), ("document_no", "单据", "Document"), ("amount", "金额", "Amount")),
            capability="finance",
        )
    },
)  # fmt: skip
Index("erp_payment_request_item_invoice", payment_request_item.c.supplier_invoice_id)
Index("erp_payment_request_item_claim", payment_request_item.c.expense_claim_id)

payment = Table(
    "erp_payment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("payment_no", String(40), nullable=False, unique=True),
    Column("request_id", Id, ForeignKey("erp_payment_request.id"), nullable=False, unique=True),
    # there is no column "approved": the evidence is the clearance, and the row cannot exist without it
    Column("clearance_id", Id, ForeignKey("clearance.id"), nullable=False, unique=True),
    Column("instance_id", Id, nullable=False),
    Column("amount", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payee_id", String(200), nullable=False),
    Column("payee_account_version_id", Id, ForeignKey("erp_payee_account_version.id"), nullable=False),
    Column("payee_bank_version", Integer, nullable=False),
    Column("executed_by", Id),
    Column("executed_at", UtcDateTime, nullable=False),
    Column("voucher_no", String(40)),
    Column("status", String(12), nullable=False, default="ordered"),
    CheckConstraint("amount > 0", name="amount"),
    one_of("status", "ordered", "confirmed", "returned", labels={"ordered": ("已提交银行", "sent to the bank")}),
    info={
        "record": RecordInfo(
            zh="付款", en="Payments", title="payment_no", search=("payment_no",),
            columns=(
                ("payment_no", "单号", "Number"), ("executed_at", "时间", "At"), ("request_id", "付款申请", "Request"),
                ("amount", "金额", "Amount"), ("currency", "币种", "Currency"),
                ("payee_bank_version", "账户版本", "Account version"), ("status", "状态", "Status"),
            ),
            capability="finance",
        )
    },
)  # fmt: skip
Index("erp_payment_instance", payment.c.instance_id)

receipt = Table(
    "erp_receipt",
    metadata,
    *document_columns("receipt_no"),
    Column("customer_id", Id, nullable=False, info={"refers_to": "crm_party"}),
    Column("payer", Text, nullable=False),
    Column("bank_ref", String(60)),
    Column("amount", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("unallocated", Money(), nullable=False),
    Column("voucher_no", String(40)),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("unallocated >= 0 AND unallocated <= amount", name="unallocated"),
    info={
        "record": RecordInfo(
            zh="收款单", en="Receipts of money", title="receipt_no", search=("receipt_no", "payer", "bank_ref"),
            columns=(
                ("receipt_no", "单号", "Number"), ("business_date", "日期", "Date"), ("payer", "付款人", "Payer"),
                ("amount", "金额", "Amount"), ("currency", "币种", "Currency"), ("unallocated", "未核销",
                "Unallocated"),
                ("bank_ref", "银行流水号", "Bank reference"),
            ),
            lines=("erp_allocation",), capability="finance",
        )
    },
)  # fmt: skip
Index(
    "erp_receipt_bank_ref_once",
    receipt.c.bank_ref,
    unique=True,
    sqlite_where=text("bank_ref IS NOT NULL"),
    postgresql_where=text("bank_ref IS NOT NULL"),
)

allocation = Table(
    "erp_allocation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("receipt_id", Id, ForeignKey("erp_receipt.id"), nullable=False),
    Column("sales_invoice_id", Id, ForeignKey("erp_sales_invoice.id"), nullable=False),
    Column("amount", Money(), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    info={
        "record": RecordInfo(
            zh="核销", en="Allocations", title="amount",
            columns=(
                ("at", "时间", "At"), ("receipt_id", "收款单", "Receipt"), ("sales_invoice_id", "发票", "Invoice"),
                ("amount", "金额", "Amount"),
            ),
            capability="finance",
        )
    },
)  # fmt: skip
Index("erp_allocation_receipt", allocation.c.receipt_id)
Index("erp_allocation_sales_invoice", allocation.c.sales_invoice_id)

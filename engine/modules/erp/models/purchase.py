"""Buying: requisitions, purchase orders, goods receipts."""

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

from engine.db.base import Id, Money, Price, Quantity, Rate, RecordInfo, metadata
from engine.db.business import document_columns, one_of

requisition = Table(
    "erp_requisition",
    metadata,
    *document_columns("requisition_no"),
    Column("requested_by", Id, ForeignKey("user_account.id")),
    Column("cost_centre", String(60), nullable=False, default=""),
    Column("total", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("status", String(12), nullable=False, default="open"),
    UniqueConstraint("source_type", "source_id"),
    one_of("status", "open", "ordered", "cancelled"),
    info={
        "record": RecordInfo(
            zh="采购申请", en="Requisitions", title="requisition_no", search=("requisition_no", "reason"),
            columns=(
                ("requisition_no", "单号", "Number"), ("business_date", "日期", "Date"),
                ("requested_by", "申请人", "Requested by"), ("total", "估计金额", "Estimate"),
                ("currency", "币种", "Currency"), ("reason", "事由", "Reason"), ("status", "状态", "Status"),
            ),
            lines=("erp_requisition_line",),
        )
    },
)  # fmt: skip

requisition_line = Table(
    "erp_requisition_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("requisition_id", Id, ForeignKey("erp_requisition.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("uom", String(12), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("price", Price(), nullable=False),
    Column("need_by", Date),
    UniqueConstraint("requisition_id", "line_no"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("price >= 0", name="price"),
    info={
        "record": RecordInfo(
            zh="采购申请行", en="Requisition lines", title="sku", search=("sku", "name"),
            columns=(
                ("line_no", "行", "Line"), ("sku", "编码", "SKU"), ("name", "名称", "Name"),
                ("quantity", "数量", "Quantity"), ("price", "估计单价", "Estimated price"), ("need_by", "需求日期",
                "Needed by"),
            ),
        )
    },
)  # fmt: skip

purchase_order = Table(
    "erp_purchase_order",
    metadata,
    *document_columns("po_no"),
    Column("supplier_id", Id, ForeignKey("erp_supplier.id"), nullable=False),
    Column("supplier_name", Text, nullable=False),
    Column("requisition_id", Id, ForeignKey("erp_requisition.id")),
    Column("currency", String(3), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    Column("expected_date", Date),
    Column("status", String(12), nullable=False, default="draft"),
    one_of("status", "draft", "placed", "closed", "cancelled"),
    info={
        "record": RecordInfo(
            zh="采购订单", en="Purchase orders", title="po_no", search=("po_no", "supplier_name"),
            columns=(
                ("po_no", "单号", "Number"), ("business_date", "日期", "Date"), ("supplier_name", "供应商", "Supplier"),
                ("gross", "价税合计", "Gross"), ("currency", "币种", "Currency"), ("expected_date", "预计到货",
                "Expected"),
                ("status", "状态", "Status"),
            ),
            lines=("erp_purchase_line", "erp_goods_receipt", "erp_supplier_invoice"),
        )
    },
)  # fmt: skip
Index("erp_purchase_order_supplier", purchase_order.c.supplier_id)
Index("erp_purchase_order_requisition", purchase_order.c.requisition_id)

purchase_line = Table(
    "erp_purchase_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("erp_purchase_order.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("uom", String(12), nullable=False),
    Column("price", Price(), nullable=False),
    Column("vat_rate", Rate(), nullable=False),
    Column("ordered", Quantity(), nullable=False),
    Column("may_receive", Quantity(), nullable=False),
    Column("received", Quantity(), nullable=False),
    Column("invoiced", Quantity(), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    Column("match_policy", String(30), nullable=False, default="three_way_receipt_first"),
    UniqueConstraint("order_id", "line_no"),
    CheckConstraint("ordered > 0", name="ordered"),
    CheckConstraint("received >= 0 AND received <= may_receive", name="received"),
    CheckConstraint("invoiced >= 0", name="invoiced"),
    one_of("match_policy", "three_way_receipt_first", "three_way_invoice_first", "two_way"),
    info={
        "record": RecordInfo(
            zh="采购订单行", en="Purchase order lines", title="sku", search=("sku", "name"),
            columns=(
                ("line_no", "行", "Line"), ("sku", "编码", "SKU"), ("name", "名称", "Name"),
                ("ordered", "订购", "Ordered"), ("received", "已收货", "Received"), ("invoiced", "已到票", "Invoiced"),
                ("price", "单价", "Price"), ("gross", "价税合计", "Gross"),
            ),
        )
    },
)  # fmt: skip

goods_receipt = Table(
    "erp_goods_receipt",
    metadata,
    *document_columns("receipt_no"),
    Column("order_id", Id, ForeignKey("erp_purchase_order.id"), nullable=False),
    Column("warehouse_id", Id, ForeignKey("erp_warehouse.id"), nullable=False),
    Column("delivery_note", String(60)),
    Column("reversed", Boolean, nullable=False, default=False),
    Column("voucher_no", String(40)),
    UniqueConstraint("order_id", "delivery_note"),
    info={
        "record": RecordInfo(
            zh="收货单", en="Goods receipts", title="receipt_no", search=("receipt_no", "delivery_note"),
            columns=(
                ("receipt_no", "单号", "Number"), ("business_date", "日期", "Date"), ("order_id", "采购订单",
                "Purchase order"),
                ("delivery_note", "送货单号", "Delivery note"), ("reversed", "已冲销", "Reversed"),
            ),
            lines=("erp_goods_receipt_line",),
        )
    },
)  # fmt: skip

goods_receipt_line = Table(
    "erp_goods_receipt_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("receipt_id", Id, ForeignKey("erp_goods_receipt.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("purchase_line_id", Id, ForeignKey("erp_purchase_line.id"), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("value", Money(), nullable=False),
    UniqueConstraint("receipt_id", "line_no"),
    CheckConstraint("quantity > 0", name="quantity"),
    info={
        "record": RecordInfo(
            zh="收货单行", en="Goods receipt lines", title="line_no",
            columns=(("line_no", "行", "Line"), ("quantity", "数量", "Quantity"), ("value", "金额", "Value")),
        )
    },
)  # fmt: skip
Index("erp_goods_receipt_line_purchase_line", goods_receipt_line.c.purchase_line_id)

"""The fulfilment side of a customer order: sales orders and their shipments."""

from sqlalchemy import (
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
    text,
)

from engine.db.base import Id, JsonText, Money, Price, Quantity, Rate, RecordInfo, UtcDateTime, metadata
from engine.db.business import document_columns, one_of

sales_order = Table(
    "erp_sales_order",
    metadata,
    *document_columns("order_no"),
    Column("customer_id", Id, nullable=False, info={"refers_to": "crm_party"}),
    Column("customer_name", Text, nullable=False),
    Column("customer_uscc", String(18)),
    Column("ship_to", JsonText),
    Column("currency", String(3), nullable=False),
    Column("promised_date", Date),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    Column("payment_terms_days", Integer, nullable=False, default=0),
    Column("status", String(12), nullable=False, default="open"),
    one_of("status", "open", "closed", "cancelled"),
    info={
        "record": RecordInfo(
            zh="销售订单", en="Sales orders", title="order_no", search=("order_no", "customer_name"),
            columns=(
                ("order_no", "单号", "Number"), ("business_date", "日期", "Date"), ("customer_name", "客户",
                "Customer"),
                ("gross", "价税合计", "Gross"), ("currency", "币种", "Currency"), ("promised_date", "承诺日期",
                "Promised"),
                ("status", "状态", "Status"),
            ),
            lines=("erp_sales_line", "erp_shipment", "erp_sales_invoice"),
        )
    },
)  # fmt: skip

Index("erp_sales_order_customer", sales_order.c.customer_id)

sales_line = Table(
    "erp_sales_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("erp_sales_order.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("uom", String(12), nullable=False),
    Column("price", Price(), nullable=False),
    Column("vat_rate", Rate(), nullable=False),
    Column("ordered", Quantity(), nullable=False),
    Column("may_ship", Quantity(), nullable=False),
    Column("shipped", Quantity(), nullable=False),
    Column("invoiced", Quantity(), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    UniqueConstraint("order_id", "line_no"),
    CheckConstraint("ordered > 0", name="ordered"),
    CheckConstraint("shipped >= 0 AND shipped <= may_ship", name="shipped"),
    CheckConstraint("invoiced >= 0 AND invoiced <= shipped", name="invoiced"),
    info={
        "record": RecordInfo(
            zh="销售订单行", en="Sales order lines", title="sku", search=("sku", "name"),
            columns=(
                ("line_no", "行", "Line"), ("sku", "编码", "SKU"), ("name", "名称", "Name"),
                ("ordered", "订购", "Ordered"), ("shipped", "已发货", "Shipped"), ("invoiced", "已开票", "Invoiced"),
                ("price", "单价", "Price"), ("gross", "价税合计", "Gross"),
            ),
        )
    },
)  # fmt: skip

shipment = Table(
    "erp_shipment",
    metadata,
    *document_columns("shipment_no"),
    Column("order_id", Id, ForeignKey("erp_sales_order.id"), nullable=False),
    Column("warehouse_id", Id, ForeignKey("erp_warehouse.id"), nullable=False),
    Column("wave", Integer, nullable=False),
    Column("carrier", String(40)),
    Column("tracking_no", String(60)),
    Column("status", String(12), nullable=False, default="draft"),
    Column("shipped_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("cost", Money(), nullable=False),
    Column("voucher_no", String(40)),
    UniqueConstraint("order_id", "wave"),
    one_of("status", "draft", "shipped", "delivered", "cancelled"),
    CheckConstraint("status NOT IN ('shipped', 'delivered') OR shipped_at IS NOT NULL", name="shipped"),
    info={
        "record": RecordInfo(
            zh="发货单", en="Shipments", title="shipment_no", search=("shipment_no", "tracking_no"),
            columns=(
                ("shipment_no", "单号", "Number"), ("business_date", "日期", "Date"), ("carrier", "承运商", "Carrier"),
                ("tracking_no", "运单号", "Tracking number"), ("status", "状态", "Status"),
                ("shipped_at", "发出", "Shipped at"), ("delivered_at", "签收", "Delivered at"),
            ),
            lines=("erp_shipment_line",),
        )
    },
)  # fmt: skip
Index(
    "erp_shipment_carrier_tracking_no_once",
    shipment.c.carrier,
    shipment.c.tracking_no,
    unique=True,
    sqlite_where=text("status <> 'cancelled' AND tracking_no IS NOT NULL"),
    postgresql_where=text("status <> 'cancelled' AND tracking_no IS NOT NULL"),
)

shipment_line = Table(
    "erp_shipment_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shipment_id", Id, ForeignKey("erp_shipment.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("sales_line_id", Id, ForeignKey("erp_sales_line.id"), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    UniqueConstraint("shipment_id", "line_no"),
    CheckConstraint("quantity > 0", name="quantity"),
    info={
        "record": RecordInfo(
            zh="发货单行", en="Shipment lines", title="line_no",
            columns=(
                ("line_no", "行", "Line"), ("sales_line_id", "订单行", "Order line"), ("quantity", "数量", "Quantity"),
            ),
        )
    },
)  # fmt: skip
Index("erp_shipment_line_sales_line", shipment_line.c.sales_line_id)

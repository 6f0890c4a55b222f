"""The commercial side of an order: what was agreed, what the customer sees of its delivery."""

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
    text,
)

from engine.db.base import Digest, Id, JsonText, Money, Price, Quantity, Rate, RecordInfo, UtcDateTime, metadata
from engine.db.business import document_columns, one_of

STATES = ("picked_up", "in_transit", "out_for_delivery", "problem", "delivered", "returning")

order = Table(
    "crm_order",
    metadata,
    *document_columns("order_no"),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("party_name", Text, nullable=False),
    Column("channel", String(40), nullable=False, default="sales"),
    Column("channel_order_no", String(60)),
    Column("price_includes_tax", Boolean, nullable=False, default=False),
    Column("currency", String(3), nullable=False),
    Column("ship_to", JsonText),
    Column("promised_date", Date),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    Column("paid_amount", Money(), nullable=False),
    Column("credit_hold", Boolean, nullable=False, default=False),
    Column("delivery_state", String(12), nullable=False, default="none"),
    Column("billing_state", String(12), nullable=False, default="unpaid"),
    Column("status", String(12), nullable=False, default="draft"),
    one_of("status", "draft", "confirmed", "closed", "cancelled"),
    one_of("delivery_state", "none", "partial", "full"),
    one_of("billing_state", "unpaid", "partial", "paid"),
    CheckConstraint("paid_amount >= 0", name="paid_amount"),
    info={
        "record": RecordInfo(
            zh="客户订单", en="Customer orders", title="order_no", search=("order_no", "party_name",
            "channel_order_no"),
            columns=(
                ("order_no", "单号", "Number"), ("business_date", "日期", "Date"), ("party_name", "客户", "Customer"),
                ("gross", "价税合计", "Gross"), ("currency", "币种", "Currency"), ("channel", "渠道", "Channel"),
                ("status", "状态", "Status"), ("delivery_state", "交付", "Delivery"), ("billing_state", "收款",
                "Billing"),
                ("promised_date", "承诺日期", "Promised"),
            ),
            lines=("crm_order_line", "crm_delivery", "crm_survey_invite"),
        )
    },
)  # fmt: skip
Index("crm_order_party", order.c.party_id, order.c.business_date)
Index(
    "crm_order_channel_channel_order_no_once",
    order.c.channel,
    order.c.channel_order_no,
    unique=True,
    sqlite_where=text("channel_order_no IS NOT NULL"),
    postgresql_where=text("channel_order_no IS NOT NULL"),
)

order_line = Table(
    "crm_order_line",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("crm_order.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("item_id", Id, info={"refers_to": "erp_item"}),
    Column("sku", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("uom", String(12), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("price", Price(), nullable=False),
    Column("discount", Rate(), nullable=False),
    Column("vat_rate", Rate(), nullable=False),
    Column("net", Money(), nullable=False),
    Column("tax", Money(), nullable=False),
    Column("gross", Money(), nullable=False),
    Column("shipped", Quantity(), nullable=False),
    UniqueConstraint("order_id", "line_no"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint("discount >= 0", name="discount"),
    CheckConstraint("shipped >= 0 AND shipped <= quantity", name="shipped"),
    info={
        "record": RecordInfo(
            zh="订单行", en="Order lines", title="sku", search=("sku", "name"),
            columns=(
                ("line_no", "行", "Line"), ("sku", "编码", "SKU"), ("name", "名称", "Name"),
                ("quantity", "数量", "Quantity"), ("price", "单价", "Price"), ("discount", "折扣", "Discount"),
                ("gross", "价税合计", "Gross"), ("shipped", "已发货", "Shipped"),
            ),
        )
    },
)  # fmt: skip

delivery = Table(
    "crm_delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("crm_order.id"), nullable=False),
    Column("shipment_no", String(40), nullable=False, unique=True),
    Column("carrier", String(40), nullable=False),
    Column("tracking_no", String(60), nullable=False),
    Column("state", String(20), nullable=False, default="picked_up"),
    Column("state_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    one_of("state", *STATES),
    info={
        "record": RecordInfo(
            zh="交付跟踪", en="Deliveries", title="shipment_no", search=("shipment_no", "tracking_no"),
            columns=(
                ("shipment_no", "发货单号", "Shipment"), ("carrier", "承运商", "Carrier"),
                ("tracking_no", "运单号", "Tracking number"), ("state", "状态", "State"), ("state_at", "更新",
                "Updated"),
                ("delivered_at", "签收", "Delivered at"),
            ),
            lines=("crm_tracking",),
        )
    },
)  # fmt: skip
Index("crm_delivery_order", delivery.c.order_id)

tracking = Table(
    "crm_tracking",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("crm_delivery.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(20), nullable=False),
    Column("text", Text, nullable=False, default=""),
    # carriers push the whole list each time
    Column("digest", Digest, nullable=False),
    UniqueConstraint("delivery_id", "digest"),
    one_of("state", *STATES),
    info={
        "record": RecordInfo(
            zh="物流轨迹", en="Tracking events", title="text", search=("text",),
            columns=(("at", "时间", "At"), ("state", "状态", "State"), ("text", "内容", "Text")),
        )
    },
)  # fmt: skip

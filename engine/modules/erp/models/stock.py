"""What is on hand, what moved, what is promised to whom. Valuation is the moving average per item and warehouse."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, String, Table, UniqueConstraint, text

from engine.db.base import Id, Money, Quantity, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

stock_balance = Table(
    "erp_stock_balance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("warehouse_id", Id, ForeignKey("erp_warehouse.id"), nullable=False),
    Column("on_hand", Quantity(), nullable=False),
    Column("reserved", Quantity(), nullable=False),
    Column("value", Money(), nullable=False),
    UniqueConstraint("item_id", "warehouse_id"),
    CheckConstraint("on_hand >= 0", name="on_hand"),
    CheckConstraint("reserved >= 0", name="reserved"),
    CheckConstraint("reserved <= on_hand", name="reserved_on_hand"),
    CheckConstraint("value >= 0 AND (on_hand <> 0 OR value = 0)", name="value"),
    info={
        "record": RecordInfo(
            zh="库存", en="Stock", title="item_id",
            columns=(
                ("item_id", "物料", "Item"), ("warehouse_id", "仓库", "Warehouse"), ("on_hand", "现存", "On hand"),
                ("reserved", "已预留", "Reserved"), ("value", "金额", "Value"),
            ),
        )
    },
)  # fmt: skip

stock_move = Table(
    "erp_stock_move",
    metadata,
    Column("id", Id, primary_key=True),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("warehouse_id", Id, ForeignKey("erp_warehouse.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("value", Money(), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("source_type", String(60), nullable=False),
    Column("source_line_id", Id, nullable=False),
    Column("reverses_id", Id, ForeignKey("erp_stock_move.id"), unique=True),
    one_of("kind", "opening", "receipt", "issue", "return"),
    CheckConstraint("quantity <> 0", name="quantity"),
    info={
        "record": RecordInfo(
            zh="库存流水", en="Stock moves", title="kind",
            columns=(
                ("at", "时间", "At"), ("kind", "类型", "Kind"), ("item_id", "物料", "Item"),
                ("warehouse_id", "仓库", "Warehouse"), ("quantity", "数量", "Quantity"), ("value", "金额", "Value"),
                ("source_type", "来源", "Source"),
            ),
        )
    },
)  # fmt: skip
# NULLs are distinct in a UNIQUE constraint: "once unless it is a reversal" must be a partial index
Index(
    "erp_stock_move_source_type_source_line_id_kind_once",
    stock_move.c.source_type,
    stock_move.c.source_line_id,
    stock_move.c.kind,
    unique=True,
    sqlite_where=text("reverses_id IS NULL"),
    postgresql_where=text("reverses_id IS NULL"),
)
Index("erp_stock_move_item", stock_move.c.item_id, stock_move.c.warehouse_id)

reservation = Table(
    "erp_reservation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sales_line_id", Id, ForeignKey("erp_sales_line.id"), nullable=False),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False),
    Column("warehouse_id", Id, ForeignKey("erp_warehouse.id"), nullable=False),
    Column("quantity", Quantity(), nullable=False),
    Column("status", String(12), nullable=False, default="active"),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("status", "active", "consumed", "released"),
    CheckConstraint("quantity > 0", name="quantity"),
    info={
        "record": RecordInfo(
            zh="库存预留", en="Reservations", title="item_id",
            columns=(
                ("created_at", "时间", "At"), ("item_id", "物料", "Item"), ("warehouse_id", "仓库", "Warehouse"),
                ("quantity", "数量", "Quantity"), ("status", "状态", "Status"),
            ),
        )
    },
)  # fmt: skip
Index(
    "erp_reservation_sales_line_id_warehouse_id_once",
    reservation.c.sales_line_id,
    reservation.c.warehouse_id,
    unique=True,
    sqlite_where=text("status = 'active'"),
    postgresql_where=text("status = 'active'"),
)
# a bound status cannot use the partial index
Index("erp_reservation_sales_line", reservation.c.sales_line_id)

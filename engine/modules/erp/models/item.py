"""The company, its items and its dated VAT rates."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from engine.db.base import Id, Price, Rate, RecordInfo, metadata
from engine.db.business import one_of

company = Table(
    "erp_company",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("uscc", String(18), nullable=False),
    Column("taxpayer", String(12), nullable=False, default="general"),
    Column("currency", String(3), nullable=False, default="CNY"),
    Column("region", String(12), nullable=False, default=""),
    CheckConstraint("id = 1", name="one_entity"),
    one_of("taxpayer", "general", "small"),
)

item = Table(
    "erp_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sku", String(40), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("kind", String(12), nullable=False, default="goods"),
    Column("uom", String(12), nullable=False),
    Column("tax_code", String(19), nullable=False, default=""),
    Column("vat_category", String(20), nullable=False),
    Column("source", String(12), nullable=False, default="buy"),
    Column("lead_time_days", Integer, nullable=False, default=0),
    Column("abc", String(1), nullable=False, default="C"),
    Column("active", Boolean, nullable=False, default=True),
    one_of("kind", "goods", "raw", "semi", "finished", "service"),
    one_of("source", "buy", "make"),
    one_of("abc", "A", "B", "C"),
    CheckConstraint("lead_time_days >= 0", name="lead_time"),
    info={
        "record": RecordInfo(
            zh="物料", en="Items", title="name", search=("sku", "name", "name_en"), master=True,
            columns=(
                ("sku", "编码", "SKU"), ("name", "名称", "Name"), ("name_en", "英文名称", "English name"),
                ("kind", "类型", "Kind"), ("uom", "单位", "Unit"), ("vat_category", "税率类别", "VAT category"),
                ("source", "来源", "Source"), ("lead_time_days", "提前期（天）", "Lead time (days)"),
                ("abc", "ABC", "ABC"), ("active", "启用", "Active"),
            ),
        )
    },
)  # fmt: skip

vat_rate = Table(
    "erp_vat_rate",
    metadata,
    Column("id", Id, primary_key=True),
    Column("category", String(20), nullable=False),
    Column("rate", Rate(), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    CheckConstraint("rate >= 0", name="rate"),
    CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="order"),
    info={
        "record": RecordInfo(
            zh="增值税率", en="VAT rates", title="category", search=("category",), master=True,
            columns=(
                ("category", "类别", "Category"), ("rate", "税率", "Rate"),
                ("valid_from", "生效", "Valid from"), ("valid_to", "失效", "Valid to"),
            ),
        )
    },
)  # fmt: skip
Index("erp_vat_rate_category", vat_rate.c.category, vat_rate.c.valid_from)

warehouse = Table(
    "erp_warehouse",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(20), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    Column("active", Boolean, nullable=False, default=True),
    info={
        "record": RecordInfo(
            zh="仓库", en="Warehouses", title="name", search=("code", "name"), master=True,
            columns=(("code", "编码", "Code"), ("name", "名称", "Name"), ("active", "启用", "Active")),
        )
    },
)  # fmt: skip

supplier = Table(
    "erp_supplier",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(20), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("uscc", String(18), unique=True),
    Column("contact", Text, nullable=False, default=""),
    Column("payment_terms_days", Integer, nullable=False, default=30),
    Column("blocked", Boolean, nullable=False, default=False),
    Column("block_reason", Text),
    Column("active", Boolean, nullable=False, default=True),
    CheckConstraint("NOT blocked OR block_reason IS NOT NULL", name="blocked"),
    CheckConstraint("payment_terms_days >= 0", name="terms"),
    info={
        "record": RecordInfo(
            zh="供应商", en="Suppliers", title="name", search=("code", "name", "uscc"), master=True,
            columns=(
                ("code", "编码", "Code"), ("name", "名称", "Name"), ("uscc", "统一社会信用代码", "USCC"),
                ("contact", "联系人", "Contact"), ("payment_terms_days", "账期（天）", "Terms (days)"),
                ("blocked", "冻结", "Blocked"), ("active", "启用", "Active"),
            ),
            lines=("erp_supplier_item",),
        )
    },
)  # fmt: skip

supplier_item = Table(
    "erp_supplier_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("supplier_id", Id, ForeignKey("erp_supplier.id"), nullable=False),
    Column("item_id", Id, ForeignKey("erp_item.id"), nullable=False, unique=True),
    Column("price", Price(), nullable=False),
    CheckConstraint("price >= 0", name="price"),
    info={
        "record": RecordInfo(
            zh="供货价目", en="Supplier items", title="item_id", master=True,
            columns=(("item_id", "物料", "Item"), ("price", "采购单价", "Price")),
        )
    },
)  # fmt: skip
Index("erp_supplier_item_supplier", supplier_item.c.supplier_id)

"""Customers and prospects, how to reach them, what they pay."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text, text

from engine.db.base import Id, Money, Price, Quantity, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

price_list = Table(
    "crm_price_list",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("currency", String(3), nullable=False, default="CNY"),
    info={
        "record": RecordInfo(
            zh="价目表", en="Price lists", title="name", search=("name",), master=True,
            columns=(("name", "名称", "Name"), ("currency", "币种", "Currency")), lines=("crm_price",),
        )
    },
)  # fmt: skip

price = Table(
    "crm_price",
    metadata,
    Column("id", Id, primary_key=True),
    Column("price_list_id", Id, ForeignKey("crm_price_list.id"), nullable=False),
    Column("sku", String(40), nullable=False, info={"refers_to": "erp_item.sku"}),
    Column("min_quantity", Quantity(), nullable=False),
    Column("price", Price(), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    CheckConstraint("price >= 0", name="price"),
    CheckConstraint("min_quantity >= 0", name="min_quantity"),
    CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="order"),
    info={
        "record": RecordInfo(
            zh="销售价格", en="Sales prices", title="sku", search=("sku",), master=True,
            columns=(
                ("sku", "编码", "SKU"), ("min_quantity", "起订量", "From quantity"), ("price", "单价", "Price"),
                ("valid_from", "生效", "Valid from"), ("valid_to", "失效", "Valid to"),
            ),
        )
    },
)  # fmt: skip
Index("crm_price_item", price.c.price_list_id, price.c.sku, price.c.valid_from)

party = Table(
    "crm_party",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(12), nullable=False, default="org"),
    Column("name", Text, nullable=False),
    Column("short_name", Text, nullable=False, default=""),
    Column("uscc", String(18), unique=True),
    Column("mobile", String(30), nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    Column("owner_id", Id, ForeignKey("user_account.id")),
    Column("lifecycle", String(12), nullable=False, default="prospect"),
    Column("customer_class", String(12), nullable=False, default="C"),
    Column("source", String(40), nullable=False, default=""),
    Column("credit_limit", Money(), nullable=False),
    Column("payment_terms_days", Integer, nullable=False, default=0),
    Column("price_list_id", Id, ForeignKey("crm_price_list.id")),
    Column("hold", Boolean, nullable=False, default=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("kind", "org", "person"),
    one_of("lifecycle", "lead", "prospect", "customer", "dormant", "lost"),
    one_of("customer_class", "A", "B", "C", "prepaid"),
    CheckConstraint("kind = 'org' OR uscc IS NULL", name="uscc_of_org"),
    CheckConstraint("credit_limit >= 0", name="credit_limit"),
    CheckConstraint("payment_terms_days >= 0", name="terms"),
    info={
        "record": RecordInfo(
            zh="客户", en="Customers", title="name", search=("name", "short_name", "uscc", "mobile"), master=True,
            columns=(
                ("name", "名称", "Name"), ("kind", "类型", "Kind"), ("uscc", "统一社会信用代码", "USCC"),
                ("lifecycle", "阶段", "Lifecycle"), ("customer_class", "等级", "Class"),
                ("credit_limit", "信用额度", "Credit limit"), ("payment_terms_days", "账期（天）", "Terms (days)"),
                ("hold", "冻结", "On hold"), ("active", "启用", "Active"),
            ),
            lines=("crm_contact", "crm_address", "crm_opportunity", "crm_activity", "crm_order", "crm_profile"),
        )
    },
)  # fmt: skip
Index("crm_party_name", party.c.name)

contact = Table(
    "crm_contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False, default=""),
    Column("phone", String(30), nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    info={
        "record": RecordInfo(
            zh="联系人", en="Contacts", title="name", search=("name", "phone", "email"), master=True,
            columns=(
                ("name", "姓名", "Name"), ("role", "职务", "Role"), ("phone", "电话", "Phone"), ("email", "邮箱",
                "E-mail"),
            ),
        )
    },
)  # fmt: skip
Index("crm_contact_party", contact.c.party_id)

address = Table(
    "crm_address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("kind", String(12), nullable=False, default="ship"),
    Column("region", Text, nullable=False, default=""),
    Column("line", Text, nullable=False),
    Column("is_default", Boolean, nullable=False, default=False),
    one_of("kind", "ship", "bill"),
    info={
        "record": RecordInfo(
            zh="地址", en="Addresses", title="line", search=("line", "region"), master=True,
            columns=(
                ("kind", "类型", "Kind"), ("region", "地区", "Region"), ("line", "地址", "Address"),
                ("is_default", "默认", "Default"),
            ),
        )
    },
)  # fmt: skip
Index("crm_address_party", address.c.party_id)
Index(
    "crm_address_party_id_kind_once",
    address.c.party_id,
    address.c.kind,
    unique=True,
    sqlite_where=text("is_default"),
    postgresql_where=text("is_default"),
)

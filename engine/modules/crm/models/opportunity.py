"""What may become an order: stages, opportunities, what was done about them."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from engine.db.base import Id, Money, Rate, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

stage = Table(
    "crm_stage",
    metadata,
    Column("id", Id, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("probability", Rate(), nullable=False),
    Column("is_won", Boolean, nullable=False, default=False),
    Column("is_lost", Boolean, nullable=False, default=False),
    CheckConstraint("probability >= 0", name="probability"),
    CheckConstraint("NOT (is_won AND is_lost)", name="one_end"),
    info={
        "record": RecordInfo(
            zh="销售阶段", en="Sales stages", title="name_zh", search=("name_zh", "name_en"), master=True,
            columns=(
                ("seq", "序号", "Order"), ("name_zh", "名称", "Name"), ("name_en", "英文名称", "English name"),
                ("probability", "赢率", "Probability"), ("is_won", "赢单", "Won"), ("is_lost", "输单", "Lost"),
            ),
        )
    },
)  # fmt: skip

opportunity = Table(
    "crm_opportunity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("stage_id", Id, ForeignKey("crm_stage.id"), nullable=False),
    Column("amount", Money(), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("expected_close", Date),
    Column("next_action_at", UtcDateTime),
    Column("owner_id", Id, ForeignKey("user_account.id")),
    Column("lost_reason", Text),
    Column("closed_at", UtcDateTime),
    Column("instance_id", Id),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("closed_at IS NOT NULL OR next_action_at IS NOT NULL", name="next_action"),
    info={
        "record": RecordInfo(
            zh="商机", en="Opportunities", title="name", search=("name",),
            columns=(
                ("name", "名称", "Name"), ("party_id", "客户", "Customer"), ("stage_id", "阶段", "Stage"),
                ("amount", "金额", "Amount"), ("expected_close", "预计成交", "Expected close"),
                ("next_action_at", "下一步", "Next action"), ("closed_at", "关闭", "Closed"),
            ),
            lines=("crm_stage_change", "crm_activity"),
        )
    },
)  # fmt: skip
Index("crm_opportunity_party", opportunity.c.party_id)

stage_change = Table(
    "crm_stage_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("opportunity_id", Id, ForeignKey("crm_opportunity.id"), nullable=False),
    Column("from_stage_id", Id, ForeignKey("crm_stage.id")),
    Column("to_stage_id", Id, ForeignKey("crm_stage.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Id, ForeignKey("user_account.id")),
    info={
        "record": RecordInfo(
            zh="阶段变更", en="Stage changes", title="at",
            columns=(("at", "时间", "At"), ("from_stage_id", "从", "From"), ("to_stage_id", "到", "To")),
        )
    },
)  # fmt: skip
Index("crm_stage_change_opportunity", stage_change.c.opportunity_id)

activity = Table(
    "crm_activity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("opportunity_id", Id, ForeignKey("crm_opportunity.id")),
    Column("kind", String(12), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Id, ForeignKey("user_account.id")),
    Column("text", Text, nullable=False),
    Column("next_action_at", UtcDateTime),
    Column("instance_id", Id),
    one_of("kind", "call", "visit", "wechat", "mail", "note"),
    info={
        "record": RecordInfo(
            zh="跟进记录", en="Activities", title="text", search=("text",),
            columns=(
                ("at", "时间", "At"), ("kind", "方式", "Kind"), ("party_id", "客户", "Customer"), ("text", "内容",
                "Text"),
                ("next_action_at", "下一步", "Next action"),
            ),
        )
    },
)  # fmt: skip
Index("crm_activity_party", activity.c.party_id, activity.c.at)

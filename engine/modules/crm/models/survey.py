"""What customers say when asked, and what is known of each of them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from engine.db.base import Id, Money, Rate, RecordInfo, UtcDateTime, metadata
from engine.db.business import one_of

survey = Table(
    "crm_survey",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(40), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False, default=""),
    info={
        "record": RecordInfo(
            zh="问卷", en="Surveys", title="name", search=("code", "name"), master=True,
            columns=(("code", "编码", "Code"), ("name", "名称", "Name")), lines=("crm_survey_question",),
        )
    },
)  # fmt: skip

survey_question = Table(
    "crm_survey_question",
    metadata,
    Column("id", Id, primary_key=True),
    Column("survey_id", Id, ForeignKey("crm_survey.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("text_en", Text, nullable=False, default=""),
    UniqueConstraint("survey_id", "seq"),
    one_of("kind", "csat", "nps", "text"),
    info={
        "record": RecordInfo(
            zh="问卷问题", en="Survey questions", title="text", master=True,
            columns=(("seq", "序号", "Order"), ("kind", "类型", "Kind"), ("text", "问题", "Question")),
        )
    },
)  # fmt: skip

survey_invite = Table(
    "crm_survey_invite",
    metadata,
    Column("id", Id, primary_key=True),
    Column("survey_id", Id, ForeignKey("crm_survey.id"), nullable=False),
    Column("party_id", Id, ForeignKey("crm_party.id"), nullable=False),
    Column("order_id", Id, ForeignKey("crm_order.id")),
    Column("token", String(60), nullable=False, unique=True),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("expired_at", UtcDateTime),
    Column("instance_id", Id),
    CheckConstraint("answered_at IS NULL OR expired_at IS NULL", name="one_end"),
    info={
        "record": RecordInfo(
            zh="问卷邀请", en="Survey invitations", title="sent_at",
            columns=(
                ("sent_at", "发出", "Sent at"), ("party_id", "客户", "Customer"), ("expires_at", "截止", "Expires"),
                ("answered_at", "答复", "Answered at"),
            ),
            lines=("crm_survey_answer",),
        )
    },
)  # fmt: skip
Index(
    "crm_survey_invite_survey_id_order_id_once",
    survey_invite.c.survey_id,
    survey_invite.c.order_id,
    unique=True,
    sqlite_where=text("order_id IS NOT NULL"),
    postgresql_where=text("order_id IS NOT NULL"),
)
Index("crm_survey_invite_party", survey_invite.c.party_id)

survey_answer = Table(
    "crm_survey_answer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("invite_id", Id, ForeignKey("crm_survey_invite.id"), nullable=False),
    Column("question_id", Id, ForeignKey("crm_survey_question.id"), nullable=False),
    Column("value", Integer),
    Column("text", Text),
    UniqueConstraint("invite_id", "question_id"),
    CheckConstraint("value IS NOT NULL OR text IS NOT NULL", name="something"),
    CheckConstraint("value IS NULL OR (value >= 0 AND value <= 10)", name="value"),
    info={
        "record": RecordInfo(
            zh="问卷答复", en="Survey answers", title="text", search=("text",),
            columns=(("question_id", "问题", "Question"), ("value", "分值", "Value"), ("text", "内容", "Text")),
        )
    },
)  # fmt: skip

profile = Table(
    "crm_profile",
    metadata,
    Column("party_id", Id, ForeignKey("crm_party.id"), primary_key=True),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("orders_n", Integer, nullable=False),
    Column("revenue_12m", Money(), nullable=False),
    Column("days_since_last", Integer),
    Column("average_interval_days", Integer),
    Column("csat_avg", Rate()),
    Column("csat_n", Integer, nullable=False),
    Column("nps_last", Integer),
    Column("segment", String(40), nullable=False, default=""),
    info={
        "record": RecordInfo(
            zh="客户画像", en="Customer profiles", title="segment", search=("segment",),
            columns=(
                ("party_id", "客户", "Customer"), ("orders_n", "12个月订单数", "Orders in 12 months"),
                ("revenue_12m", "12个月销售额", "Revenue in 12 months"),
                ("days_since_last", "距上次下单（天）", "Days since last order"),
                ("csat_avg", "满意度", "CSAT"), ("nps_last", "NPS", "NPS"), ("segment", "分群", "Segment"),
            ),
        )
    },
)  # fmt: skip

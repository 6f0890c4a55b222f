"""A notice to one person, read or not."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from engine.db.base import Id, RecordInfo, UtcDateTime, metadata

notice = Table(
    "notification_notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False, default=""),
    Column("link", String(400), nullable=False, default=""),
    Column("instance_id", Id),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    info={
        "record": RecordInfo(
            zh="通知", en="Notices", title="title", search=("title", "text"),
            columns=(
                ("created_at", "时间", "At"), ("user_id", "收件人", "To"), ("title", "标题", "Title"),
                ("text", "内容", "Text"), ("read_at", "已读", "Read at"),
            ),
            capability="admin",
        )
    },
)  # fmt: skip
Index("notification_notice_user", notice.c.user_id, notice.c.read_at, notice.c.created_at)

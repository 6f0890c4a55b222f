"""What the inputs and results of these operations are called; `operation.name` where one means something else by it."""

from engine.operations import titles

titles(
    "notification",
    {
        "link": ("站内链接", "Link in this site"),
        "notified": ("已通知人数", "People told"),
        "text": ("内容", "Text"),
        "title": ("标题", "Title"),
        "user_ids": ("接收人", "Receivers"),
    },
)

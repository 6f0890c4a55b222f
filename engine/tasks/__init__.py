"""What people do: find their work, look at it, decide, hand over, tell others. The door to the verbs of this room."""

from engine.tasks.deciding import Acted, agree, reject
from engine.tasks.handing_over import transfer
from engine.tasks.inbox import DoneItem, InboxItem, Page, RequestItem, count, done, inbox, requested
from engine.tasks.informing import Comment, attach, attachments, comment, comments, open_attachment
from engine.tasks.working import TaskView, claim, complete, get, may_see, save_draft, sight, unclaim

__all__ = [
    "Acted",
    "Comment",
    "DoneItem",
    "InboxItem",
    "Page",
    "RequestItem",
    "TaskView",
    "agree",
    "attach",
    "attachments",
    "claim",
    "comment",
    "comments",
    "complete",
    "count",
    "done",
    "get",
    "inbox",
    "may_see",
    "open_attachment",
    "reject",
    "requested",
    "save_draft",
    "sight",
    "transfer",
    "unclaim",
]

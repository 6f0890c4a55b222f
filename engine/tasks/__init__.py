"""What people do: find their work, look at it, decide, hand over, tell others. The door to the verbs of this room."""

from engine.tasks.advising import delegate, hand_back
from engine.tasks.batching import Chosen, Result, agree_many, seen
from engine.tasks.boxes import CopyItem, copied
from engine.tasks.choosing import set_future
from engine.tasks.copying import copy_to, read_copy, urge
from engine.tasks.deciding import Acted, abstain, agree, reject
from engine.tasks.handing_over import transfer
from engine.tasks.inbox import (
    COUNT_LIMIT,
    DoneItem,
    InboxItem,
    Page,
    RequestItem,
    count,
    done,
    inbox,
    place_of,
    requested,
)
from engine.tasks.informing import Comment, attach, attachments, comment, comments, open_attachment
from engine.tasks.signing import add_after, add_before, add_beside, remove_signer
from engine.tasks.standing import outdated
from engine.tasks.timing import time_out
from engine.tasks.titles import shown as shown_title
from engine.tasks.views import View, remove_view, save_view, views
from engine.tasks.working import Signer, TaskView, claim, complete, get, may_see, save_draft, sight, unclaim

__all__ = [
    "COUNT_LIMIT",
    "Acted",
    "Chosen",
    "Comment",
    "CopyItem",
    "DoneItem",
    "InboxItem",
    "Page",
    "RequestItem",
    "Result",
    "Signer",
    "TaskView",
    "View",
    "abstain",
    "add_after",
    "add_before",
    "add_beside",
    "agree",
    "agree_many",
    "attach",
    "attachments",
    "claim",
    "comment",
    "comments",
    "complete",
    "copied",
    "copy_to",
    "count",
    "delegate",
    "done",
    "get",
    "hand_back",
    "inbox",
    "may_see",
    "open_attachment",
    "outdated",
    "place_of",
    "read_copy",
    "reject",
    "remove_signer",
    "remove_view",
    "requested",
    "save_draft",
    "save_view",
    "seen",
    "set_future",
    "shown_title",
    "sight",
    "time_out",
    "transfer",
    "unclaim",
    "urge",
    "views",
]

"""What people do: find their work, look at it, decide, hand over, tell others. The door to the verbs of this room."""

from engine.tasks.advising import delegate, hand_back
from engine.tasks.batching import Chosen, Result, agree_many, seen
from engine.tasks.copying import copy_to, read_copy, urge
from engine.tasks.deciding import Acted, abstain, agree, reject
from engine.tasks.handing_over import transfer
from engine.tasks.inbox import DoneItem, InboxItem, Page, RequestItem, count, done, inbox, requested
from engine.tasks.informing import Comment, attach, attachments, comment, comments, open_attachment
from engine.tasks.signing import add_after, add_before, add_beside, remove_signer
from engine.tasks.titles import shown as shown_title
from engine.tasks.working import Signer, TaskView, claim, complete, get, may_see, save_draft, sight, unclaim

__all__ = [
    "Acted",
    "Chosen",
    "Comment",
    "DoneItem",
    "InboxItem",
    "Page",
    "RequestItem",
    "Result",
    "Signer",
    "TaskView",
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
    "copy_to",
    "count",
    "delegate",
    "done",
    "get",
    "hand_back",
    "inbox",
    "may_see",
    "open_attachment",
    "read_copy",
    "reject",
    "remove_signer",
    "requested",
    "save_draft",
    "seen",
    "shown_title",
    "sight",
    "transfer",
    "unclaim",
    "urge",
]

"""What people do: find their work, look at it, decide, hand over, tell others. The door to the verbs of this room."""

from engine.tasks.advising import delegate, hand_back
from engine.tasks.batching import Chosen, Result, agree_many, seen
from engine.tasks.boxes import CopyItem, InMyName, Receipt, copied, decided_by_rule, decided_for_me, receipts
from engine.tasks.choosing import Later, later, selectable, set_future
from engine.tasks.closed import start_form
from engine.tasks.confirming import confirm, refuse
from engine.tasks.consulting import Consultation, answer, consult, consultations
from engine.tasks.copying import copy_to, read_copy, urge
from engine.tasks.deciding import Acted, abstain, agree, reject
from engine.tasks.deputies import deputies
from engine.tasks.drafting import RequestDraft, copy_to_draft
from engine.tasks.ending import Woken, activate, acts, cancel, suspend, void, wake, withdraw
from engine.tasks.erasing import erase_act, erase_opinion, erase_text, erased, written, written_with_acts
from engine.tasks.foreseeing import foresee
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
    managed,
    place_of,
    requested,
)
from engine.tasks.informing import Comment, Mention, admit, attach, attachments, comment, comments, open_attachment
from engine.tasks.leaving import Besides, HandOver, LeftBehind, besides, hand_over, hand_over_preview, left_behind
from engine.tasks.reapproving import approvable_again, approve_again
from engine.tasks.recalling import recall
from engine.tasks.resubmitting import Resubmission, resubmission
from engine.tasks.retaining import (
    Erasure,
    Keeping,
    Over,
    erase_request,
    erasure,
    keeping,
    may_release,
    over,
    release,
    releasing,
    tell_due,
    to_release,
)
from engine.tasks.returning import Returned, Target, reject_held, return_, targets
from engine.tasks.signatures import Sent, Signed
from engine.tasks.signing import add_after, add_before, add_beside, remove_signer
from engine.tasks.standing import outdated
from engine.tasks.timing import time_out
from engine.tasks.titles import reading_as
from engine.tasks.titles import shown as shown_title
from engine.tasks.views import View, remove_view, save_view, views
from engine.tasks.working import (
    Proposal,
    Signer,
    TaskView,
    claim,
    complete,
    get,
    may_see,
    opened,
    save_draft,
    sight,
    unclaim,
)

__all__ = [
    "COUNT_LIMIT",
    "Acted",
    "Besides",
    "Chosen",
    "Comment",
    "Consultation",
    "CopyItem",
    "DoneItem",
    "Erasure",
    "HandOver",
    "InMyName",
    "InboxItem",
    "Keeping",
    "Later",
    "LeftBehind",
    "Mention",
    "Over",
    "Page",
    "Proposal",
    "Receipt",
    "RequestDraft",
    "RequestItem",
    "Resubmission",
    "Result",
    "Returned",
    "Sent",
    "Signed",
    "Signer",
    "Target",
    "TaskView",
    "View",
    "Woken",
    "abstain",
    "activate",
    "acts",
    "add_after",
    "add_before",
    "add_beside",
    "admit",
    "agree",
    "agree_many",
    "answer",
    "approvable_again",
    "approve_again",
    "attach",
    "attachments",
    "besides",
    "cancel",
    "claim",
    "comment",
    "comments",
    "complete",
    "confirm",
    "consult",
    "consultations",
    "copied",
    "copy_to",
    "copy_to_draft",
    "count",
    "decided_by_rule",
    "decided_for_me",
    "delegate",
    "deputies",
    "done",
    "erase_act",
    "erase_opinion",
    "erase_request",
    "erase_text",
    "erased",
    "erasure",
    "foresee",
    "get",
    "hand_back",
    "hand_over",
    "hand_over_preview",
    "inbox",
    "keeping",
    "later",
    "left_behind",
    "managed",
    "may_release",
    "may_see",
    "open_attachment",
    "opened",
    "outdated",
    "over",
    "place_of",
    "read_copy",
    "reading_as",
    "recall",
    "receipts",
    "refuse",
    "reject",
    "reject_held",
    "release",
    "releasing",
    "remove_signer",
    "remove_view",
    "requested",
    "resubmission",
    "return_",
    "save_draft",
    "save_view",
    "seen",
    "selectable",
    "set_future",
    "shown_title",
    "sight",
    "start_form",
    "suspend",
    "targets",
    "tell_due",
    "time_out",
    "to_release",
    "transfer",
    "unclaim",
    "urge",
    "views",
    "void",
    "wake",
    "withdraw",
    "written",
    "written_with_acts",
]

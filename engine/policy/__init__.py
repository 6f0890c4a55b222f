"""What must hold before a guarded operation: proved on the drawing, granted by people, checked at the gate."""

from engine.policy.absent import unknown_names
from engine.policy.asking import Asked, Asking, Depends, Quorum, Way
from engine.policy.capacity import gives_more
from engine.policy.changing import activate
from engine.policy.checker import ASSUMED, PROVED, UNKNOWN, VIOLATED, WORST, Verdict, prove, verdicts
from engine.policy.emergency import Emergency
from engine.policy.emergency import ask as ask_emergency
from engine.policy.emergency import get as emergency_of
from engine.policy.emergency import list_ as emergencies
from engine.policy.emergency import review as review_emergency
from engine.policy.emergency import sign as sign_emergency
from engine.policy.emergency import withdraw as withdraw_emergency
from engine.policy.gate import admit, approvers, note_hold, release, settle_clearance, unanswered
from engine.policy.granting import add_member
from engine.policy.grants import (
    Document,
    Yes,
    batch_allowed,
    conflict,
    document,
    entitles,
    expired,
    grant,
    leaves_open,
    note_change,
    objection,
    park,
    restore,
    revoke,
    subject_name,
    undo,
    undo_all,
    undo_rejected,
)
from engine.policy.hindsight import Past, replay_cleared
from engine.policy.holding import (
    ESCALATE,
    RECHECK,
    USED,
    Hold,
    escalate,
    holds_of,
    note_used,
    of_job,
    open_holds,
    watchers,
)
from engine.policy.marking import states
from engine.policy.modifying import admit_modification
from engine.policy.responding import Response, responses
from engine.policy.revoking import disable_account
from engine.policy.search import DEPLOYING, DRAWING
from engine.policy.showing import unseen
from engine.policy.staffing import KINDS as STAFFING
from engine.policy.staffing import UNKNOWN as NOT_KNOWN
from engine.policy.staffing import Staffing, able, asks_of, staffing
from engine.policy.statement import MUST_BE_POLICED, Policy, enforced, read
from engine.policy.versions import (
    AUDIT,
    CAPABILITY,
    Version,
    all_versions,
    check_activation,
    check_class,
    confirm,
    differs,
    export,
    in_force,
    propose,
    propose_retirement,
    retire,
    review,
    ship,
    to_review,
    version,
    versions_in_force,
    withdraw,
    withdraw_retirement,
)
from engine.policy.weakening import weakening

__all__ = [
    "ASSUMED",
    "AUDIT",
    "CAPABILITY",
    "DEPLOYING",
    "DRAWING",
    "ESCALATE",
    "MUST_BE_POLICED",
    "NOT_KNOWN",
    "PROVED",
    "RECHECK",
    "STAFFING",
    "UNKNOWN",
    "USED",
    "VIOLATED",
    "WORST",
    "Asked",
    "Asking",
    "Depends",
    "Document",
    "Emergency",
    "Hold",
    "Past",
    "Policy",
    "Quorum",
    "Response",
    "Staffing",
    "Verdict",
    "Version",
    "Way",
    "Yes",
    "able",
    "activate",
    "add_member",
    "admit",
    "admit_modification",
    "all_versions",
    "approvers",
    "ask_emergency",
    "asks_of",
    "batch_allowed",
    "check_activation",
    "check_class",
    "confirm",
    "conflict",
    "differs",
    "disable_account",
    "document",
    "emergencies",
    "emergency_of",
    "enforced",
    "entitles",
    "escalate",
    "expired",
    "export",
    "gives_more",
    "grant",
    "holds_of",
    "in_force",
    "leaves_open",
    "note_change",
    "note_hold",
    "note_used",
    "objection",
    "of_job",
    "open_holds",
    "park",
    "propose",
    "propose_retirement",
    "prove",
    "read",
    "release",
    "replay_cleared",
    "responses",
    "restore",
    "retire",
    "review",
    "review_emergency",
    "revoke",
    "settle_clearance",
    "ship",
    "sign_emergency",
    "staffing",
    "states",
    "subject_name",
    "to_review",
    "unanswered",
    "undo",
    "undo_all",
    "undo_rejected",
    "unknown_names",
    "unseen",
    "verdicts",
    "version",
    "versions_in_force",
    "watchers",
    "weakening",
    "withdraw",
    "withdraw_emergency",
    "withdraw_retirement",
]

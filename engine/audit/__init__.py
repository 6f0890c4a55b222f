"""The record: chains recomputed, tips anchored outside under a signature, everything exported for others to verify."""

from engine.audit.anchoring import (
    BY_MAIL,
    Proof,
    Standing,
    anchor,
    anchor_if_due,
    anchor_when_due,
    ask,
    checkpoints,
    due,
    every,
    may_anchor,
    outside,
    proof,
    reseal,
    rotations,
    send,
    standing,
)
from engine.audit.checking import (
    POLICY_SCOPE,
    VerifyReport,
    copy_key,
    fact_links,
    links_of,
    read_anchors,
    snapshot,
    verify,
)
from engine.audit.configuration import note_settings
from engine.audit.exporting import export
from engine.audit.former import seal_former
from engine.audit.nightly import HANDLER as CHECK
from engine.audit.nightly import Check, ask_check, last_check, plan_check, run_check, store_check
from engine.audit.rows import (
    PAYMENTS,
    read_rows,
    sealed_clearance,
    sealed_deployed,
    sealed_emergency,
    sealed_file,
    sealed_grant,
    sealed_hold,
    sealed_item,
    sealed_payment,
    sealed_signature,
    sealed_task,
    sealed_version,
    settled_emergency,
    settled_version,
)
from engine.audit.sending import Place, places
from engine.audit.verifier import SHAPE, Anchor, Rows, instant

__all__ = [
    "BY_MAIL", "CHECK", "PAYMENTS", "POLICY_SCOPE", "SHAPE", "Anchor", "Check", "Place", "Proof", "Rows", "Standing",
    "VerifyReport", "anchor", "anchor_if_due", "anchor_when_due", "ask", "ask_check", "checkpoints", "copy_key", "due",
    "every", "export", "fact_links", "instant", "last_check", "links_of", "may_anchor", "note_settings", "outside",
    "places", "plan_check", "proof", "read_anchors", "read_rows", "reseal", "rotations", "run_check", "seal_former",
    "sealed_clearance", "sealed_deployed", "sealed_emergency", "sealed_file", "sealed_grant", "sealed_hold",
    "sealed_item", "sealed_payment", "sealed_signature", "sealed_task", "sealed_version", "send", "settled_emergency",
    "settled_version", "snapshot", "standing", "store_check", "verify",
]  # fmt: skip

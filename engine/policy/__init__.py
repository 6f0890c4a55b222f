"""What must hold before a guarded operation: proved on the drawing, granted by people, checked at the gate."""

from engine.policy.checker import prove
from engine.policy.gate import admit, release, settle_clearance
from engine.policy.grants import (
    Document,
    Yes,
    conflict,
    document,
    grant,
    in_force,
    objection,
    park,
    restore,
    revoke,
    ship,
    undo,
    undo_all,
)
from engine.policy.marking import states
from engine.policy.statement import MUST_BE_POLICED, Policy, read

__all__ = [
    "MUST_BE_POLICED",
    "Document",
    "Policy",
    "Yes",
    "admit",
    "conflict",
    "document",
    "grant",
    "in_force",
    "objection",
    "park",
    "prove",
    "read",
    "release",
    "restore",
    "revoke",
    "settle_clearance",
    "ship",
    "states",
    "undo",
    "undo_all",
]

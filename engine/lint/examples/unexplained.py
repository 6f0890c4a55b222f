"""Codes of findings that have no pictures, with the reason."""

from collections.abc import Mapping

from engine.bpmn import CONSTRAINTS
from engine.dmn import ANALYSIS

UNEXPLAINED: Mapping[str, frozenset[str]] = {
    "nothing can be drawn of a file that cannot be read": frozenset((
        "duplicate-id", "element-unknown", "global-task-without-id", "id-twice", "not-bpmn", "nothing-executable",
        "process-not-found", "reference-missing", "reference-unresolved", "schema", "unknown-resource", "xml-doctype",
        "xml-not-well-formed", "xml-too-complex", "xml-too-large",
    )),
    "what stands in a file of another product, and the message names it; the canvas does not offer it": frozenset((
        "ad-hoc-language", "attribute-not-executed", "compensation-among-others", "compensation-start-alone",
        "compensation-start-second", "element-not-executed", "event-not-executed", "extension-incomplete",
        "extension-not-executed", "loop-language", "loop-maximum-wrong", "mapping-incomplete",
        "multi-instance-behavior", "multi-instance-event-kind", "multi-instance-event-missing",
        "multi-instance-negative", "quantity-wrong", "transaction-method",
    )),
    "a detail of data objects and their arrows, which the message says in full": frozenset((
        "assignment-target", "data-end-foreign", "data-input-unfed", "data-language", "data-name-twice",
        "data-name-unreadable", "data-not-visible", "data-of-loop-computed", "data-reference-unknown", "data-sets",
        "data-sources-several", "data-store-unbound", "io-specification-not-executed",
    )),
    "about what is deployed or which policies there are, not about the drawing": frozenset((
        "approver-does-not-see", "binding-circular", "binding-not-fixed", "capability-not-provided",
        "policy-name-unknown", "policy-staffing-unread", "policy-understaffed", "step-template",
        "version-tag-missing",
    )),
    "a form is no drawing": frozenset((
        "component-id-twice", "component-refused", "component-without-id", "component-without-key", "form-currency",
        "form-cycle", "form-expression-asks", "form-expression-invalid", "form-expression-missing",
        "form-groups-invalid", "form-key-invalid", "form-key-twice", "form-label-missing", "form-limit-invalid",
        "form-limit-word", "form-not-json", "form-options-missing", "form-pattern-invalid", "form-source-unknown",
        "form-too-deep", "form-too-large", "form-without-id", "print-not-a-layout", "print-paper", "print-unknown",
        "print-unknown-block", "print-unknown-field",
    )),
    "a decision table is no drawing": frozenset((
        *ANALYSIS, "feel-syntax", "file-too-large", "missing-requirement", "no-input-expression", "no-output",
        "not-dmn", "not-required", "output-name", "output-not-allowed", "priority-values", "rule-cells",
        "unknown-type",
    )),
    "runs as it is drawn; another product or a strict reader may mind, and the message says why": frozenset((
        *(code for code in CONSTRAINTS if code.startswith("standard-")), "blank-starts", "complex-gateway",
        "disconnected", "end-missing", "event-without-condition", "fake-join", "implicit-end", "implicit-split",
        "implicit-start", "inclusive-gateway", "join-and-fork", "nameless-declaration", "not-drawn", "overlapping",
        "repeated-declaration", "several-triggers", "start-missing", "superfluous-termination",
        "unconditioned-flow", "unnamed", "unused-declaration", "unusual-size",
    )),
}  # fmt: skip

"""What a check has found, for the scripts of a page, in the reader's language."""

from typing import Any

from engine.findings import Finding
from webui import errors


def steps(finding: Finding) -> list[dict[str, Any]]:
    """A counter-example for the drawing: where each step stands, what happens, which flows are taken."""
    return [
        {
            "element": step.within or step.element_id, "text": errors.words(step.message, step.facts),
            "flows": [] if step.within else list(step.flows),
        }
        for step in finding.steps
    ]  # fmt: skip


def fixes(finding: Finding) -> list[dict[str, str]]:
    """What the designer can do about it."""
    return [
        {"id": fix.id, "element": fix.element_id, "subject": fix.subject, "text": errors.words(fix.message, fix.facts)}
        for fix in finding.fixes
    ]

"""The constraints of BPMN 2.0.2 that its schema cannot say, and how a drawing is well drawn: for every element of a
file, executable or not.

What the machine would not run is refused by the other modules of the reader. A file that breaks what stands here is
opened and runs, but may mean something else in another product, or to whoever reads it. Codes of what the standard
demands begin with `standard-`.
"""

from collections.abc import Iterable, Mapping

from engine.bpmn.parser.constraints import activities, data, events, flows, layout, manner, messages
from engine.bpmn.parser.constraints.drawing import Constraint, Drawing, Violation
from engine.bpmn.parser.xml import Element, Unreadable, local_name, read_tree
from engine.findings import Finding, Level

CONSTRAINTS: Mapping[str, Constraint] = {
    rule.code: rule for rules in (activities, events, flows, messages, data, manner, layout) for rule in rules.RULES
}


def violations(xml: bytes, resource: str = "", said: Iterable[Finding] = ()) -> list[Finding]:
    """Where the file breaks a constraint, one that nobody looks at unless asked included.

    `said`: what the reader has found; a constraint that says the same about the same element is left out. Never raises
    for bad input: what cannot be read breaks no constraint.
    """
    try:
        drawing = Drawing(read_tree(xml, resource))
    except Unreadable:
        return []
    known = {(finding.rule, finding.element_id) for finding in said}
    found: dict[tuple[str, str | None, str], Finding] = {}
    for rule in CONSTRAINTS.values():
        for violation in rule.check(drawing):
            owner = _owner(violation.at)
            key = owner.get("id")
            if not any((code, key) in known for code in rule.said_by):
                finding = _finding(rule, violation, key, resource)
                found.setdefault((rule.code, key, str(finding)), finding)
    return list(found.values())


def _finding(rule: Constraint, violation: Violation, key: str | None, resource: str) -> Finding:
    facts = {"element": key or local_name(violation.at), **violation.facts}
    return Finding(
        rule.code, rule.level or Level.INFO, key, violation.message, facts, violation.hint,
        line=violation.at.sourceline, resource=resource,
    )  # fmt: skip


def _owner(element: Element) -> Element:
    """The element that a person can see: an expression or a definition belongs to its node."""
    while element.getparent() is not None and (element.get("id") is None or _is_part(element)):
        element = element.getparent()
    return element


def _is_part(element: Element) -> bool:
    name = local_name(element)
    return name.endswith(("EventDefinition", "Characteristics", "Set")) or name in _PARTS


_PARTS = frozenset(
    ("conditionExpression", "condition", "completionCondition", "activationCondition", "loopCondition",
     "loopCardinality", "timeDate", "timeDuration", "timeCycle", "from", "to", "assignment", "ioSpecification")
)  # fmt: skip

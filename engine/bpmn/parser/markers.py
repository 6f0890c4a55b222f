"""Markers of activities that would not run as drawn: loops without an end, collections without a name."""

from collections.abc import Iterator

from engine.bpmn.model import Loop, Node, Process
from engine.bpmn.parser.structure import FEEL_LANGUAGES
from engine.errors import N_
from engine.findings import Finding, Level

BEHAVIORS = ("All",)


def wrongly_marked(process: Process, resource: str) -> Iterator[Finding]:
    """Findings about the activities of one executable process, sub-processes included."""
    for node in process.all_nodes():
        if node.loop is not None:
            yield from _loop(node, node.loop, resource)


def _loop(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    foreign = [language for language in loop.languages if language.lower() not in FEEL_LANGUAGES]
    if foreign:
        yield _problem(
            "loop-language", node, N_("An expression of the loop marker of '{element}' is written in '{language}'; "
                                      "only FEEL is executed."),
            N_("Rewrite it in FEEL."), resource, language=foreign[0],
        )  # fmt: skip
    if loop.kind == "standard":
        yield from _standard(node, loop, resource)
    elif node.type == "userTask" and node.extensions.approval is not None:
        if loop.completion is not None:
            yield _problem(
                "approval-completion-condition", node,
                N_("The completion condition of approval '{element}' is not executed: its mode decides."),
                N_("Choose the mode of the approval, and remove the condition."), resource,
            )  # fmt: skip
    else:
        yield from _multiple(node, loop, resource)


def _standard(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    if loop.maximum is not None and _whole(loop.maximum, 1) is None:
        yield _problem(
            "loop-maximum-wrong", node,
            N_("Expected the loop maximum of '{element}' to be a whole number from 1, found '{found}'."),
            N_("Enter how many rounds there are at most."), resource, found=loop.maximum,
        )  # fmt: skip
    elif loop.maximum is None and loop.condition is None:
        yield _problem(
            "loop-without-end", node,
            N_("Expected the loop of '{element}' to have a condition or a maximum, but it has neither."),
            N_("Enter while which condition it goes on, or how many rounds there are."), resource,
        )  # fmt: skip


def _multiple(node: Node, loop: Loop, resource: str) -> Iterator[Finding]:
    if (loop.cardinality is None) is (loop.collection is None):
        yield _problem(
            "multi-instance-count", node,
            N_("Expected multi-instance '{element}' to have one of collection and number of instances, found {count}."),
            N_("Enter the list that it goes through, or how many instances there are."), resource,
            count=2 if loop.collection is not None else 0,
        )  # fmt: skip
    literal = (loop.cardinality or "").strip().removeprefix("=").strip()
    if literal.startswith("-") and literal[1:].strip().isdigit():
        yield _problem(
            "multi-instance-negative", node,
            N_("Expected the number of instances of '{element}' to be 0 or more, found '{found}'."),
            N_("Enter how many instances there are."), resource, found=literal,
        )  # fmt: skip
    if loop.behavior not in BEHAVIORS:
        yield _problem(
            "multi-instance-behavior", node,
            N_("Expected the behavior of '{element}' to be one of {allowed}, found '{found}'."),
            N_("Choose one of them."), resource, allowed=", ".join(BEHAVIORS), found=loop.behavior,
        )  # fmt: skip
    elif loop.behavior != "All" and not loop.events:
        yield _problem(
            "multi-instance-event-missing", node,
            N_("Multi-instance '{element}' has the behavior {behavior}, but names no event that it throws."),
            N_("Choose the event, or the behavior All."), resource, behavior=loop.behavior,
        )  # fmt: skip


def _whole(text: str, least: int) -> int | None:
    stripped = text.strip()
    return int(stripped) if stripped.isdigit() and int(stripped) >= least else None


def _problem(rule: str, node: Node, message: str, hint: str, resource: str, **facts: object) -> Finding:
    return Finding(
        rule, Level.ERROR, node.id, message, {"element": node.id, "name": node.name or node.id, **facts}, hint,
        line=node.line, resource=resource,
    )  # fmt: skip

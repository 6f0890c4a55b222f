"""A message finds the one instance that it is meant for.

Wrong: a process waits for "carrier update" without a key, so any update wakes any order.
Right: `correlationKey="= order_id"`.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each wait for a message inside an instance that has no key."""
    outside = {node.id for node in drawn.process.nodes.values() if node.type == "startEvent" or node.instantiate}
    for node in drawn.nodes("intermediateCatchEvent", "boundaryEvent", "receiveTask", "startEvent"):
        if node.id in outside:
            continue
        awaited = [
            event for event in (*node.events, *([node.message] if node.message else [])) if event.kind == "message"
        ]
        if any(event.correlation_key is None for event in awaited) and node.extensions.correlation_key is None:
            yield Remark(
                node, N_("'{name}' waits for a message without saying which instance it is meant for."),
                N_("Give the message a correlation key, e.g. = order_id."),
            )  # fmt: skip

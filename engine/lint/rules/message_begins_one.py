"""A message begins one process: of each process that waits for its name it begins a request, so of two both.

Wrong: `order` and `return` both have a start event for the message `order.placed`, and nobody meant two requests.
Right: each begins with a message of its own, or one begins and calls the other.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each start event and each other process that begins with the same message."""
    for start in drawn.program.starts if drawn.program is not None else ():
        node = drawn.process.node(start.node)
        if start.kind != "message" or not start.name or node is None:
            continue
        for key, title in library.begun_by(start.name).items():
            if key != drawn.process.id:
                yield Remark(
                    node, N_("Message '{message}' at '{name}' begins process '{other}' ({key}) too: both start."),
                    N_("Give one of them a message of its own, unless one message is meant to begin both."),
                    {"message": start.name, "other": title, "key": key},
                )  # fmt: skip

"""A task asks no crowd: more than 200 people each get an item of their own (2,000 are refused when it runs).

Wrong: `troika:assignment strategy="userGroup"` with a group of the whole company.
Right: `candidateGroups`, one item that whoever comes first claims.
"""

from collections.abc import Iterator

from engine.bpmn.model import Extensions
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
MOST = 200
_GROUPS = ("role", "userGroup")


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each task that asks so many of those it names literally."""
    for node in drawn.nodes("userTask"):
        count = sum(_asked(node.extensions, library))
        if count > MOST:
            yield Remark(
                node, N_("'{name}' asks {count} people, each with an item of his own; expected at most {most}."),
                N_("Let one of a group claim it (candidateGroups), or name fewer."), {"count": count, "most": MOST},
            )  # fmt: skip


def _asked(found: Extensions, library: Library) -> Iterator[int]:
    if found.strategy is not None:
        for item in found.strategy.parameters:
            if item.value.strip().startswith("="):
                continue
            names = [name.strip() for name in item.value.split(",") if name.strip()]
            if found.strategy.name in _GROUPS:
                yield from (library.known.members(name) for name in names)
            elif found.strategy.name == "user":
                yield len(names)
    elif found.assignees is not None and not (found.assignees.users or "").strip().startswith("="):
        yield len([name for name in (found.assignees.users or "").split(",") if name.strip()])

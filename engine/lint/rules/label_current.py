"""A name in another language says what the name says now.

Wrong: a step that was renamed to 总经理审批 while its English label still translates 经理审批.
Right: the label was read again since. `of` is the name for which it was written.
"""

from collections.abc import Iterator

from engine.bpmn.model import Flow, Node
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.INFO


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each label that was written for another name."""
    named: list[Node | Flow] = [*drawn.nodes(), *drawn.flows().values()]
    for found in named:
        for language, before in found.translated.items():
            if before and before != (found.name or ""):
                yield Remark(
                    found, N_("'{element}' is called '{label}' in {language}, which was written for '{before}'."),
                    N_("Read it again: change it, or say that it still fits."),
                    {"label": found.labels.get(language, ""), "language": language, "before": before},
                )  # fmt: skip

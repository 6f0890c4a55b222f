"""A process has a name, by which people start it and find it.

Wrong: `<process id="leave">`. Right: `<process id="leave" name="请假申请">`.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for a process without name."""
    if not drawn.process.name:
        yield Remark(drawn.process, N_("Process '{element}' has no name."), N_("Say what it is for."))

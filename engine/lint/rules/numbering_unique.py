"""No two requests get the same number.

Wrong: `pattern="BX{yyyy}{seq:4}" period="day"`: tomorrow the first number of today comes again.
Right: `pattern="BX{yyyyMMdd}{seq:4}" period="day"`.
"""

from collections.abc import Iterator

from engine.bpmn.model import LONGEST_NUMBER, SERIES_SCOPES
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark on a process whose numbers repeat, or whose pattern or scope means nothing or is too long."""
    numbering = drawn.process.extensions.numbering
    if numbering is None:
        return
    if numbering.scope not in SERIES_SCOPES:
        yield Remark(
            drawn.process, N_("'{element}': expected the scope of numbers to be one of {allowed}, found '{found}'."),
            N_("Choose one of them."), {"allowed": ", ".join(SERIES_SCOPES), "found": numbering.scope},
        )  # fmt: skip
    if numbering.length > LONGEST_NUMBER:
        yield Remark(
            drawn.process, N_("'{element}': its numbers have {length} characters, at most {limit} are possible."),
            N_("Shorten the pattern."), {"length": numbering.length, "limit": LONGEST_NUMBER},
        )  # fmt: skip
    if numbering.unknown:
        yield Remark(
            drawn.process, N_("'{element}': expected only known parts in the pattern of numbers, found {found}."),
            N_("Known are yyyy, yy, MM, dd, yyyyMM, yyyyMMdd, entity and seq:4, each in braces."),
            {"found": " ".join(numbering.unknown)},
        )  # fmt: skip
    elif numbering.repeats:
        yield Remark(
            drawn.process,
            N_("'{element}': numbers come twice: they begin again each {period}, and the pattern does not say which."),
            N_("Put {missing} in braces into the pattern, or choose a longer period."),
            {"period": numbering.period, "missing": numbering.repeats},
        )

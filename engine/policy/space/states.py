"""What a state of the search is, what leads to the next one, and the marks on tokens."""

from bisect import insort
from collections.abc import Iterator
from typing import NamedTuple

from engine.bpmn.model import Flow
from engine.errors import N_
from engine.policy.abstraction import NOT_TOLD
from engine.policy.regions import Masks
from engine.policy.statement import approval_by

Way = tuple[Flow, str]
"""A flow and the place it leads to."""
Slots = tuple[int, ...]

MANY = 2
"""A place with this many tokens stands for any larger number."""
WORDS = ("", "agree", "reject", "handled", NOT_TOLD)
PASSED = "passed"
"""word of a move that only hands the token on"""
HELD = "#held"
"""stage of an approval that was rejected and waits for the other branches"""
LATE = ">"
"""stage of a token that may still be on its way: others move it through what is passed before"""
STALE = "~"
"""mark of an open approval: it is about a document that another one has replaced since it was asked"""
READ = "="
"""mark of a guarded operation that has begun, followed by the approvals that lived, when its document was replaced"""
APART = "/"
"""ends a mark STALE or READ: the document that is named now is surely another one; without, it may be the same again"""
LOGGED = "&"
"""stage of a handler of compensation: what it undoes has completed; followed by its place in the log, but where it is
there many times"""
DECIDED, EARLIER, FINAL = "^", "^^", "^."
"""stages of a task: its people may take back what they have decided; others who had been asked before may decide beside
that, and it is not known of whom it is final that he decides; somebody who was asked later has decided, which may still
become void"""
LEAVES, YIELDS = "#leaves", "#yields"
"""stages of a step that is done: it has written, and may be stuck at the conditions of its flows; or it may be stuck
because what it has to give is missing, and writes when somebody has said what"""
GIVES_NOTHING = "#gives nothing"
"""stage of a decision that is stuck: it is asked again when somebody has helped it on"""
UNDOING, BESIDE = "#undoing", "#beside"
"""stages of what throws compensation: it waits until everything is undone, or has gone on"""
UNDOES = "undoes"
"""word of a move that begins a handler of compensation"""
AT_ONCE = ("task", "manualTask")
"""types of steps that nobody and nothing does"""
BY_THE_MACHINE = (*AT_ONCE, "scriptTask", "businessRuleTask", "intermediateThrowEvent", "subProcess", "transaction")
"""types of what goes on by itself, unless it gets stuck, beside gateways and ends"""
DIGIT = 3
"""bits of an outcome"""


class State(NamedTuple):
    """`tokens`: numbers of slots, sorted, each up to MANY times. `outcomes`: a digit of WORDS for each approval that
    is asked for. `live`: a bit for each approval whose yes can still be used. `data`: the regions in which each
    variable may lie that is tracked."""

    tokens: Slots
    outcomes: int
    live: int
    data: Masks = ()


class Move(NamedTuple):
    """`via`: id of the place where something happened; `word`: what, if it could have been something else; `ways`: the
    flows that were taken; `counted`: the approvals of a guarded operation whose document was replaced behind it."""

    via: str
    word: str = ""
    ways: tuple[Way, ...] = ()
    counted: int | None = None


class Need(NamedTuple):
    """`capability` "": any will do. `people`: how many the approvals must guarantee."""

    policy: str
    capability: str
    people: int = 1

    @property
    def shown(self) -> str:
        """As people read it."""
        return approval_by(self.capability, self.people) if self.capability else N_("an approval")


# ---------------------------------------------------------------- tokens


def one_more(tokens: Slots, slot: int) -> Slots:
    """One token more, up to MANY."""
    if tokens.count(slot) >= MANY:
        return tokens
    listed = list(tokens)
    insort(listed, slot)
    return tuple(listed)


def one_less(tokens: Slots, slot: int) -> Iterator[Slots]:
    """One token less; from "many" that may leave many or one."""
    at = tokens.index(slot)
    if at + 1 < len(tokens) and tokens[at + 1] == slot:
        yield tokens[:at] + tokens[at + 1 :]
        yield tokens
        return
    yield tokens[:at] + tokens[at + 1 :]


def is_marked(stage: str, ending: str = "") -> bool:
    """Whether a token is about a document that has been replaced. `ending`: by which mark it is known."""
    return any(word.startswith((STALE, READ)) and word.endswith(ending) for word in stage.split())


def counted_by(stage: str) -> int | None:
    """The approvals that lived when the document of a payment was replaced that had begun; None: it was not."""
    found = (int(word.strip(READ + APART)) for word in stage.split() if word.startswith(READ))
    return next(found, None)

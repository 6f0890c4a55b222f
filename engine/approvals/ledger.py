"""The ledger of one round, and the pure function that says when the round is decided.

Words, not numbers: this room knows neither tables nor clocks. An item's own decision, its add-sign groups and its
place in the round make one effective vote; the mode counts the votes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from engine.approvals import modes
from engine.approvals.modes import ABSTAIN, AGREE, PENDING, REJECT, Vote

OPEN = frozenset(("wait", "todo", "advising", "countersigning"))
GONE = frozenset(("superseded", "removed", "cancelled"))
TOP_LEVEL = frozenset(("normal", "sign_parallel"))

_DECIDED = {"agree": AGREE, "handled": AGREE, "reject": REJECT, "abstain": ABSTAIN}


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the round. `order`: place among the decisions in time, 0 while undecided.

    `group_mode`: how the add-sign groups under this item are counted (all, any, sequential).
    """

    id: Any
    kind: str = "normal"
    seq: int = 1000
    weight: Decimal = Decimal(1)
    status: str = "todo"
    decision: str | None = None
    parent: Any = None
    order: int = 0
    group_mode: str = "all"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A round: mode, its parameters as the drawing has them, and all of its items."""

    mode: str
    items: tuple[Item, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`counted`: items whose decision made the result. `cancelled`: items still open, no longer asked."""

    result: Literal["passed", "failed"]
    counted: tuple[Any, ...]
    cancelled: tuple[Any, ...]
    reason: str
    agreed: int
    rejected: int
    total: int

    @property
    def passed(self) -> bool:
        """Whether the node was agreed to."""
        return self.result == "passed"


def decide(ledger: Ledger) -> Outcome | None:
    """The result of the round, or None while somebody still has to be heard. See `approvals.md` 3."""
    counted = counted_items(ledger)
    votes = [Vote(item.id, _vote(ledger, item), item.weight, item.order) for item in counted]
    if not votes:
        return None
    if ledger.parameters.get("hearAll") in (True, "true") and any(vote.value == PENDING for vote in votes):
        return None
    result = modes.count(ledger.mode, votes, ledger.parameters)
    if result is None:
        return None
    passed, reason = result
    deciding = AGREE if passed else REJECT
    return Outcome(
        result="passed" if passed else "failed",
        counted=tuple(vote.id for vote in votes if vote.value == deciding),
        cancelled=tuple(item.id for item in ledger.items if item.status in OPEN),
        reason=reason,
        agreed=sum(vote.value == AGREE for vote in votes),
        rejected=sum(vote.value == REJECT for vote in votes),
        total=len(votes),
    )


def counted_items(ledger: Ledger) -> list[Item]:
    """Items that have a vote of their own, in their order."""
    return sorted(
        (item for item in ledger.items if item.kind in TOP_LEVEL and item.status not in GONE),
        key=lambda item: item.seq,
    )


def turn(ledger: Ledger) -> tuple[Any, ...]:
    """Items that should be asked next: in sequence the lowest pending one, otherwise everybody who waits."""
    waiting = [item for item in counted_items(ledger) if _vote(ledger, item) == PENDING]
    if ledger.mode == "sequential":
        waiting = waiting[:1]
    return tuple(item.id for item in waiting if item.status == "wait")


def _vote(ledger: Ledger, item: Item) -> str:
    before = _group(ledger, item, "sign_before")
    if before == PENDING:
        return PENDING
    if before == REJECT and ledger.parameters.get("beforeReject", "reject") == "reject":
        return REJECT
    own = _DECIDED.get(item.decision or "", PENDING)
    if own != AGREE:
        return own
    after = _group(ledger, item, "sign_after")
    return AGREE if after is None else after


def _group(ledger: Ledger, owner: Item, kind: str) -> str | None:
    """The vote of the people whom `owner` added; None when there are none (left)."""
    members = sorted(
        (item for item in ledger.items if item.parent == owner.id and item.kind == kind and item.status not in GONE),
        key=lambda item: item.seq,
    )
    if not members:
        return None
    votes = [Vote(item.id, _vote(ledger, item), item.weight, item.order) for item in members]
    result = modes.count(owner.group_mode, votes, {})
    if result is None:
        return PENDING
    return AGREE if result[0] else REJECT

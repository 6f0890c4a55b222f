"""The ledger of one round, and the pure function that says when the round is decided.

Words, not numbers: this room knows neither tables nor clocks. An item's own decision, its add-sign groups and its
place in the round make one effective vote; the mode counts the votes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

    `group`: number of the add-sign group among those of its parent; `group_mode`: how that group is counted (all, any,
    sequential).
    """

    id: Any
    kind: str = "normal"
    seq: int = 1000
    weight: Decimal = Decimal(1)
    status: str = "todo"
    decision: str | None = None
    parent: Any = None
    order: int = 0
    group: int = 0
    group_mode: str = "all"
    person: Any = None
    """the natural person who decided, for himself or as a substitute"""
    unconfirmed: bool = False
    """a substitute has decided, his principal has not confirmed it"""


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
    if ledger.mode in ("ratio", "weight"):
        votes = _once_each(counted, votes)
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


def _once_each(items: list[Item], votes: list[Vote]) -> list[Vote]:
    """Where votes are counted, one natural person has one, for however many principals he decides; the first counts."""
    seen: set[Any] = set()
    counted = {}
    for item, vote in sorted(zip(items, votes, strict=True), key=lambda pair: pair[1].order):
        if item.person is not None and vote.value in (AGREE, REJECT):
            if item.person in seen:
                vote = replace(vote, value=ABSTAIN)
            seen.add(item.person)
        counted[vote.id] = vote
    return [counted[item.id] for item in items]


def counted_items(ledger: Ledger) -> list[Item]:
    """Items that have a vote of their own, in their order."""
    return sorted(
        (item for item in ledger.items if item.kind in TOP_LEVEL and item.status not in GONE),
        key=lambda item: item.seq,
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """What changes in an open round. `asked`: waiting items whose turn it is; `settled`: countersigned to the end;
    `left`: open items of groups that have their result, no longer asked.
    """

    asked: tuple[Any, ...]
    settled: tuple[Any, ...]
    left: tuple[Any, ...]


def progress(ledger: Ledger) -> Progress:
    """The next step of every group: in sequence the lowest pending place, otherwise everybody who waits."""
    asked, settled, left = [], [], []
    for peers, mode in _circles(ledger):
        waiting = [item for item in peers if _vote(ledger, item) == PENDING and _in_turn(ledger, item)]
        for item in waiting[:1] if mode == "sequential" else waiting:
            if item.status == "wait" and _groups(ledger, item, "sign_before") != PENDING:
                asked.append(item.id)
    for item in ledger.items:
        signed = item.status == "countersigning" and not item.unconfirmed
        if signed and _groups(ledger, item, "sign_after") != PENDING:
            settled.append(item.id)
        if item.status in OPEN and _without_use(ledger, item):
            left.append(item.id)
    return Progress(tuple(key for key in asked if key not in left), tuple(settled), tuple(left))


def unsettled(ledger: Ledger) -> tuple[Any, ...]:
    """Items that agreed, whose vote counts when those who sign after them have signed."""
    return tuple(
        item.id for item in ledger.items if item.decision == "agree" and _groups(ledger, item, "sign_after") == PENDING
    )


def turn(ledger: Ledger) -> tuple[Any, ...]:
    """Items that should be asked next."""
    return progress(ledger).asked


def subtree(ledger: Ledger, item_id: Any) -> list[Any]:
    """The item and everybody who was added through it, as ids."""
    found = [item_id]
    for key in found:
        found += [item.id for item in ledger.items if item.parent == key and item.kind != "sign_parallel"]
    return found


def depth(ledger: Ledger, item_id: Any) -> int:
    """How many signers have been added one by the other, down to the item; 0 for one whom the drawing asks."""
    by_id = {item.id: item for item in ledger.items}
    steps, item = 0, by_id.get(item_id)
    while item is not None and item.parent is not None:
        steps += item.kind != "normal"
        item = by_id.get(item.parent)
    return steps


def _vote(ledger: Ledger, item: Item) -> str:
    before = _groups(ledger, item, "sign_before")
    if before == PENDING:
        return PENDING
    if before == REJECT and ledger.parameters.get("beforeReject", "reject") == "reject":
        return REJECT
    own = PENDING if item.unconfirmed else _DECIDED.get(item.decision or "", PENDING)
    if own != AGREE:
        return own
    after = _groups(ledger, item, "sign_after")
    return AGREE if after is None else after


def _groups(ledger: Ledger, owner: Item, kind: str) -> str | None:
    """The vote of the people whom `owner` added, over all groups of `kind`; None when there are none (left)."""
    groups = _members(ledger, owner.id, kind)
    if not groups:
        return None
    votes = [_group(ledger, members) for members in groups.values()]
    return next((vote for vote in (REJECT, PENDING) if vote in votes), AGREE)


def _members(ledger: Ledger, owner_id: Any, kind: str) -> dict[int, list[Item]]:
    groups: dict[int, list[Item]] = {}
    for item in sorted(ledger.items, key=lambda item: item.seq):
        if item.parent == owner_id and item.kind == kind and item.status not in GONE:
            groups.setdefault(item.group, []).append(item)
    return groups


def _group(ledger: Ledger, members: list[Item]) -> str:
    votes = [Vote(item.id, _vote(ledger, item), item.weight, item.order) for item in members]
    result = modes.count(members[0].group_mode, votes, {})
    if result is None:
        return PENDING
    return AGREE if result[0] else REJECT


def _circles(ledger: Ledger) -> list[tuple[list[Item], str]]:
    """Items that are asked beside or after each other, with the mode of their circle."""
    circles = [(counted_items(ledger), ledger.mode)]
    for owner in ledger.items:
        for kind in ("sign_before", "sign_after"):
            circles += [(members, members[0].group_mode) for members in _members(ledger, owner.id, kind).values()]
    return circles


def _in_turn(ledger: Ledger, item: Item) -> bool:
    """Whether the item may be asked; who signs after somebody waits for his yes."""
    if item.kind != "sign_after":
        return True
    owner = next((one for one in ledger.items if one.id == item.parent), None)
    return owner is not None and owner.decision == "agree"


def _without_use(ledger: Ledger, item: Item) -> bool:
    """Whether nobody waits for the item: its group, or a group around it, has its result."""
    by_id = {one.id: one for one in ledger.items}
    inner: Item | None = item
    while inner is not None and inner.kind not in TOP_LEVEL:
        if inner.kind == "advice":
            inner = by_id.get(inner.parent)
            continue
        members = _members(ledger, inner.parent, inner.kind).get(inner.group, [])
        owner = by_id.get(inner.parent)
        if not members or owner is None or owner.status in GONE or _group(ledger, members) != PENDING:
            return True
        if inner.kind == "sign_after" and owner.decision not in (None, "agree"):
            return True
        inner = owner
    return False

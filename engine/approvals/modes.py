"""How votes are counted: one small pure function per approval mode.

Each takes the votes of the counted items in their order and the parameters of the drawing; it returns None while the
result is open, else (passed, reason). Rows to add with a mode: the tables in `test_modes.py`.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from engine.bpmn.quorum import need, weight_needed
from engine.errors import N_, InvalidValue, Phrase

AGREE, REJECT, ABSTAIN, PENDING = "A", "R", "X", "P"

Result = tuple[bool, str] | None


@dataclass(frozen=True, slots=True)
class Vote:
    """The effective vote of one counted item. `order`: place of its decision in time."""

    id: Any
    value: str
    weight: Decimal = Decimal(1)
    order: int = 0


def count(mode: str, votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """The result by `mode`. Raises InvalidValue for an unknown mode or threshold."""
    if mode not in MODES:
        raise InvalidValue(expected=Phrase(N_("one of {words}"), words=", ".join(sorted(MODES))), found=mode)
    return MODES[mode](votes, parameters)


def everyone(votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """会签: everybody agrees; the first rejection decides."""
    agreed, rejected, _, pending = _tally(votes)
    if rejected:
        return False, "rejected"
    if pending:
        return None
    return (True, "all_agreed") if agreed else (False, "all_abstained")


def anyone(votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """或签: the first decisive vote; with `rejects="all"` only a rejection by everybody fails."""
    agreed, rejected, _, pending = _tally(votes)
    if parameters.get("rejects", "first") == "all":
        if agreed:
            return True, "one_agreed"
        return None if pending else (False, "nobody_agreed")
    if agreed or rejected:
        first = min((vote for vote in votes if vote.value in (AGREE, REJECT)), key=lambda vote: vote.order)
        return (True, "one_agreed") if first.value == AGREE else (False, "rejected")
    return None if pending else (False, "all_abstained")


def ratio(votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """票签: as many agree as the threshold asks; fails as soon as that is out of reach."""
    agreed, _, abstained, pending = _tally(votes)
    entitled = len(votes)
    if parameters.get("abstain", "include") == "exclude":
        entitled -= abstained
        if entitled == 0:
            return False, "all_abstained"
    needed = need(entitled, parameters)
    if agreed >= needed:
        return True, "enough_agreed"
    return (False, "out_of_reach") if agreed + pending < needed else None


def weight(votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """加权: the weights of those who agree reach the threshold, absolute or a share of all weights."""
    weights = {value: Decimal(0) for value in (AGREE, REJECT, ABSTAIN, PENDING)}
    for vote in votes:
        weights[vote.value] += vote.weight
    wanted = weight_needed(weights.values(), parameters)
    if Fraction(weights[AGREE]) >= wanted:
        return True, "enough_agreed"
    return (False, "out_of_reach") if Fraction(weights[AGREE] + weights[PENDING]) < wanted else None


def handled(votes: Sequence[Vote], parameters: Mapping[str, Any]) -> Result:
    """办理: done by one of them. Never an approval."""
    return (True, "handled") if any(vote.value == AGREE for vote in votes) else None


MODES: dict[str, Callable[[Sequence[Vote], Mapping[str, Any]], Result]] = {
    "all": everyone,
    "any": anyone,
    "claim": anyone,  # groups of the same round: whoever acts first decides
    "inform": handled,
    "random": everyone,  # one person is counted; `pick` chose him when the round opened
    "ratio": ratio,
    "sequential": everyone,  # the ledger asks one after the other
    "single": everyone,
    "weight": weight,
}


def pick(instance_id: UUID, element: str, round_number: int, candidates: Sequence[UUID]) -> UUID:
    """随机一人: the same person for the same instance, element and round, so that an audit can repeat it."""
    ordered = sorted(candidates)
    message = f"{instance_id}/{element}/{round_number}".encode()
    number = int.from_bytes(hmac.new(instance_id.bytes, message, hashlib.sha256).digest())
    return ordered[number % len(ordered)]


def _tally(votes: Sequence[Vote]) -> tuple[int, int, int, int]:
    values = [vote.value for vote in votes]
    return values.count(AGREE), values.count(REJECT), values.count(ABSTAIN), values.count(PENDING)

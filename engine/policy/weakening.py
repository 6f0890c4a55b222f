"""What a new statement asks less than the old one: each difference is a sentence. No sentence: the new one implies it.

Only what is surely as strong is let pass: a condition that reads differently counts as narrower unless it is a limit
that was lowered.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.errors import N_, Listed, Phrase, Term
from engine.policy.statement import Aggregate, BreakGlass, Condition, Policy, Requirement

Sentence = tuple[str, dict[str, Any]]

OF_BEFORE = (
    N_("'{name}' is no longer under {key}."), N_("{approval}: eligibility is judged at {new} instead of {old}."),
)  # fmt: skip
"""sentences that versions of before keep, so that they can still be said"""
_LIMIT = re.compile(r"(facts\.\w+) *(>=|>) *(\d+(?:\.\d+)?)")
_FULL = {"both": 2, "actor": 1, "principal": 1}


def weakening(old: Policy | None, new: Policy | None) -> list[Sentence]:
    """Why `new` asks less than `old`. None: there is no policy, before or afterwards."""
    if old is None:
        return []
    if new is None:
        return [(N_("{policy} is no longer in force."), {"policy": Term("policy", old.id)})]
    return list(_differences(old, new))


def _differences(old: Policy, new: Policy) -> Iterator[Sentence]:
    if new.on != old.on:
        yield (
            N_("It speaks about {new} and no longer about {old}."),
            {"new": Term("class", new.on), "old": Term("class", old.on)},
        )
    if not _as_wide(old.when, new.when):
        yield _narrower(old.when, new.when)
    for need in old.approvals:
        yield from _approval(need, [found for found in new.approvals if found.approval == need.approval])
    for condition in old.conditions:
        yield from _condition(condition, new.conditions)
    for text, before, after in (
        (N_("An approver may be {role} now."), old.distinct, new.distinct),
        (N_("An approver need not be {role} any more."), old.same, new.same),
    ):  # fmt: skip
        for role in sorted(before - after):
            yield text, {"role": Term("role", role)}
    for fact in sorted(set(old.binds) - set(new.binds)):
        yield N_("An approval does not end any more when this changes: {fact}."), {"fact": Term("fact", fact)}
    yield from _aggregate(old.aggregate, new.aggregate)
    if new.batch and not old.batch:
        yield N_("The approval may be given from a list."), {}
    if new.elsewhere and not old.elsewhere:
        yield N_("The approval may stem from another process."), {}
    yield from _glass(old.break_glass, new.break_glass)


def _approval(old: Requirement, candidates: list[Requirement]) -> Iterator[Sentence]:
    """The differences to the requirement that comes nearest."""
    found = [list(_requirement(old, new)) for new in candidates]
    if not found:
        yield N_("The approval {approval} is no longer asked for."), {"approval": Term("capability", old.approval)}
    elif all(found):
        yield from min(found, key=len)


def _requirement(old: Requirement, new: Requirement) -> Iterator[Sentence]:
    named = {"approval": Term("capability", old.approval)}
    if new.people < old.people:
        yield N_("{approval}: {new} people instead of {old}."), named | {"new": new.people, "old": old.people}
    if not _as_wide(old.when, new.when):
        text, facts = _narrower(old.when, new.when)
        yield text, named | facts
    if old.eligible not in (None, new.eligible):
        yield (
            N_("{approval}: who is eligible is judged by {new} instead of {old}."),
            named | {"new": _said(new.eligible), "old": _said(old.eligible)},
        )
    if new.effective_actor != old.effective_actor and _FULL[new.effective_actor] <= _FULL[old.effective_actor]:
        yield N_("{approval}: substitute and principal need no longer both be eligible."), named
    if new.recheck not in (old.recheck, "both"):
        yield (
            N_("{approval}: whether somebody is entitled is asked {new}, before {old}."),
            named | {"new": Term("recheck", new.recheck), "old": Term("recheck", old.recheck)},
        )
    if new.valid_for > old.valid_for:
        yield (
            N_("{approval}: counts for {new} instead of {old}."),
            named | {"new": _span(new.valid_for), "old": _span(old.valid_for)},
        )
    if new.uses != old.uses and new.uses != "once":
        yield N_("{approval}: counts for several payments."), named


def _condition(old: Condition, candidates: tuple[Condition, ...]) -> Iterator[Sentence]:
    named = {"condition": _said(old.expression)}
    found = [new for new in candidates if new.expression == old.expression]
    if not found:
        yield N_("No longer asked for: {condition}."), named
        return
    if any(new.otherwise is None for new in found):
        return
    if old.otherwise is None:
        yield N_("An approval may stand in the place of: {condition}."), named
        return
    yield from _approval(old.otherwise, [new.otherwise for new in found if new.otherwise is not None])


def _aggregate(old: Aggregate | None, new: Aggregate | None) -> Iterator[Sentence]:
    if old is None:
        return
    if new is None or (new.total, new.name) != (old.total, old.name) or not set(new.by) <= set(old.by):
        yield N_("Split payments are no longer added up as before."), {}
    elif new.window < old.window:
        facts = {"new": _span(new.window), "old": _span(old.window)}
        yield N_("Split payments are added up over {new} instead of {old}."), facts


def _glass(old: BreakGlass | None, new: BreakGlass | None) -> Iterator[Sentence]:
    if new is None:
        return
    if old is None:
        yield N_("Two people may do without the approvals in an emergency."), {}
        return
    if not set(new.roles) <= set(old.roles):
        more = Listed(Term("group", role) for role in sorted(set(new.roles) - set(old.roles)))
        yield N_("More roles may do without the approvals in an emergency: {roles}."), {"roles": more}
    if new.expires > old.expires:
        facts = {"new": _span(new.expires), "old": _span(old.expires)}
        yield N_("An emergency counts for {new} instead of {old}."), facts
    if not set(old.notify) <= set(new.notify):
        yield N_("Fewer people are told of an emergency."), {}


def _as_wide(old: str | None, new: str | None) -> bool:
    """Whether `new` surely applies wherever `old` does."""
    if new is None or new == old:
        return True
    before, after = (None if text is None else _LIMIT.fullmatch(text) for text in (old, new))
    if before is None or after is None or before[1] != after[1]:
        return False
    low, high = Decimal(after[3]), Decimal(before[3])
    return low < high or (low == high and (after[2] == ">=" or before[2] == ">"))


def _narrower(old: str | None, new: str | None) -> Sentence:
    if old is None:
        return N_("It applies only when {new}, before always."), {"new": _said(new)}
    return N_("It applies only when {new}, before when {old}."), {"new": _said(new), "old": _said(old)}


def _said(expression: str | None) -> str:
    return "-" if expression is None else Term("condition", expression)


def _span(length: timedelta) -> Phrase:
    """In days, or in hours or minutes where it is no whole number of them."""
    for text, unit in ((N_("{n} days"), timedelta(days=1)), (N_("{n} hours"), timedelta(hours=1))):
        if not length % unit:
            return Phrase(text, n=length // unit)
    return Phrase(N_("{n} minutes"), n=length // timedelta(minutes=1))

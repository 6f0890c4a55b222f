"""What a new statement asks less than the old one: each difference is a sentence. No sentence: the new one implies it.

Only what is surely as strong is let pass: a condition that reads differently counts as narrower unless it is a limit
that was lowered.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.errors import N_
from engine.policy.statement import Aggregate, BreakGlass, Condition, Policy, Requirement

Sentence = tuple[str, dict[str, Any]]

_LIMIT = re.compile(r"(facts\.\w+) *(>=|>) *(\d+(?:\.\d+)?)")
_FULL = {"both": 2, "actor": 1, "principal": 1}


def weakening(old: Policy | None, new: Policy | None) -> list[Sentence]:
    """Why `new` asks less than `old`. None: there is no policy, before or afterwards."""
    if old is None:
        return []
    if new is None:
        return [(N_("{policy} is no longer in force."), {"policy": old.id})]
    return list(_differences(old, new))


def _differences(old: Policy, new: Policy) -> Iterator[Sentence]:
    if new.on != old.on:
        yield N_("It speaks about {new} and no longer about {old}."), {"new": new.on, "old": old.on}
    if not _as_wide(old.when, new.when):
        yield _narrower(old.when, new.when)
    for need in old.approvals:
        yield from _approval(need, [found for found in new.approvals if found.approval == need.approval])
    for condition in old.conditions:
        yield from _condition(condition, new.conditions)
    for key, before, after in (
        ("distinct", old.distinct, new.distinct), ("same", old.same, new.same),
        ("binds", frozenset(old.binds), frozenset(new.binds)),
    ):  # fmt: skip
        for name in sorted(before - after):
            yield N_("'{name}' is no longer under {key}."), {"name": name, "key": key}
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
        yield N_("The approval {approval} is no longer asked for."), {"approval": old.approval}
    elif all(found):
        yield from min(found, key=len)


def _requirement(old: Requirement, new: Requirement) -> Iterator[Sentence]:
    named = {"approval": old.approval}
    if new.people < old.people:
        yield N_("{approval}: {new} people instead of {old}."), named | {"new": new.people, "old": old.people}
    if not _as_wide(old.when, new.when):
        text, facts = _narrower(old.when, new.when)
        yield text, named | facts
    if old.eligible not in (None, new.eligible):
        yield (
            N_("{approval}: who is eligible is judged by {new} instead of {old}."),
            named | {"new": new.eligible or "-", "old": old.eligible},
        )
    if new.effective_actor != old.effective_actor and _FULL[new.effective_actor] <= _FULL[old.effective_actor]:
        yield N_("{approval}: substitute and principal need no longer both be eligible."), named
    if new.recheck not in (old.recheck, "both"):
        yield (
            N_("{approval}: eligibility is judged at {new} instead of {old}."),
            named | {"new": new.recheck, "old": old.recheck},
        )
    if new.valid_for > old.valid_for:
        yield (
            N_("{approval}: counts for {new} instead of {old}."),
            named | {"new": str(new.valid_for), "old": str(old.valid_for)},
        )
    if new.uses != old.uses and new.uses != "once":
        yield N_("{approval}: counts for several payments."), named


def _condition(old: Condition, candidates: tuple[Condition, ...]) -> Iterator[Sentence]:
    named = {"condition": old.expression}
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
        facts = {"new": str(new.window), "old": str(old.window)}
        yield N_("Split payments are added up over {new} instead of {old}."), facts


def _glass(old: BreakGlass | None, new: BreakGlass | None) -> Iterator[Sentence]:
    if new is None:
        return
    if old is None:
        yield N_("Two people may do without the approvals in an emergency."), {}
        return
    if not set(new.roles) <= set(old.roles):
        more = ", ".join(sorted(set(new.roles) - set(old.roles)))
        yield N_("More roles may do without the approvals in an emergency: {roles}."), {"roles": more}
    if new.expires > old.expires:
        facts = {"new": str(new.expires), "old": str(old.expires)}
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
    return N_("It applies only when {new}, before when {old}."), {"new": new or "-", "old": old or N_("always")}

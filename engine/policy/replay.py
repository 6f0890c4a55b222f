"""A recorded log of any system held against a policy: which of its payments had no live approval."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from engine import feel
from engine.errors import N_, InvalidPolicy, Phrase, Term
from engine.policy import written
from engine.policy.recorded import Log
from engine.policy.statement import CLASSES, STATE, Policy, Requirement

_KEYS = frozenset(("case", "time", "activity", "person", "facts", "approvals", "rejections", "operation"))
_NEEDED = frozenset(("case", "time", "activity", "approvals", "operation"))

Reason = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the columns of a log mean. Activities are patterns as in file names (`Declaration REJECTED by *`)."""

    case: str
    time: str
    activity: str
    operation: tuple[str, ...]
    """activities that are the guarded operation"""
    approvals: Mapping[str, tuple[str, ...]]
    """capability -> activities that give it"""
    rejections: tuple[str, ...] = ()
    """activities after which no approval before them counts"""
    person: str = ""
    """column that tells people apart; without it every approval is another person's"""
    facts: Mapping[str, str] = field(default_factory=dict)
    """fact -> column; numbers are read as such"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One operation of a log. `reasons`: why the policy was not fulfilled, as (template, facts); empty: it was."""

    case: str
    at: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """What a log says under a policy."""

    cases: int
    events: int
    judged: tuple[Judged, ...]
    unmatched: tuple[str, ...]
    """activities of the reading that no event has"""

    @property
    def operations(self) -> int:
        """How many were judged."""
        return len(self.judged)

    @property
    def flagged(self) -> tuple[Judged, ...]:
        """Those for which the policy was not fulfilled."""
        return tuple(one for one in self.judged if one.reasons)


def read_mapping(text: str) -> Reading:
    """The YAML that says what the columns of a log mean. Raises InvalidPolicy."""
    plain = written.load(text)
    if not isinstance(plain, dict) or not _NEEDED <= set(plain) <= _KEYS:
        found = ", ".join(map(str, plain)) if isinstance(plain, dict) else type(plain).__name__
        raise InvalidPolicy(
            policy="?", expected=Phrase(N_("some of {known}"), known=", ".join(sorted(_KEYS))), found=found
        )
    approvals, facts = plain["approvals"], plain.get("facts", {})
    if not isinstance(approvals, dict) or not approvals or not isinstance(facts, dict):
        raise InvalidPolicy(
            policy="?", expected=Phrase("{shape}", shape="approvals: {capability: [activity]}"), found=str(approvals)
        )
    return Reading(
        case=str(plain["case"]), time=str(plain["time"]), activity=str(plain["activity"]),
        operation=_patterns(plain["operation"]),
        approvals={str(name): _patterns(given) for name, given in approvals.items()},
        rejections=_patterns(plain.get("rejections", [])), person=str(plain.get("person", "")),
        facts={str(name): str(column) for name, column in facts.items()},
    )  # fmt: skip


def replay(policy: Policy, reading: Reading, log: Log) -> Audit:
    """Hold every operation of a recorded log against `policy`.

    Events of one case are taken by time, those of the same moment as they stand. An approval counts for one operation,
    as long as the policy says, until something is rejected; conditions of the policy on facts that the log does not
    carry count as fulfilled ("applies").
    Approvals of events that name no person are one person's. Evidence, state and duties cannot be read from a log and
    are not judged.
    Raises InvalidPolicy for a column that is missing, a fact that the class does not have, and a time or number that
    cannot be read.
    """
    _check_facts(policy, reading)
    wanted = {reading.case, reading.time, reading.activity, *reading.facts.values()} | (
        {reading.person} if reading.person else set()
    )
    if not wanted <= set(log.columns):
        expected = Phrase(N_("columns {columns}"), columns=", ".join(sorted(wanted)))
        raise InvalidPolicy(policy=policy.id, expected=expected, found=", ".join(log.columns))
    cases: dict[str, list[tuple[datetime, Mapping[str, str]]]] = {}
    for number, row in log.rows:
        for column in (reading.case, reading.activity):
            if not row.get(column):
                expected = Phrase(N_("{place}: a value of {column}"), place=log.place(number), column=column)
                raise InvalidPolicy(policy=policy.id, expected=expected, found=N_("none"))
        at = _moment(row.get(reading.time))
        if at is None:
            expected = Phrase(
                N_("{place}: a time with its zone, such as 2017-01-09T09:49:50+01:00"), place=log.place(number)
            )
            raise InvalidPolicy(policy=policy.id, expected=expected, found=row.get(reading.time) or N_("none"))
        cases.setdefault(row[reading.case], []).append((at, row))
    found = [
        line
        for name, events in cases.items()
        for line in _case(policy, reading, name, sorted(events, key=lambda e: e[0]))
    ]
    return Audit(
        len(cases), sum(map(len, cases.values())), tuple(found),
        _unmatched(reading, {row[reading.activity] for _, row in log.rows}),
    )  # fmt: skip


def _check_facts(policy: Policy, reading: Reading) -> None:
    if policy.on not in CLASSES:
        return
    known = {*CLASSES[policy.on], *STATE.get(policy.on, {})}
    unknown = sorted(reading.facts.keys() - known - ({policy.aggregate.name} if policy.aggregate else set()))
    if unknown:
        expected = Phrase(N_("facts of {on} ({known})"), on=policy.on, known=", ".join(sorted(known)))
        raise InvalidPolicy(policy=policy.id, expected=expected, found=", ".join(unknown))


def _unmatched(reading: Reading, activities: set[str]) -> tuple[str, ...]:
    given = (pattern for patterns in reading.approvals.values() for pattern in patterns)
    patterns = dict.fromkeys((*reading.operation, *given, *reading.rejections))
    return tuple(one for one in patterns if not any(fnmatchcase(activity, one) for activity in activities))


def _case(
    policy: Policy, reading: Reading, name: str, events: Sequence[tuple[datetime, Mapping[str, str]]]
) -> Iterator[Judged]:
    live: dict[str, dict[str, datetime]] = {}
    for position, (at, row) in enumerate(events):
        activity = row[reading.activity]
        if _is(activity, reading.rejections):
            live.clear()
        for capability, given in reading.approvals.items():
            if _is(activity, given):
                who = row.get(reading.person, "") if reading.person else str(position)
                live.setdefault(capability, {})[who] = at
        if _is(activity, reading.operation):
            facts = {fact: _value(policy, row[column]) for fact, column in reading.facts.items()
                     if row.get(column) is not None}  # fmt: skip
            yield Judged(name, at, tuple(_reasons(policy, live, facts, at)))
            for need in policy.approvals:
                if need.uses == "once":
                    live.pop(need.approval, None)


def _reasons(
    policy: Policy, live: Mapping[str, Mapping[str, datetime]], facts: Mapping[str, Any], at: datetime
) -> Iterator[Reason]:
    if not _applies(policy.when, facts, at):
        return
    for need in policy.approvals:
        if _applies(need.when, facts, at):
            yield from _missing(need, live.get(need.approval, {}), at)


def _missing(need: Requirement, given: Mapping[str, datetime], at: datetime) -> Iterator[Reason]:
    valid = [one for one in given.values() if at - one <= need.valid_for]
    if len(valid) >= need.people:
        return
    facts = {"capability": Term("capability", need.approval), "needed": need.people, "found": len(valid)}
    if len(given) >= need.people:
        yield N_("{capability}: the approval had expired."), facts
    else:
        yield N_("{capability}: {needed} needed, {found} given and not rejected since."), facts


def _applies(condition: str | None, facts: Mapping[str, Any], at: datetime) -> bool:
    if condition is None:
        return True
    value = feel.compile(condition, names=("facts",)).evaluate({"facts": dict(facts)}, now=at).value
    return value is not False


def _is(activity: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(activity, pattern) for pattern in patterns)


def _patterns(found: Any) -> tuple[str, ...]:
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidPolicy(policy="?", expected=N_("a list of activities"), found=str(found))
    return tuple(found)


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if found.tzinfo is None else found


def _value(policy: Policy, text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        raise InvalidPolicy(policy=policy.id, expected=N_("a number"), found=text)
    return number

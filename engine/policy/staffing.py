"""Whether there are people for a policy: today, with one of them away, with a department away; and who is alone."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from math import prod
from typing import Any
from uuid import UUID

from engine import dmn, identity
from engine.db.instance import Instance
from engine.errors import N_, Listed, Phrase, Term, Title
from engine.identity import Everybody, User
from engine.operations import Facts
from engine.policy import gate, grants, judging, versions
from engine.policy.asking import Asked, Asking, Way, anywhere
from engine.policy.holding import Hold
from engine.policy.limits import limits
from engine.policy.oneself import by_himself
from engine.policy.quorums import Votes
from engine.policy.statement import Policy, Requirement
from engine.policy.weakening import Sentence
from engine.unit_of_work import UnitOfWork

KINDS = ("nobody", "cut", "data", "away", "department", "own", "self")
UNKNOWN = ("data", "cut")
"""kinds that say what was not looked at: nothing that gets better or worse"""
LONGEST_MARK = 400
MOST_NAMED = 3
"""requesters that a sentence names"""
MOST_CASES = 96
"""combinations of limits of one policy that are looked at; where there are more, it is said"""


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is to be said of one policy. `kind`: nobody | away | department | own | self, and what is not known:
    data | cut.

    `processes`: keys of those in which it is so; empty: wherever it is asked for. `element`: the task in it, where it
    is about one.
    """

    policy: str
    kind: str
    sentence: Sentence
    people: tuple[UUID, ...] = ()
    processes: tuple[str, ...] = ()
    element: str | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """What makes two findings the same, however they are worded: an amount in it may change. One for a process."""
        facts = self.sentence[1]
        about = {"nobody": "approval", "department": "department"}.get(self.kind)
        of = " ".join(str(key) for key in self.people) if about is None else str(facts[about])
        mark = f"{self.policy} {self.kind} {of}"
        return tuple(f"{mark} in {key}"[-LONGEST_MARK:] for key in self.processes) or (mark,)

    def since(self, seen: Mapping[str, datetime]) -> datetime | None:
        """When it was first seen; None: no look has seen it yet."""
        return min((seen[mark] for mark in self.marks if mark in seen), default=None)


def staffing(
    uow: UnitOfWork, askings: Sequence[Asking] = (), names: Collection[str] | None = None,
    kinds: Collection[str] = KINDS, models: Mapping[str, dmn.Model] | None = None,
) -> list[Staffing]:  # fmt: skip
    """Sentences about the policies in force and the people of today; empty: nobody is indispensable or alone.

    `askings`: the processes. Each that provides one of the approvals is looked at by itself; what it does not provide
    may be given in any other, what nobody provides by anybody. The cases are the amounts at which a policy asks for
    other approvals or people. `names`: only these policies; `kinds`: only these. `models`: by decision, in the place of
    deployed ones.
    """
    everybody = identity.everybody(uow)
    wanted = [one for one in versions.in_force(uow) if names is None or one.id in names]
    with judging.trying(uow, models or {}):
        looks = [_Look(uow, policy, everybody, askings) for policy in wanted]
        return [one for look in looks for one in look.said(kinds)]


def asks_of(policy: Policy, decisions: Collection[str]) -> bool:
    """Whether one of these decisions says who is entitled, or when."""
    texts = (policy.when, *(text for need in policy.asked for text in (need.when, need.eligible)))
    return any(not judging.tables(text).isdisjoint(decisions) for text in texts)


def able(
    uow: UnitOfWork, hold: Hold, instance: Instance, askings: Sequence[Asking]
) -> dict[str, list[User]]:  # fmt: skip
    """Approvals that a held operation of `instance` lacks -> people of today whose yes would count, by name.

    `askings`: the processes in which they may be given; that of the request comes first.
    """
    everybody = identity.everybody(uow)
    lacking = frozenset[str]().union(*(one.unanswered for one in gate.unanswered(uow, hold, instance)))
    document = grants.document(uow, hold.subject_type, hold.subject_id)
    roles = grants.roles_of(uow, document, instance.starter_id, [instance.id])
    own = [one for one in askings if one.key == instance.process_key]
    found: dict[str, list[User]] = {}
    for policy in (one for one in versions.in_force(uow) if one.on == hold.operation_class):
        look = _Look(uow, policy, everybody, ())
        for need in (one for one in policy.asked if one.approval in lacking):
            within = [one for one in own if need.approval in one.approvals] or askings
            asked = anywhere(within, need.approval, instance.starter_id)
            accounts = look.entitled(need, document.facts)
            people = [look.people[key] for key in (accounts if asked is None else accounts & asked)]
            known = found.get(need.approval, people)
            found[need.approval] = sorted(
                (one for one in people if one in known and grants.barring(roles, policy, (one.person_id,)) is None),
                key=lambda one: one.name,
            )
    return found


Able = tuple[tuple[Requirement, frozenset[UUID]], ...]
"""each approval that is needed, with the persons whose yes would count"""
Key = tuple[Any, ...]
"""what makes two findings about one policy the same, whatever the case"""


class _Look:
    """One policy and the people of today. Persons count, not accounts."""

    def __init__(self, uow: UnitOfWork, policy: Policy, everybody: Everybody, askings: Sequence[Asking]) -> None:
        self.uow = uow
        self.policy = policy
        self.everybody = everybody
        self.people = {user.id: user for user in everybody.people if user.person_id is not None}
        self.named = {user.person_id: user.title for user in self.people.values()}
        self.person_of = {key: user.person_id for key, user in self.people.items()}
        self.anywhere = {need.approval: anywhere(askings, need.approval) for need in policy.approvals}
        self.askings = [one for one in askings if not one.approvals.isdisjoint(self.anywhere)]
        self.departments = _departments(everybody)
        self._classes: dict[frozenset[str], Collection[tuple[Mapping[str, Any], list[UUID]]]] = {}
        self._everywhere: dict[frozenset[UUID], frozenset[UUID]] = {}
        self.limits = [(name, _around(found)) for name, found in sorted(limits(uow, policy).items())]

    def said(self, kinds: Collection[str]) -> Iterator[Staffing]:
        """Each thing once, for the first case in which it is so, with the processes in which it is."""
        cases: dict[Able, list[Phrase | Listed]] = {}
        for (when, facts), needed in self._cases():
            cases.setdefault(tuple((need, self.entitled(need, facts)) for need in needed), []).append(when)
        found: dict[tuple[Key, str], tuple[Staffing, list[Asking]]] = {}
        for asking in self.askings or [_UNKNOWN]:
            for key, one in self._of_process(asking, cases):
                told = one.sentence[0].format(**one.sentence[1])
                found.setdefault((key, told), (one, []))[1].append(asking)
        for one, processes in found.values():
            if one.kind in kinds:
                yield one if len(processes) == len(self.askings or [_UNKNOWN]) else _within(one, processes)
        if "self" in kinds:
            entitled = {need: frozenset[UUID]().union(*(dict(able).get(need, frozenset()) for able in cases))
                        for able in cases for need, _ in able}  # fmt: skip
            for sentence, people in by_himself(self.uow, self.policy, self.everybody, self.askings, entitled):
                yield Staffing(self.policy.id, "self", sentence, people)
        if "data" in kinds:
            yield from self._on_data()
        if "cut" in kinds:
            yield from self._cut_off()

    def _of_process(
        self, asking: Asking, cases: Mapping[Able, Sequence[Phrase | Listed]]
    ) -> Iterator[tuple[Key, Staffing]]:  # fmt: skip
        """What is so in all its ways as such, else for whom and where."""
        many = sum(map(len, cases.values()))
        found: dict[tuple[Key, str], tuple[Staffing, list[Way]]] = {}
        for way in asking.ways:
            alone = self._alone(way) if len(asking.ways) > 1 else None
            votes = self._votes(way)
            said: dict[Key, tuple[Staffing, int]] = {}
            for entitled, when in cases.items():
                for key, one in self._of_case(when[0], entitled, way, votes, alone):
                    first, so_far = said.get(key, (one, 0))
                    said[key] = (first, so_far + len(when))
            for key, (one, so_far) in said.items():
                one = one if so_far < many else _when(one, Phrase(N_("always")))
                found.setdefault((key, str(one.sentence[1]["when"])), (one, []))[1].append(way)
        for (key, _), (one, ways) in found.items():
            yield key, one if len(ways) == len(asking.ways) else self._for(one, ways, asking)

    def _of_case(
        self, when: Phrase | Listed, entitled: Able, way: Way, votes: Mapping[str, Votes], alone: UUID | None
    ) -> Iterator[tuple[Key, Staffing]]:  # fmt: skip
        """`votes`: of its tasks that several have to agree to; `alone`: the person for whom alone it is the way."""
        facts: dict[str, Any] = {"policy": Term("policy", self.policy.id), "when": when}
        needed = [need for need, _ in entitled]
        able = self._able(entitled, way.people, alone)
        counted = [(need, votes[need.approval]) for need in needed if need.approval in votes]
        few = next(((need, one) for need, one in counted if not one.agree()), None)
        chosen = _fits(needed, able) if few is None else None
        if chosen is None and alone is not None:
            yield ("own", alone), self._own(facts, alone)
            return
        if few is not None:
            text, said = few[1].short(few[0].approval)
            yield ("nobody", few[0]), Staffing(self.policy.id, "nobody", (text, facts | said))
            return
        if chosen is None:
            short = next((need for need in needed if len(able[need]) < need.people), needed[0])
            text = N_("{policy}, {when}: {needed} people must give {approval}, {found} can.")
            facts |= {"approval": Term("capability", short.approval), "needed": short.people, "found": len(able[short])}
            yield ("nobody", short), Staffing(self.policy.id, "nobody", (text, facts))
            return
        weighty = frozenset[UUID]().union(chosen, *(one.indispensable for _, one in counted if one.weighed))
        # whoever else is away leaves those who were chosen, and enough to agree
        looked_at = weighty.union(*(one.indispensable for _, one in counted))

        def is_missed(away: frozenset[UUID]) -> bool:
            return any(not one.agree(away) for _, one in counted) or _fits(needed, able, away) is None

        missed: list[UUID] = []
        for person in sorted(looked_at):
            if is_missed(frozenset((person,))):
                text = N_("{policy}, {when}: if {who} is away, nobody can approve.")
                named = facts | {"who": self.named[person]}
                missed.append(person)
                yield ("away", person), Staffing(self.policy.id, "away", (text, named), (person,))
            if person in weighty and not self._fits_without(person, entitled, way):
                yield ("own", person), self._own(facts, person)
        alone_missed = frozenset(missed) if way.requesters is not None else frozenset[UUID]()
        for unit in self._smallest(looked_at.union(*(one.people for _, one in counted)), alone_missed, is_missed):
            text = N_("{policy}, {when}: if the whole of {department} is away, nobody can approve.")
            named = facts | {"department": self.everybody.units[unit].title}
            people = tuple(self.departments[unit])
            yield ("department", unit), Staffing(self.policy.id, "department", (text, named), people)

    def _smallest(
        self, persons: Collection[UUID], alone: frozenset[UUID], is_missed: Callable[[frozenset[UUID]], bool]
    ) -> Iterator[UUID]:  # fmt: skip
        """Departments of more than one that are missed, and nothing below them is, nor somebody who is missed alone."""
        above = set[UUID]()
        for unit, members in self.departments.items():
            if unit in above or members.isdisjoint(persons) or not is_missed(members):
                continue
            above |= self.everybody.above(unit)
            if len(members) > 1 and members.isdisjoint(alone):
                yield unit

    def _fits_without(self, requester: UUID, entitled: Able, way: Way) -> bool:
        """Whether others can approve what one of those who are asked asks for himself."""
        instead = way.instead(requester)
        if instead is None:
            return True
        able, votes = self._able(entitled, instead.people, requester), self._votes(instead)
        return _fits(list(able), able) is not None and all(
            votes[need.approval].agree() for need in able if need.approval in votes
        )

    def _votes(self, way: Way) -> dict[str, Votes]:
        """Of its tasks that several have to agree to."""
        return {approval: Votes(one, self.person_of) for approval, one in way.quorums.items()}

    def _own(self, facts: Mapping[str, Any], requester: UUID) -> Staffing:
        text = N_("{policy}, {when}: what {who} asks for, nobody can approve.")
        named = {**facts, "who": self.named[requester]}
        return Staffing(self.policy.id, "own", (text, named), (requester,))

    def _alone(self, way: Way) -> UUID | None:
        if way.requesters is None or len(way.requesters) != 1:
            return None
        [account] = way.requesters
        return self.people[account].person_id

    def _able(
        self, entitled: Able, asked: Mapping[str, Asked], requester: UUID | None
    ) -> dict[Requirement, frozenset[UUID]]:  # fmt: skip
        barred = {requester} if "requester" in self.policy.apart else set()
        return {need: self._asked(people, asked.get(need.approval, self.anywhere[need.approval])) - barred
                for need, people in entitled}  # fmt: skip

    def _for(self, one: Staffing, ways: Sequence[Way], asking: Asking) -> Staffing:
        """Said of these ways only: who asks then, and whom the process asks of several."""
        requesters, everybody = (
            frozenset[UUID]().union(*(way.requesters or () for way in found)) for found in (ways, asking.ways)
        )
        cases = list(dict.fromkeys(way.case for way in ways if way.case is not None))
        if requesters != everybody and one.kind != "own":
            text, facts = one.sentence
            one = replace(one, sentence=(text, facts | {"when": self._asked_for(facts["when"], requesters)}))
        if cases:
            when = Phrase(N_("{when}, {cases}"), when=one.sentence[1]["when"], cases=Listed(cases))
            one = _when(one, when)
        return one

    def _asked_for(self, when: Any, requesters: Collection[UUID]) -> Phrase:
        names = sorted(self.people[one].title for one in requesters)
        first = Listed(names[:MOST_NAMED])
        if len(names) == len(first.parts):
            return Phrase(N_("{when}, asked for by {requesters}"), when=when, requesters=first)
        more = len(names) - len(first.parts)
        return Phrase(N_("{when}, asked for by {requesters} and {n} more"), when=when, requesters=first, n=more)

    def _on_data(self) -> Iterator[Staffing]:
        """Whom nobody can tell beforehand."""
        text = N_("{policy}, {process}: whom “{task}” asks depends on data: {data}. It counts as anybody entitled.")
        for asking in self.askings:
            for one in asking.depends:
                if one.approval in self.anywhere:
                    facts = {"policy": Term("policy", self.policy.id), "process": asking.name, "task": one.task,
                             "data": one.data}  # fmt: skip
                    yield Staffing(self.policy.id, "data", (text, facts), (), (asking.key,), one.element)

    def _cases(self) -> Iterator[tuple[tuple[Phrase | Listed, Facts], list[Requirement]]]:
        """(words, facts) and what is asked there."""
        for values in self._samples():
            facts = Facts({name: str(value) for name, value in values.items()})
            sums = {} if self.policy.aggregate is None else {
                self.policy.aggregate.name: values.get(self.policy.aggregate.name,
                                                       values.get(self.policy.aggregate.total)),
            }  # fmt: skip
            if judging.holds(self.uow, self.policy.on, self.policy.when, facts, sums=sums) is False:
                continue
            needed = [need for need in self.policy.approvals
                      if judging.holds(self.uow, self.policy.on, need.when, facts, sums=sums) is not False]  # fmt: skip
            if needed:
                told = [
                    Phrase("{fact} {value}", fact=Term("fact", name), value=value) for name, value in values.items()
                ]
                yield (Listed(told) if told else Phrase(N_("always")), facts), needed

    def _samples(self) -> Iterator[dict[str, Decimal | str]]:
        """Facts below, at and above each amount, and with each text, that decides something."""
        for places in _spread([len(values) for _, values in self.limits], MOST_CASES):
            yield {name: values[place] for (name, values), place in zip(self.limits, places, strict=True)}

    def _cut_off(self) -> Iterator[Staffing]:
        many = prod(len(values) for _, values in self.limits)
        if many > MOST_CASES:
            text = N_("{policy}: of {many} combinations of {facts}, {looked} were looked at; the others may differ.")
            named = Listed(Term("fact", name) for name, _ in self.limits)
            facts = {"policy": Term("policy", self.policy.id), "many": many, "facts": named, "looked": MOST_CASES}
            yield Staffing(self.policy.id, "cut", (text, facts))

    def entitled(self, need: Requirement, facts: Facts) -> frozenset[UUID]:
        """Accounts whose yes would count."""
        found = set[UUID]()
        for actor, accounts in self._alike(judging.reads_of_actor(self.uow, need.eligible)):
            if judging.holds(self.uow, self.policy.on, need.eligible, facts, actor=actor) is True:
                found.update(accounts)
        return frozenset(found)

    def _alike(self, told_apart: frozenset[str]) -> Collection[tuple[Mapping[str, Any], list[UUID]]]:
        """Accounts that a condition cannot tell apart which reads this of them, with what it sees of one of them."""
        if told_apart not in self._classes:
            found: dict[tuple[str, ...], tuple[Mapping[str, Any], list[UUID]]] = {}
            for user in self.people.values():
                actor = judging.context_of(user, self.everybody.roles.get(user.id, ()))
                found.setdefault(tuple(str(actor[name]) for name in told_apart), (actor, []))[1].append(user.id)
            self._classes[told_apart] = found.values()
        return self._classes[told_apart]

    def _asked(self, entitled: frozenset[UUID], candidates: frozenset[UUID] | None) -> frozenset[UUID]:
        """The persons behind those of them that are asked."""
        if candidates is not None:
            return self._persons(entitled & candidates)
        if entitled not in self._everywhere:
            self._everywhere[entitled] = self._persons(entitled)
        return self._everywhere[entitled]

    def _persons(self, accounts: Iterable[UUID]) -> frozenset[UUID]:
        found = (self.people[one].person_id for one in accounts if one in self.people)
        return frozenset(person for person in found if person is not None)


def _around(found: Collection[Decimal | str]) -> list[Decimal | str]:
    amounts = sorted(value for value in found if isinstance(value, Decimal))
    above = [amount + 1 for amount in amounts]
    between = [min(one, (amount + after) / 2) for one, amount, after in zip(above, amounts, amounts[1:], strict=False)]
    near = {*amounts, *between, *above[-1:], *(amount - 1 for amount in amounts[:1])}
    return [*sorted(near), *sorted(value for value in found if isinstance(value, str))]


def _spread(sizes: Sequence[int], most: int) -> Iterable[tuple[int, ...]]:
    """Every combination of places, or of more than `most` those with each place beside the first and the last ones."""
    if prod(sizes) <= most:
        return product(*map(range, sizes))
    ends = [tuple(0 for _ in sizes), tuple(size - 1 for size in sizes)]
    shown = (
        (*beside[:way], place, *beside[way + 1 :])
        for beside in ends for way, size in enumerate(sizes) for place in range(size)
    )  # fmt: skip
    found = dict.fromkeys((*ends, *shown, *islice(product(*map(range, sizes)), most)))
    return sorted(islice(found, most))


def _departments(everybody: Everybody) -> dict[UUID, frozenset[UUID]]:
    """Who works in each or below it; those below come first. A department over others that holds everybody is none."""
    own: dict[UUID, set[UUID]] = {}
    for user in everybody.people:
        if user.org_unit_id is not None and user.person_id is not None:
            own.setdefault(user.org_unit_id, set()).add(user.person_id)
    found: dict[UUID, set[UUID]] = {}
    over = set[UUID]()
    for of, people in own.items():
        above = everybody.above(of)
        over |= above
        for unit in (of, *above):
            found.setdefault(unit, set()).update(people)
    depth = {unit: len(everybody.above(unit)) for unit in found}
    everywhere = set[UUID]().union(*found.values())
    return {
        unit: frozenset(found[unit]) for unit in sorted(found, key=lambda unit: -depth[unit])
        if unit not in over or found[unit] != everywhere
    }  # fmt: skip


_UNKNOWN = Asking("", Title("", {}), (Way({}),))
"""no process provides any of it: whoever is entitled may be asked"""


def _within(one: Staffing, processes: Sequence[Asking]) -> Staffing:
    names = {process.key: process.name for process in processes}
    when = Phrase(N_("{when}, in {processes}"), when=one.sentence[1]["when"], processes=Listed(names.values()))
    return replace(_when(one, when), processes=tuple(names))


def _when(one: Staffing, when: Phrase) -> Staffing:
    text, facts = one.sentence
    return replace(one, sentence=(text, facts | {"when": when}))


def _fits(
    needed: Sequence[Requirement], able: Mapping[Requirement, frozenset[UUID]], away: frozenset[UUID] = frozenset()
) -> Collection[UUID] | None:  # fmt: skip
    """People of whom every place gets one of its own; None: there are not enough."""
    places = [need for need in needed for _ in range(need.people)]
    taken: dict[UUID, int] = {}

    def place(index: int, tried: set[UUID]) -> bool:
        for person in able[places[index]]:
            if person in away or person in tried:
                continue
            tried.add(person)
            if person not in taken or place(taken[person], tried):
                taken[person] = index
                return True
        return False

    return taken if all(place(index, set()) for index in range(len(places))) else None

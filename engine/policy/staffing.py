"""Whether there are people for a policy: today, with one of them away, with a department away; and who is alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from typing import Any
from uuid import UUID

from engine import identity
from engine.db.instance import Instance
from engine.errors import N_, Listed, Phrase, Term, Title
from engine.identity import Everybody, User
from engine.operations import Facts
from engine.policy import gate, grants, judging, versions
from engine.policy.holding import Hold
from engine.policy.limits import limits
from engine.policy.statement import Policy, Requirement, numbers
from engine.policy.weakening import Sentence
from engine.unit_of_work import UnitOfWork

KINDS = ("nobody", "away", "department", "own", "self")
LONGEST_MARK = 400
MOST_CASES = 96
"""cases of one policy that are looked at"""


@dataclass(frozen=True, slots=True)
class Asking:
    """A process. `people`: capability that it provides -> accounts that it asks for it; None: it may be anybody."""

    key: str
    name: Title
    people: Mapping[str, frozenset[UUID] | None]


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is to be said of one policy. `kind`: nobody | away | department | own | self.

    `processes`: keys of those in which it is so; empty: wherever it is asked for.
    """

    policy: str
    kind: str
    sentence: Sentence
    people: tuple[UUID, ...] = ()
    processes: tuple[str, ...] = ()

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
    kinds: Collection[str] = KINDS,
) -> list[Staffing]:  # fmt: skip
    """Sentences about the policies in force and the people of today; empty: nobody is indispensable or alone.

    `askings`: the processes. Each that provides one of the approvals is looked at by itself; what it does not provide
    may be given in any other, what nobody provides by anybody. The cases are the amounts at which a policy asks for
    other approvals or people. `names`: only these policies; `kinds`: only these.
    """
    everybody = identity.everybody(uow)
    wanted = [one for one in versions.in_force(uow) if names is None or one.id in names]
    looks = [_Look(uow, policy, everybody, askings) for policy in wanted]
    return [one for look in looks for one in look.said(kinds) if one.kind in kinds]


def able(
    uow: UnitOfWork, hold: Hold, instance: Instance, askings: Sequence[Asking]
) -> dict[str, list[User]]:  # fmt: skip
    """Approvals that a held operation of `instance` lacks -> people of today whose yes would count, by name.

    `askings`: the processes in which they may be given; that of the request comes first.
    """
    everybody = identity.everybody(uow)
    lacking = gate.unanswered(uow, hold, instance)
    document = grants.document(uow, hold.subject_type, hold.subject_id)
    roles = grants.roles_of(uow, document, instance.starter_id, [instance.id])
    own = [one for one in askings if one.key == instance.process_key]
    found: dict[str, list[User]] = {}
    for policy in (one for one in versions.in_force(uow) if one.on == hold.operation_class):
        look = _Look(uow, policy, everybody, ())
        for need in (one for one in policy.asked if one.approval in lacking):
            within = [one for one in own if need.approval in one.people] or askings
            asked = _anywhere(within, need.approval)
            accounts = look.entitled(need, document.facts)
            people = [look.people[key] for key in (accounts if asked is None else accounts & asked)]
            known = found.get(need.approval, people)
            found[need.approval] = sorted(
                (one for one in people if one in known and grants.barring(roles, policy, (one.person_id,)) is None),
                key=lambda one: one.name,
            )
    return found


Candidates = tuple[frozenset[UUID] | None, ...]
"""Of each approval of a policy: the accounts that are asked; None: everybody."""


class _Look:
    """One policy and the people of today. Persons count, not accounts."""

    def __init__(self, uow: UnitOfWork, policy: Policy, everybody: Everybody, askings: Sequence[Asking]) -> None:
        self.uow = uow
        self.policy = policy
        self.everybody = everybody
        self.people = {user.id: user for user in everybody.people if user.person_id is not None}
        self.asking: dict[Candidates, list[Asking]] = {}
        capabilities = [need.approval for need in policy.approvals]
        for one in askings:
            if not one.people.keys().isdisjoint(capabilities):
                asked = tuple(
                    one.people[name] if name in one.people else _anywhere(askings, name) for name in capabilities
                )
                self.asking.setdefault(asked, []).append(one)
        if not self.asking:
            self.asking[(None,) * len(capabilities)] = []

    def said(self, kinds: Collection[str]) -> Iterator[Staffing]:
        """Each thing once, for the first case in which it is so, with the processes in which it is."""
        cases = [
            (when, [(need, self.entitled(need, facts)) for need in needed]) for (when, facts), needed in self._cases()
        ]
        found: dict[tuple[Any, ...], tuple[Staffing, list[Asking]]] = {}
        for candidates, processes in self.asking.items():
            asked = dict(zip(self.policy.approvals, candidates, strict=True))
            said: dict[tuple[Any, ...], list[Staffing]] = {}
            for when, entitled in cases:
                able = {need: self._asked(people, asked[need]) for need, people in entitled}
                for key, one in self._of_case(when, list(able), able):
                    said.setdefault(key, []).append(one)
            for key, each in said.items():
                one = each[0] if len(each) < len(cases) else _when(each[0], Phrase(N_("always")))
                told = one.sentence[0].format(**one.sentence[1])
                found.setdefault((key, told), (one, []))[1].extend(processes)
        everywhere = sum(map(len, self.asking.values()))
        for one, processes in found.values():
            yield one if len(processes) == everywhere else _within(one, processes)
        if "self" in kinds:
            yield from self._by_himself()

    def _of_case(
        self, when: Phrase | Listed, needed: Sequence[Requirement], able: Mapping[Requirement, frozenset[UUID]]
    ) -> Iterator[tuple[tuple[Any, ...], Staffing]]:
        facts: dict[str, Any] = {"policy": Term("policy", self.policy.id), "when": when}
        chosen = _fits(needed, able)
        if chosen is None:
            short = next((need for need in needed if len(able[need]) < need.people), needed[0])
            text = N_("{policy}, {when}: {needed} people must give {approval}, {found} can.")
            facts |= {"approval": Term("capability", short.approval), "needed": short.people, "found": len(able[short])}
            yield ("nobody", short), Staffing(self.policy.id, "nobody", (text, facts))
            return
        for person in sorted(chosen):  # whoever else is away leaves those who were chosen
            if _fits(needed, able, frozenset((person,))) is None:
                named = facts | {"who": self._name(person)}
                text = N_("{policy}, {when}: if {who} is away, nobody can approve.")
                yield ("away", person), Staffing(self.policy.id, "away", (text, named), (person,))
                if "requester" in self.policy.apart:
                    text = N_("{policy}, {when}: what {who} asks for, nobody can approve.")
                    yield ("own", person), Staffing(self.policy.id, "own", (text, named), (person,))
        for unit, members in self._departments(chosen).items():
            if len(members) > 1 and _fits(needed, able, members) is None:
                text = N_("{policy}, {when}: if the whole of {department} is away, nobody can approve.")
                named = facts | {"department": self.everybody.units[unit].name}
                yield (
                    ("department", unit),
                    Staffing(self.policy.id, "department", (text, named), tuple(members)),
                )

    def _name(self, person: UUID) -> str:
        """As his last account is called."""
        return [user.name for user in self.people.values() if user.person_id == person][-1]

    def _departments(self, persons: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
        """Those in which one of these works, each with everybody there."""
        found: dict[UUID, set[UUID]] = {}
        for user in self.people.values():
            if user.org_unit_id is not None and user.person_id is not None:
                found.setdefault(user.org_unit_id, set()).add(user.person_id)
        return {unit: frozenset(members) for unit, members in found.items() if not members.isdisjoint(persons)}

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
        ways = [
            [(name, value) for value in _around(found)] for name, found in sorted(limits(self.uow, self.policy).items())
        ]
        for chosen in islice(product(*ways), MOST_CASES):
            yield dict(chosen)

    def entitled(self, need: Requirement, facts: Facts) -> frozenset[UUID]:
        """Accounts whose yes would count."""
        told_apart = judging.reads_of_actor(self.uow, need.eligible)
        entitled: dict[tuple[Any, ...], bool] = {}
        found = set[UUID]()
        for user in self.people.values():
            actor = judging.context_of(user, self.everybody.roles.get(user.id, ()))
            alike = tuple(str(actor[name]) for name in told_apart)
            if alike not in entitled:
                entitled[alike] = judging.holds(self.uow, self.policy.on, need.eligible, facts, actor=actor) is True
            if entitled[alike]:
                found.add(user.id)
        return frozenset(found)

    def _asked(self, entitled: frozenset[UUID], candidates: frozenset[UUID] | None) -> frozenset[UUID]:
        """The persons behind those of them that are asked."""
        accounts = entitled if candidates is None else entitled & candidates
        return frozenset(person for one in accounts if (person := self.people[one].person_id) is not None)

    def _by_himself(self) -> Iterator[Staffing]:
        """Who could approve what he asks for: because of his role, as a substitute, or as his own superior."""
        if "requester" in self.policy.apart:
            return
        entitled = [self.entitled(need, Facts(numbers(self.policy.on, {}))) for need in self.policy.approvals]
        able = frozenset[UUID]().union(
            *(self._asked(people, one) for asked in self.asking for people, one in zip(entitled, asked, strict=True))
        )
        by_role = N_("{policy}: {who} may approve what he asks for himself, by his role.")
        by_proxy = N_("{policy}: {who} may approve what he asks for himself, as the substitute of {principal}.")
        by_chain = N_("{policy}: {who} is asked for what he asks for himself, as head of his department.")
        acting = identity.acting(self.uow)
        for user in self.people.values():
            named = {"policy": Term("policy", self.policy.id), "who": user.name}
            if user.person_id in able:
                yield Staffing(self.policy.id, "self", (by_role, named), (user.id,))
            for held in acting.get(user.id, ()):
                principal = self.people.get(held.principal_id)
                if principal is not None and principal.person_id in able:
                    facts = named | {"principal": principal.name}
                    yield Staffing(self.policy.id, "self", (by_proxy, facts), (user.id, principal.id))
            if self.everybody.leads(user):
                yield Staffing(self.policy.id, "self", (by_chain, named), (user.id,))


def _around(found: Collection[Decimal | str]) -> list[Decimal | str]:
    amounts = sorted(value for value in found if isinstance(value, Decimal))
    above = [amount + 1 for amount in amounts]
    between = [min(one, (amount + after) / 2) for one, amount, after in zip(above, amounts, amounts[1:], strict=False)]
    near = {*amounts, *between, *above[-1:], *(amount - 1 for amount in amounts[:1])}
    return [*sorted(near), *sorted(value for value in found if isinstance(value, str))]


def _anywhere(askings: Sequence[Asking], capability: str) -> frozenset[UUID] | None:
    found = [one.people[capability] for one in askings if capability in one.people]
    return frozenset[UUID]().union(*(one for one in found if one is not None)) if found and None not in found else None


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

"""Whether there are people for a policy: today, with one of them away, with a department away; and who is alone."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

from engine import identity
from engine.errors import N_, Listed, Phrase, Term
from engine.identity import Everybody
from engine.operations import Facts
from engine.policy import judging, versions
from engine.policy.statement import Policy, Requirement, numbers
from engine.policy.weakening import Sentence
from engine.unit_of_work import UnitOfWork

KINDS = ("nobody", "away", "department", "own", "self")
MOST_CASES = 24
"""cases of one policy that are looked at"""
_COMPARED = re.compile(r"facts\.(\w+) *(?:<=|>=|<|>|=) *(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is to be said of one policy. `kind`: nobody | away | department | own | self."""

    policy: str
    kind: str
    sentence: Sentence
    people: tuple[UUID, ...] = ()

    @property
    def mark(self) -> str:
        """What makes two findings the same, however they are worded: an amount in it may change."""
        facts = self.sentence[1]
        about = {"nobody": "approval", "department": "department"}.get(self.kind)
        of = " ".join(str(key) for key in self.people) if about is None else str(facts[about])
        return f"{self.policy} {self.kind} {of}"


def staffing(
    uow: UnitOfWork, candidates: Mapping[str, frozenset[UUID]] | None = None, names: Collection[str] | None = None,
    kinds: Collection[str] = KINDS,
) -> list[Staffing]:  # fmt: skip
    """Sentences about the policies in force and the people of today; empty: nobody is indispensable or alone.

    `candidates`: capability -> accounts that its drawn approvals ask; a capability that is not in it: everybody. The
    cases are the amounts at which a policy asks for other approvals. `names`: only these policies; `kinds`: only these.
    """
    everybody = identity.everybody(uow)
    wanted = [one for one in versions.in_force(uow) if names is None or one.id in names]
    looks = [_Look(uow, policy, everybody, candidates or {}) for policy in wanted]
    return [one for look in looks for one in look.said(kinds) if one.kind in kinds]


class _Look:
    """One policy and the people of today. Persons count, not accounts."""

    def __init__(
        self, uow: UnitOfWork, policy: Policy, everybody: Everybody, candidates: Mapping[str, frozenset[UUID]]
    ) -> None:
        self.uow = uow
        self.policy = policy
        self.everybody = everybody
        self.candidates = candidates
        self.people = {user.id: user for user in everybody.people if user.person_id is not None}

    def said(self, kinds: Collection[str]) -> Iterator[Staffing]:
        """Each thing once, for the first case in which it is so."""
        known: set[tuple[Any, ...]] = set()
        for when, needed in self._cases():
            able = {need: self._able(need, when[1]) for need in needed}
            for key, one in self._of_case(when[0], needed, able):
                if key not in known:
                    known.add(key)
                    yield one
        if "self" in kinds:
            yield from self._by_himself()

    def _of_case(
        self, when: str, needed: Sequence[Requirement], able: Mapping[Requirement, frozenset[UUID]]
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
                if "requester" in self.policy.distinct:
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

    def _cases(self) -> Iterator[tuple[tuple[str, Facts], list[Requirement]]]:
        """(words, facts) and what is asked there: below, at and above each number that a condition compares with."""
        seen: list[list[Requirement]] = []
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
            if needed and needed not in seen:
                seen.append(needed)
                told = [
                    Phrase("{fact} {value}", fact=Term("fact", name), value=value) for name, value in values.items()
                ]
                yield (Listed(told) if told else Phrase(N_("always")), facts), needed

    def _samples(self) -> Iterator[dict[str, Decimal]]:
        compared: dict[str, set[Decimal]] = {}
        for text in (self.policy.when, *(need.when for need in self.policy.approvals),
                     *(need.eligible for need in self.policy.approvals)):  # fmt: skip
            for name, number in _COMPARED.findall(text or ""):
                compared.setdefault(name, set()).add(Decimal(number))
        ways = [
            [(name, value) for number in sorted(numbers_of) for value in (number - 1, number, number + 1)]
            for name, numbers_of in sorted(compared.items())
        ]
        for count, chosen in enumerate(product(*ways)):
            if count == MOST_CASES:
                return
            yield dict(chosen)

    def _able(self, need: Requirement, facts: Facts) -> frozenset[UUID]:
        """Persons whose yes would count, of those that are asked."""
        asked = self.candidates.get(need.approval)
        listed = [user for user in self.people.values() if asked is None or user.id in asked]
        told_apart = judging.reads_of_actor(self.uow, need.eligible)
        entitled: dict[tuple[Any, ...], bool] = {}
        found = set[UUID | None]()
        for user in listed:
            actor = judging.context_of(user, self.everybody.roles.get(user.id, ()))
            alike = tuple(str(actor[name]) for name in told_apart)
            if alike not in entitled:
                entitled[alike] = judging.holds(self.uow, self.policy.on, need.eligible, facts, actor=actor) is True
            if entitled[alike]:
                found.add(user.person_id)
        return frozenset(person for person in found if person is not None)

    def _by_himself(self) -> Iterator[Staffing]:
        """Who could approve what he asks for: because of his role, as a substitute, or as his own superior."""
        if "requester" in self.policy.distinct:
            return
        able = frozenset[UUID]().union(
            *(self._able(need, Facts(numbers(self.policy.on, {}))) for need in self.policy.approvals)
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

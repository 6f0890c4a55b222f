"""Whether there are people for a policy: today, with one of them away, with a department away; and who is alone."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

from engine import identity
from engine.errors import N_, Phrase, Term, joined
from engine.identity import User
from engine.operations import Facts
from engine.policy import judging, versions
from engine.policy.statement import Policy, Requirement, numbers
from engine.policy.weakening import Sentence
from engine.unit_of_work import UnitOfWork

MOST_CASES = 24
"""cases of one policy that are looked at"""
MOST_PEOPLE = 2000

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
    uow: UnitOfWork, candidates: Mapping[str, frozenset[UUID]] | None = None, names: Collection[str] | None = None
) -> list[Staffing]:
    """Sentences about the policies in force and the people of today; empty: nobody is indispensable or alone.

    `candidates`: capability -> accounts that its drawn approvals ask; a capability that is not in it: everybody. The
    cases are the amounts at which a policy asks for other approvals. `names`: only these policies.
    """
    people = [user for user in identity.users(uow, limit=MOST_PEOPLE) if user.person_id is not None]
    wanted = [one for one in versions.in_force(uow) if names is None or one.id in names]
    return [one for policy in wanted for one in _Look(uow, policy, people, candidates or {}).said()]


class _Look:
    """One policy and the people of today. Persons count, not accounts."""

    def __init__(
        self, uow: UnitOfWork, policy: Policy, people: Sequence[User], candidates: Mapping[str, frozenset[UUID]]
    ) -> None:
        self.uow = uow
        self.policy = policy
        self.people = people
        self.candidates = candidates
        self.names = {user.person_id: user.name for user in people if user.person_id == user.id} | {
            user.person_id: user.name for user in people if user.person_id is not None
        }
        self.units = {unit.id: unit.name for unit in identity.org_units(uow)}

    def said(self) -> Iterator[Staffing]:
        """Each thing once, for the first case in which it is so."""
        known: set[tuple[Any, ...]] = set()
        for when, needed in self._cases():
            able = {need: self._able(need, when[1]) for need in needed}
            for key, one in self._of_case(when[0], needed, able):
                if key not in known:
                    known.add(key)
                    yield one
        yield from self._by_himself()

    def _of_case(
        self, when: str, needed: Sequence[Requirement], able: Mapping[Requirement, frozenset[UUID]]
    ) -> Iterator[tuple[tuple[Any, ...], Staffing]]:
        facts: dict[str, Any] = {"policy": Term("policy", self.policy.id), "when": when}
        if not _fits(needed, able, frozenset()):
            short = next((need for need in needed if len(able[need]) < need.people), needed[0])
            text = N_("{policy}, {when}: {needed} people must give {approval}, {found} can.")
            facts |= {"approval": Term("capability", short.approval), "needed": short.people, "found": len(able[short])}
            yield ("nobody", short), Staffing(self.policy.id, "nobody", (text, facts))
            return
        for person in sorted(frozenset[UUID]().union(*able.values())):
            if not _fits(needed, able, frozenset((person,))):
                named = facts | {"who": self.names.get(person, str(person))}
                text = N_("{policy}, {when}: if {who} is away, nobody can approve.")
                yield ("away", person), Staffing(self.policy.id, "away", (text, named), (person,))
                if "requester" in self.policy.distinct:
                    text = N_("{policy}, {when}: what {who} asks for, nobody can approve.")
                    yield ("own", person), Staffing(self.policy.id, "own", (text, named), (person,))
        for unit, members in self._departments().items():
            if len(members) > 1 and not _fits(needed, able, members):
                text = N_("{policy}, {when}: if the whole of {department} is away, nobody can approve.")
                named = facts | {"department": self.units.get(unit, str(unit))}
                yield (
                    ("department", unit),
                    Staffing(self.policy.id, "department", (text, named), tuple(members)),
                )

    def _departments(self) -> dict[UUID, frozenset[UUID]]:
        found: dict[UUID, set[UUID]] = {}
        for user in self.people:
            if user.org_unit_id is not None and user.person_id is not None:
                found.setdefault(user.org_unit_id, set()).add(user.person_id)
        return {unit: frozenset(members) for unit, members in found.items()}

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
                told = (
                    ("{fact} {value}", {"fact": Term("fact", name), "value": value}) for name, value in values.items()
                )
                yield (joined(", ", told) or Phrase(N_("always")), facts), needed

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
        found = set()
        for user in self.people:
            if user.person_id is None or (asked is not None and user.id not in asked):
                continue
            actor = judging.actor_context(self.uow, user.id)
            if judging.holds(self.uow, self.policy.on, need.eligible, facts, actor=actor) is True:
                found.add(user.person_id)
        return frozenset(found)

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
        for user in self.people:
            named = {"policy": Term("policy", self.policy.id), "who": user.name}
            if user.person_id in able:
                yield Staffing(self.policy.id, "self", (by_role, named), (user.id,))
            for held in identity.acting_for(self.uow, user.id):
                principal = next((one for one in self.people if one.id == held.principal_id), None)
                if principal is not None and principal.person_id in able:
                    facts = named | {"principal": principal.name}
                    yield Staffing(self.policy.id, "self", (by_proxy, facts), (user.id, principal.id))
            if any(leader.id == user.id for leader in identity.leaders_of(self.uow, user.org_unit_id)):
                yield Staffing(self.policy.id, "self", (by_chain, named), (user.id,))


def _fits(needed: Sequence[Requirement], able: Mapping[Requirement, frozenset[UUID]], away: frozenset[UUID]) -> bool:
    """Whether every place gets a person of its own."""
    places = [need for need in needed for _ in range(need.people)]
    taken: dict[UUID, int] = {}

    def place(index: int, tried: set[UUID]) -> bool:
        for person in able[places[index]] - away - tried:
            tried.add(person)
            if person not in taken or place(taken[person], tried):
                taken[person] = index
                return True
        return False

    return all(place(index, set()) for index in range(len(places)))

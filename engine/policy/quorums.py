"""Whether those who are there can agree to a task that several have to agree to."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from engine.errors import N_, Term
from engine.policy.asking import Quorum


class Votes:
    """Of one quorum: who may give each vote. `person_of`: by account; who is none has no vote."""

    def __init__(self, quorum: Quorum, person_of: Mapping[UUID, UUID | None]) -> None:
        self.wanted, self.weighed = quorum.wanted, quorum.weighed
        votes = [
            (frozenset(person for one in accounts if (person := person_of.get(one)) is not None), weight)
            for accounts, weight in quorum.votes
        ]
        self.votes = sorted(votes, key=lambda vote: -vote[1])  # the heaviest first, so that each person gives his best
        self.people = frozenset[UUID]().union(*(people for people, _ in votes))
        self.once = quorum.once and sum(len(people) for people, _ in votes) > len(self.people)
        self.together = self._sum(frozenset())
        # who gives two votes is looked at; of others, each who weighs more than what is over
        weights: dict[UUID, Decimal] = {}
        for people, weight in votes:
            for person in people:
                weights[person] = weights.get(person, Decimal(0)) + weight
        over = Fraction(self.together) - self.wanted
        self.indispensable = frozenset(
            person for person, weight in weights.items() if Fraction(weight) > over and not self.agree({person})
        )

    def agree(self, away: Collection[UUID] = ()) -> bool:
        """Whether enough can agree without these."""
        return Fraction(self._sum(frozenset(away) & self.people)) >= self.wanted

    def short(self, approval: str) -> tuple[str, dict[str, object]]:
        """In words that not even all of them are enough."""
        found = {"approval": Term("capability", approval), "found": self.together, "needed": _plain(self.wanted)}
        return (_LIGHT if self.weighed else _FEW), found

    def _sum(self, away: frozenset[UUID]) -> Decimal:
        if not self.once:
            return sum((weight for people, weight in self.votes if not people <= away), Decimal(0))
        taken: dict[UUID, int] = {}

        def place(index: int, tried: set[UUID]) -> bool:
            for person in self.votes[index][0] - away - tried:
                tried.add(person)
                if person not in taken or place(taken[person], tried):
                    taken[person] = index
                    return True
            return False

        return sum((weight for index, (_, weight) in enumerate(self.votes) if place(index, set())), Decimal(0))


_FEW = N_("{policy}, {when}: {needed} people must give {approval}, {found} can.")
_LIGHT = N_(
    "{policy}, {when}: the weights of those who give {approval} must come to {needed}, all who are asked have {found}."
)


def _plain(number: Fraction) -> str:
    """As people write it: exact, or a fraction."""
    text = format(Decimal(number.numerator) / number.denominator, "f")
    return text if Fraction(text) == number else str(number)

"""Whom processes ask for the approvals that policies count: what staffing is told of drawings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from engine.errors import Phrase, Title

Asked = frozenset[UUID] | None
"""accounts; None: data decide, so it may be anybody"""


@dataclass(frozen=True, slots=True)
class Quorum:
    """Of a task that several have to agree to. `votes`: the accounts of which one gives each, and what it weighs.

    `wanted`: what the weights of the votes that agree have to reach. `weighed`: weights are drawn. `once`: one person
    has one vote.
    """

    votes: tuple[tuple[frozenset[UUID], Decimal], ...]
    wanted: Fraction
    weighed: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """Whom a process asks. `people`: by the approval that it provides; `requesters`: for these; None: whoever asks.

    `case`: where it does so, of several answers that data choose among. `instead`: how it asks when this person, who
    is among those, asks himself; None: another way tells. `quorums`: of an approval that one person cannot give alone.
    """

    people: Mapping[str, Asked]
    requesters: frozenset[UUID] | None = None
    case: Phrase | None = None
    instead: Callable[[UUID], "Way | None"] = field(default=lambda _: Way({}), compare=False)
    quorums: Mapping[str, Quorum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Depends:
    """A task whose people `data` decide, in words: `approval` may be given by anybody whom a policy entitles."""

    approval: str
    element: str
    task: Title
    data: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A process that provides approvals. `ways`: all that may be, at least one. `category`: as substitutes know it."""

    key: str
    name: Title
    ways: tuple[Way, ...]
    depends: tuple[Depends, ...] = ()
    category: str = ""

    @property
    def approvals(self) -> frozenset[str]:
        """What it provides."""
        return frozenset(self.ways[0].people)


def anywhere(askings: Iterable[Asking], approval: str, requester: UUID | None = None) -> Asked:
    """Whom any of them asks for it. `requester`: when he asks; None: when anybody does."""
    found = [
        way.people[approval] for one in askings if approval in one.approvals for way in one.ways
        if requester is None or way.requesters is None or requester in way.requesters
    ]  # fmt: skip
    return frozenset[UUID]().union(*(one for one in found if one is not None)) if found and None not in found else None

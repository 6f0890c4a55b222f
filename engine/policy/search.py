"""Explicit-state search: can a guarded operation be reached without a live human yes whose outcome was checked?

State = tokens x outcomes of approvals x live approvals. Breadth first, so that a counter-example is a shortest one.
What cannot change the answer is left out before: nodes that only hand a token on are passed at once, tokens that can
neither pay, approve, stop nor join anything are forgotten, outcomes that nothing asks for any more as well, and of
branches that have nothing to do with each other one goes first (`space.ordering`).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import thread_time
from typing import NamedTuple

from engine.policy.space import Move, Slots, Space, State

BUDGET = 100_000
COMPARED = 16
"""so many comparisons with states that are alike count as a step"""


class Effort(NamedTuple):
    """How much is looked at before a search is given up; no clock is asked, so that every machine says the same.
    `steps`: from one state to another, the same one often; a processor takes some ten microseconds for each."""

    states: int
    steps: int


DEPLOYING = Effort(BUDGET, 200_000)
DRAWING = Effort(20_000, 15_000)

Starts = Callable[[Space], list[State]]
"""The states from which an instance that runs can go on."""


class Violation(NamedTuple):
    """`missing`: index of the requirement that is not met; `origin`, `moves`: a shortest way to where it happens."""

    missing: int
    origin: State
    moves: list[Move]


@dataclass(slots=True)
class Found:
    """What a search found. `violations`: by the place that may run; `spent`: the
    budget ran out, with the branches that were alive most often; `seen`: every state."""

    violations: dict[str, Violation] = field(default_factory=dict)
    spent: bool = False
    wide: list[str] = field(default_factory=list)
    seen: Mapping[State, object] = field(default_factory=dict)
    seconds: float = 0.0


def search(space: Space, origins: list[State] | None = None, effort: Effort = DEPLOYING) -> Found:
    """Walk through everything that can be reached and from which there is still something to find."""
    began = thread_time()
    found, open_to = Found(), space.leading_to(space.needs)
    before: dict[State, tuple[State, Move | None]] = {}
    worst: dict[tuple[Slots, int], list[State]] = {}
    queue: deque[State] = deque()
    steps = 0
    for state in space.starts() if origins is None else [space.kept(origin) for origin in origins]:
        if state not in before:
            before[state] = (state, None)
            queue.append(state)
    while queue:
        if len(before) > effort.states or steps > effort.steps:
            found.spent, found.wide = True, _widest(space, before)
            break
        state = queue.popleft()
        if not space.leads_on(state, open_to):
            continue
        for move, following in space.steps(state):
            steps += 1
            if move.via in space.needs and not move.word and move.via not in found.violations:
                missing = space.missing(move.via, state.live if move.counted is None else move.counted)
                if missing is not None:
                    found.violations[move.via] = Violation(missing, *_way(before, state, move))
                    open_to = space.leading_to(name for name in space.needs if name not in found.violations)
            following = space.kept(following)
            if following in before or not space.leads_on(following, open_to):
                continue
            like = worst.setdefault((following.tokens, following.outcomes), [])
            steps += len(like) // COMPARED
            if any(_covers(one, following) for one in like):
                continue
            like.append(following)
            before[following] = (state, move)
            queue.append(following)
    found.seen, found.seconds = before, thread_time() - began
    return found


def _widest(space: Space, before: Mapping[State, object]) -> list[str]:
    """Places that hold a token in most states: the branches that are independent of each other."""
    counts: dict[int, int] = {}
    for number, state in enumerate(before):
        if number > DRAWING.states // 4:
            break
        for slot in set(state.tokens):
            counts[slot] = counts.get(slot, 0) + 1
    names = dict.fromkeys(space.slots[slot][0].id for slot in sorted(counts, key=lambda slot: -counts[slot]))
    return list(names)[:4]


def _covers(one: State, other: State) -> bool:
    """Whether all that can go wrong in `other` can in `one`: it knows less, and no approval more is live."""
    return not one.live & ~other.live and all(not b & ~a for a, b in zip(one.data, other.data, strict=True))


def _way(before: Mapping[State, tuple[State, Move | None]], state: State, last: Move) -> tuple[State, list[Move]]:
    path = [last]
    while True:
        earlier, move = before[state]
        if move is None:
            return state, path[::-1]
        path.append(move)
        state = earlier

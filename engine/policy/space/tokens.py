"""Where tokens are: a number for each place and stage, and what stands in a scope."""

from engine.policy.abstraction import Place, System
from engine.policy.space.layout import Layout, scopes_around
from engine.policy.space.states import DECIDED, LOGGED, State


class Tokens(Layout):
    """`slots`: a place and a stage by their number in `State.tokens`."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self.slots: list[tuple[Place, str]] = []
        self._number: dict[tuple[str, str], int] = {}
        self._loose: set[str] = set()
        """joins to which a token may still be on its way when it is counted there"""

    def slot(self, name: str, stage: str) -> int:
        """Number of a place and stage: "" a token has come, LATE: it may still be on its way; "!" active, followed by
        the ids of timers beside it that have run out; either with a mark STALE or READ; HELD; of a join, the flow by
        which a token came."""
        key = (name, stage)
        if key not in self._number:
            self._number[key] = len(self.slots)
            self.slots.append((self.system.places[name], stage))
        return self._number[key]

    def shown(self, state: State) -> dict[tuple[str, str], int]:
        """(place, stage) -> tokens."""
        found: dict[tuple[str, str], int] = {}
        for slot in state.tokens:
            place, stage = self.slots[slot]
            found[place.id, stage] = found.get((place.id, stage), 0) + 1
        return found

    def _is_mark(self, slot: int) -> bool:
        """Whether it is no token, but says what has completed or was decided."""
        return self.slots[slot][1].startswith((LOGGED, DECIDED))

    def _is_logged(self, slot: int) -> bool:
        return self.slots[slot][1].startswith(LOGGED)

    def _is_alive(self, state: State, container: Place | None) -> bool:
        if container is None:
            return any(not self._is_mark(slot) for slot in state.tokens)
        return any(self._is_active(slot, container) for slot in state.tokens)

    def _is_active(self, slot: int, container: Place) -> bool:
        place, stage = self.slots[slot]
        return place is container and stage.startswith("!")

    def _is_taken_over(self, state: State, container: Place | None) -> bool:
        """Whether an event sub-process runs in place of everything in a scope: no other one waits there any more."""
        if container is not None and self._are_several(state, container):
            return False
        active = (self.slots[slot][0] for slot in state.tokens if self.slots[slot][1].startswith("!"))
        return any(
            place.node.triggered_by_event and place.parent is container and self._interrupts(place) for place in active
        )

    def _is_busy(self, state: State, container: Place) -> bool:
        """Whether something is in a place."""
        inside = self.inner.get(container.id, frozenset())
        return any(self.slots[slot][0].id in inside and not self._is_mark(slot) for slot in state.tokens)

    def _are_several(self, state: State, container: Place, *, inside: bool = True) -> bool:
        """Whether a place may be active more than once; `inside`: or what is in it."""
        around = [container, *scopes_around(container)]
        if any(place.runs_beside_itself for place in (around if inside else around[1:])):
            return True
        active = [self.slots[slot][0] for slot in state.tokens if self.slots[slot][1].startswith("!")]
        return any(active.count(place) > 1 for place in around)

    # ------------------------------------------------------------ what ends

    def _without(self, state: State, places: frozenset[str]) -> State:
        tokens = tuple(slot for slot in state.tokens if self._is_logged(slot) or self.slots[slot][0].id not in places)
        return State(tokens, state.outcomes, state.live, state.data)

    def _emptied(self, state: State, container: Place | None) -> list[State]:
        """Everything in a place ends; where several of it may be active at once, or only in another one of them."""
        if container is None:
            logged = tuple(slot for slot in state.tokens if self._is_logged(slot))
            return [State(logged, state.outcomes, state.live, state.data)]
        emptied = self._without(state, self.inner[container.id]) if container.holds_inside else state
        return [emptied, state] if emptied != state and self._are_several(state, container) else [emptied]

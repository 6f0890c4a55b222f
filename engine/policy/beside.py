"""Which places of a drawing may be done while another one is active, looked at without data: rather too many."""

from collections.abc import Iterator
from itertools import permutations

from engine.policy.abstraction import Place, System

_CHOOSES = frozenset(("exclusiveGateway", "eventBasedGateway"))


class Beside:
    """Of one system."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._reached: dict[str, frozenset[str]] = {}
        self._forks: dict[str, list[list[frozenset[str]]]] = {}

    def may(self, one: Place, other: Place) -> bool:
        """Whether `other`, which is not inside of `one`, may be done while `one` is active."""
        mine, its = list(_around(one)), list(_around(other))
        common = [place for place in mine if place in its]
        if any(self._is_there_twice(place) for place in common):
            return True
        if other in common:
            return False  # it is done after all that is in it
        here, there = mine[-len(common) - 1], its[-len(common) - 1]
        return any(comes_beside(place) for place in (*mine, *its)) or self._forked(here, there)

    def _is_there_twice(self, place: Place) -> bool:
        return place.runs_beside_itself or comes_beside(place) or self._forked(place, place)

    def _forked(self, one: Place, other: Place) -> bool:
        """Whether tokens of one fork come to the one and the other, both of the same scope."""
        if one.parent is not None and one.parent.node.ad_hoc is not None:
            return True
        return any(
            one.id in first and other.id in second
            for branches in self._reaching(one.parent) for first, second in permutations(branches, 2)
        )  # fmt: skip

    def _reaching(self, scope: Place | None) -> list[list[frozenset[str]]]:
        """Where several tokens come from in a scope: what each of them can reach."""
        name = scope.id if scope is not None else ""
        if name not in self._forks:
            self._forks[name] = [[self._from(one) for one in branches] for _, branches in forks(self._system, scope)]
        return self._forks[name]

    def _from(self, name: str) -> frozenset[str]:
        if name not in self._reached:
            seen, todo = {name}, [name]
            while todo:
                place = self._system.places[todo.pop()]
                nexts = {*(target for _, target in place.outgoing), *place.boundaries} - seen
                seen |= nexts
                todo += nexts
            self._reached[name] = frozenset(seen)
        return self._reached[name]


def forks(system: System, scope: Place | None) -> Iterator[tuple[str, list[str]]]:
    """Where several tokens come from in a scope, "" at its beginning: where each of them comes to first."""
    places = [place for place in system.places.values() if place.parent is scope]
    entered = [place for place in places if not (place.incoming or place.node.attached_to)]
    if not any(place.node.type == "startEvent" for place in entered):
        yield "", [place.id for place in entered]
    for place in places:
        if len(place.outgoing) > 1 and place.node.type not in _CHOOSES:
            yield place.id, [target for _, target in place.outgoing]
        for boundary in place.boundaries:
            if not system.places[boundary].node.interrupting:  # it may happen again
                yield place.id, [place.id, boundary, boundary]


def _around(place: Place) -> Iterator[Place]:
    above: Place | None = place
    while above is not None:
        yield above
        above = above.parent


def comes_beside(place: Place) -> bool:
    """Whether it is begun beside what stands around it: a handler that does not interrupt, or one of compensation."""
    inner = place.node.inner.nodes.values() if place.node.triggered_by_event and place.node.inner is not None else ()
    return place.node.for_compensation or any(node.type == "startEvent" and not node.interrupting for node in inner)

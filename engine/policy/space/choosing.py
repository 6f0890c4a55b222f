"""Which flows leave a gateway, by what is known."""

from collections.abc import Iterator, Mapping

from engine.bpmn.model import Flow
from engine.policy.abstraction import Place
from engine.policy.regions import Masks, merged
from engine.policy.space.states import Way
from engine.policy.tracking import Tracking


class Choice:
    """Which flows leave a place, by what is known. `sure`: that says which, and nothing gets stuck, be it for want of
    a value or of a flow. `stuck`: it has been so there."""

    def __init__(self, data: Tracking, place: Place, outcomes: Mapping[str, str], *, stuck: bool) -> None:
        self._data, self._place, self._outcomes, self._stuck = data, place, outcomes, stuck
        self.sure = True

    def of(self, kind: str, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """(the flows that are taken, what is known then)"""
        outgoing = self._place.outgoing
        if kind == "eventBasedGateway" and not self._place.node.together:
            yield from (((way,), known) for way in outgoing)
        elif kind in ("parallelGateway", "eventBasedGateway"):
            yield tuple(outgoing), known
        else:
            ways = self._first if kind == "exclusiveGateway" else self._every
            yield from ways(known)

    def _judged(self, flow: Flow, known: Masks) -> Iterator[tuple[bool | None, Masks]]:
        if flow.condition is None:
            yield True, known
            return
        judged, stuck = self._data.judge(self._place, flow, self._outcomes, known, stuck=self._stuck)
        self.sure = self.sure and not stuck
        for value, of in judged:
            self.sure = self.sure and value is not None
            yield value, of

    def _first(self, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """Of an exclusive gateway: the first flow that is true, else the default one."""
        fallback, left = None, [known]
        for way in self._place.outgoing:
            if way[0].is_default:
                fallback = way
                continue
            judged = [one for masks in left for one in self._judged(way[0], masks)]
            yield from (((way,), of) for of in merged(of for value, of in judged if value is not False))
            left = merged(of for value, of in judged if value is not True)
            if not left:
                return
        if fallback is not None or not self._place.outgoing:
            yield from (((fallback,) if fallback is not None else (), of) for of in left)
        else:
            self.sure = False

    def _every(self, known: Masks) -> Iterator[tuple[tuple[Way, ...], Masks]]:
        """Every flow that is true, else the default one."""
        fallback: Way | None = None
        left: list[tuple[tuple[Way, ...], tuple[Way, ...], bool, Masks]] = [((), (), False, known)]
        for way in self._place.outgoing:
            flow = way[0]
            if flow.is_default:
                fallback = way
                continue
            following = []
            for always, perhaps, sure, masks in left:
                for value, of in self._judged(flow, masks):
                    if value is True:
                        following.append(((*always, way), perhaps, sure or flow.condition is not None, of))
                    elif value is None:
                        following.append((always, (*perhaps, way), sure, of))
                    else:
                        following.append((always, perhaps, sure, of))
            left = following
        for always, perhaps, sure, of in left:
            for bits in range(2 ** len(perhaps)):
                chosen = always + tuple(way for index, way in enumerate(perhaps) if bits >> index & 1)
                if fallback is not None and len(chosen) == len(always) and not sure:
                    yield (*chosen, fallback), of
                elif chosen or not self._place.outgoing:
                    yield chosen, of
                else:
                    self.sure = False

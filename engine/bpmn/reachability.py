"""Which markings one scope can come to, whatever its data say: what an administrator is warned of before he moves
tokens, and what the tests of `goto` compare with.

A marking is where tokens rest: in activities and events, and on the flows of joins that wait for more. Every choice
is taken, every boundary event may fire. The inside of a sub-process or call is one activity of its outer scope; a
complex gateway lets each token rest and pass alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.bpmn.graph import reachable
from engine.bpmn.program import (
    BOUNDARY,
    DECISION,
    END,
    END_ERROR,
    ESCALATE,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    PARALLEL,
    PASS,
    SCRIPT,
    TERMINATE,
    THROW,
    Edge,
    Node,
    ScopeProgram,
)
from engine.bpmn.state import Scope, State, Token

BUDGET = 50_000
WORK_PER_MARKING = 10
"""how many situations on the way to a marking are looked at, on average; large ones count more"""
MANY_CONDITIONS = 6
"""Above this many true-or-false flows of one node only one, none and all of them are looked at."""

_AUTOMATIC = frozenset((PASS, SCRIPT, DECISION, EXCLUSIVE, PARALLEL, INCLUSIVE, THROW, ESCALATE, END))
_OVER = frozenset((TERMINATE, END_ERROR))


class Marking(NamedTuple):
    """(element, tokens) of what rests in a node, (flow, tokens) of what a join holds; both sorted."""

    resting: tuple[tuple[str, int], ...]
    held: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Prospect:
    """`starved`: joins that can wait for ever; `doubled`: elements and flows that can hold two tokens; `endless`: where
    tokens rest when nothing leads to an end any more.

    `complete`: every marking was seen; a marking with a doubled place is not followed any further.
    """

    markings: set[Marking] = field(default_factory=set)
    starved: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    endless: set[str] = field(default_factory=set)
    complete: bool = True


def marking(state: State, scope: Scope) -> Marking:
    """Where the tokens of a scope rest now; of one that is stuck at its beginning, where it will begin."""
    resting: dict[str, int] = {}
    for token in state.tokens.values():
        if token.scope is scope and token.counts:
            for place in _places(token):
                resting[place] = resting.get(place, 0) + 1
    return _marking(resting, scope.held)


def _places(token: Token) -> list[str]:
    if token.stage != "begin":
        return [token.node.id]
    return [token.by] if token.by is not None else [start.id for start in token.scope.unit.starts]


def from_start(
    unit: ScopeProgram, starts: Sequence[Node] | None = None, *, once: bool = False, budget: int = BUDGET
) -> Prospect:
    """Everything that can become of a scope that begins, at `starts` or where it begins by itself.

    `once`: a non-interrupting boundary event does not fire again while a token of its last firing is on its way.
    """
    game = _Game(unit, once, budget)
    return game.explore(game.settled({}, {}, [(start, None) for start in (starts or unit.starts)]))


def outlook(unit: ScopeProgram, now: Marking) -> Prospect:
    """Everything that can become of a scope from `now` on."""
    return _Game(unit).explore([now])


Arrival = tuple[Node, Edge | None]
Situation = tuple[dict[str, int], dict[str, int], list[Arrival]]


class _Game:
    def __init__(self, unit: ScopeProgram, once: bool = False, budget: int = BUDGET) -> None:
        self._budget = budget
        self._work = WORK_PER_MARKING * budget
        self._beside = {node.id: _beside(unit, node) for node in unit.nodes if once and node.op == BOUNDARY}
        self._nodes = {node.id: node for node in unit.nodes}
        self._flows = {edge.id: edge for edge in unit.edges}
        self._joins = [node for node in unit.nodes if node.op == INCLUSIVE and node.reach]

    def explore(self, origins: Iterable[Marking]) -> Prospect:
        found = Prospect()
        todo = list(origins)
        found.markings.update(todo)
        before: dict[Marking, list[Marking]] = {now: [] for now in todo}
        ending: list[Marking] = []
        while todo:
            now = todo.pop()
            doubled = {place for place, count in (*now.resting, *now.held) if count > 1}
            if doubled:
                found.doubled |= doubled
                ending.append(now)
                continue
            if not now.resting:
                found.starved.update(self._flows[flow].target.id for flow, _ in now.held)
                ending.append(now)
            for following in self._steps(now):
                if following not in found.markings:
                    if len(found.markings) >= self._budget:
                        found.complete = False
                        return found
                    found.markings.add(following)
                    todo.append(following)
                before.setdefault(following, []).append(now)
            if self._work < 0:
                break
        if self._work < 0:
            found.complete = False
            return found
        for now in ending:
            ending.extend(before.pop(now, ()))
        found.endless = {place for now in before for place, _ in now.resting}
        return found

    def _steps(self, now: Marking) -> Iterator[Marking]:
        for name, _ in now.resting:
            node = self._nodes[name]
            resting, held = dict(now.resting), dict(now.held)
            less = {key: count - (key == name) for key, count in resting.items() if count > (key == name)}
            gate = node.op == EVENT_BASED
            ways = [chosen for edge in node.out for chosen in _ways(edge.target)] if gate else _ways(node)
            for chosen in ways:
                yield from self.settled(less, held, [(edge.target, edge) for edge in chosen])
            for boundary in node.boundaries:
                if not boundary.interrupting and self._is_under_way(boundary, now):
                    continue
                for chosen in _ways(boundary):
                    rest = less if boundary.interrupting else resting
                    yield from self.settled(rest, held, [(edge.target, edge) for edge in chosen])

    def _is_under_way(self, boundary: Node, now: Marking) -> bool:
        beside = self._beside.get(boundary.id, frozenset())
        return any(place in beside for place, _ in now.resting) or any(
            self._flows[flow].source.id in beside for flow, _ in now.held
        )

    def settled(self, resting: dict[str, int], held: dict[str, int], arrivals: Sequence[Arrival]) -> Iterator[Marking]:
        """Everything that can come of tokens that have just arrived, when whatever needs nobody has happened."""
        todo: list[Situation] = [(resting, held, list(arrivals))]
        seen = set()
        while todo:
            resting, held, pending = todo.pop()
            self._work -= 1 + (len(resting) + len(held) + len(pending)) // 10
            if self._work < 0:
                return
            key = (_marking(resting, held), tuple((node.id, edge and edge.id) for node, edge in pending))
            if key in seen:
                continue
            seen.add(key)
            if pending:
                todo += self._arrive(resting, held, pending)
                continue
            join = self._enabled(resting, held)
            if join is None:
                yield _marking(resting, held)
                continue
            rest = _fewer(held, [edge for edge in join.incoming if edge.id in held])
            todo += [(resting, rest, [(edge.target, edge) for edge in chosen]) for chosen in _ways(join)]

    def _arrive(self, resting: dict[str, int], held: dict[str, int], pending: list[Arrival]) -> list[Situation]:
        (node, edge), rest = pending[0], pending[1:]
        if edge is not None and len(node.incoming) > 1 and node.op in (PARALLEL, INCLUSIVE):
            held = {**held, edge.id: held.get(edge.id, 0) + 1}
            if node.op == INCLUSIVE or any(flow.id not in held for flow in node.incoming):
                return [(resting, held, rest)]
            held = _fewer(held, node.incoming)
        elif node.op in _OVER:
            return [({}, {}, [])]
        elif node.op not in _AUTOMATIC:
            return [({**resting, node.id: resting.get(node.id, 0) + 1}, held, rest)]
        return [(resting, held, [*rest, *((edge.target, edge) for edge in chosen)]) for chosen in _ways(node)]

    def _enabled(self, resting: dict[str, int], held: dict[str, int]) -> Node | None:
        """An inclusive join that can fire (BPMN 2.0.2, 13.4)."""
        flows = 0
        for key in held:
            flows |= 1 << self._flows[key].index
        for key in resting:
            flows |= self._nodes[key].exits
        for node in self._joins:
            empty = arrived = 0
            for flow, mask in zip(node.incoming, node.reach, strict=True):
                if flow.id in held:
                    arrived |= mask
                else:
                    empty |= mask
            if arrived and not flows & empty & ~arrived:
                return node
        return None


def _beside(unit: ScopeProgram, boundary: Node) -> frozenset[str]:
    """Elements that only `boundary` leads to."""
    others = [node for node in unit.nodes if not node.incoming and node is not boundary]
    return frozenset(reachable([boundary])) - frozenset(reachable(others, [boundary.id]))


def _ways(node: Node) -> list[tuple[Edge, ...]]:
    """The sets of flows on which a token may leave."""
    if node.op == PARALLEL or node.plain:
        return [node.out]
    fallback = [] if node.default is None else [(node.default,)]
    if node.op == EXCLUSIVE:
        return [*((edge,) for edge in node.out), *fallback]
    always = tuple(edge for edge in node.out if edge.condition is None)
    asked = [edge for edge in node.out if edge.condition is not None]
    if len(asked) > MANY_CONDITIONS:
        chosen = [(*always, edge) for edge in asked] + [(*always, *asked)]
    else:
        chosen = [
            (*always, *(edge for number, edge in enumerate(asked) if bits >> number & 1))
            for bits in range(1, 1 << len(asked))
        ]
    none = (*always, *(node.default,)) if node.default is not None else always
    return [*chosen, none] if none else chosen


def _fewer(held: dict[str, int], flows: Iterable[Edge]) -> dict[str, int]:
    left = dict(held)
    for flow in flows:
        left[flow.id] -= 1
    return {key: count for key, count in left.items() if count}


def _marking(resting: dict[str, int], held: dict[str, int]) -> Marking:
    return Marking(tuple(sorted(resting.items())), tuple(sorted(held.items())))

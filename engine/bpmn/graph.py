"""Reachability, dominators and blocks over a compiled program: for joins, lint, moves by hand, the policy check."""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.bpmn.program import (
    AD_HOC,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    PARALLEL,
    Context,
    Edge,
    Node,
    Program,
    Routes,
    ScopeProgram,
)

ROOT: Final = -1
"""the fork of a scope that begins at several places at once"""


def exit_mask(node: Node) -> int:
    """The flows on which a token inside `node` may leave, those of its boundary events included."""
    mask = 0
    for edge in _leaving(node):
        mask |= 1 << edge.index
    for boundary in node.boundaries:
        for edge in _leaving(boundary):
            mask |= 1 << edge.index
    return mask


def reach_masks(scope: ScopeProgram, joins: Iterable[Node]) -> None:
    """Set `reach` of each join: for each incoming flow the mask of the flows from which it is reached around it."""
    arriving = {node.index: _mask(edge.index for edge in node.incoming) for node in scope.nodes}
    before = {node.index: _mask(_origins(node)) for node in scope.nodes}
    for join in joins:
        known: dict[int, int] = {}
        for flow in join.incoming:
            source = flow.source
            if source.index not in known:
                known[source.index] = _arriving_before(source, join, arriving, before)
        join.reach = tuple(1 << flow.index | known[flow.source.index] for flow in join.incoming)


def _arriving_before(source: Node, join: Node, arriving: dict[int, int], before: dict[int, int]) -> int:
    """The flows that lead to `source`, over whatever way that does not pass `join`."""
    seen = 1 << join.index
    todo = _mask(node.index for node in (source, source.host) if node is not None) & ~seen
    flows = 0
    while todo:
        lowest = todo & -todo
        todo ^= lowest
        seen |= lowest
        index = lowest.bit_length() - 1
        flows |= arriving[index]
        todo |= before[index] & ~seen
    return flows


def _origins(node: Node) -> Iterator[int]:
    """Where a token was before: what its flows come from, and the activity of a boundary event among them."""
    for edge in node.incoming:
        yield edge.source.index
        if edge.source.host is not None:
            yield edge.source.host.index


def _mask(indexes: Iterable[int]) -> int:
    mask = 0
    for index in indexes:
        mask |= 1 << index
    return mask


def successors(node: Node) -> list[Node]:
    """Where a token in `node` can go next: along flows, by boundary events, into and out of sub-processes."""
    found = [edge.target for edge in _leaving(node)]
    found.extend(node.boundaries)
    if node.handler is not None:
        found.append(node.handler)
    if node.trigger is not None:
        found.append(node.trigger)
    elif node.inner is not None:
        found.extend(node.inner.starts)
        found.extend(node.inner.handlers)
    host = node.scope.node
    if host is not None and not _leaving(node):
        found.extend(edge.target for edge in _leaving(host))
    return found


def entries(program: Program) -> list[Node]:
    """The nodes where something may begin: every start of the root, or what no flow reaches; event sub-processes."""
    gateways = [node for node in program.root.nodes if node.instantiate]
    starts = [
        program.nodes[start.node] for start in program.starts
    ] or program.root.starts  # a global task has no Start
    return [*starts, *gateways, *program.root.handlers]


def reachable(origins: Iterable[Node], without: Iterable[str] = ()) -> dict[str, str | None]:
    """Node id -> id of the node before it on a shortest path from one of `origins`, None for these themselves; never
    through a node of `without`."""
    barred = set(without)
    todo = [node for node in origins if node.id not in barred]
    before: dict[str, str | None] = dict.fromkeys((node.id for node in todo), None)
    for node in todo:
        for target in successors(node):
            if target.id not in before and target.id not in barred:
                before[target.id] = node.id
                todo.append(target)
    return before


# ---------------------------------------------------------------- what moves by hand ask


def routes(scope: ScopeProgram) -> Routes:
    """What lies after each node, what dominates it and which blocks are around it; linear but for the masks."""
    order, roots = _ordered(scope)
    place = {node.index: number for number, node in enumerate(order)}
    dominators = _dominated(order, roots, place)
    forward: dict[int, list[Node]] = {}
    back: list[tuple[Node, Node]] = []
    tangled: list[tuple[Node, Node]] = []
    for node in order:
        targets = _following(node)
        forward[node.index] = [target for target in targets if place[target.index] > place[node.index]]
        for target in targets:
            if place[target.index] <= place[node.index]:
                (back if dominators[node.index] >> target.index & 1 else tangled).append((node, target))
    down: dict[int, int] = {}
    for node in reversed(order):
        mask = 0
        for target in forward[node.index]:
            mask |= down[target.index] | 1 << target.index
        down[node.index] = mask
    contexts = _contexts(scope, order, forward)
    for source, header in [*back, *tangled]:  # each round would make one token more
        if _forks(source) or contexts.get(source.index) != contexts.get(header.index):
            for node in order:
                if (down[header.index] | 1 << header.index) >> node.index & 1:
                    contexts.pop(node.index, None)
    return Routes(down, dominators, contexts, _tangle(order, tangled) if tangled else 0)


def _following(node: Node) -> list[Node]:
    """Where a token in `node` can be next without leaving its scope."""
    return [*(edge.target for edge in _leaving(node)), *node.boundaries]


def _entering(scope: ScopeProgram) -> list[Node]:
    """Where tokens come into being."""
    return [node for node in scope.nodes if not node.incoming and node.host is None]


def _ordered(scope: ScopeProgram) -> tuple[list[Node], set[int]]:
    """Reverse postorder, and where it began: a circle that nothing leads into begins somewhere."""
    seen: set[int] = set()
    roots: set[int] = set()
    order: list[Node] = []
    for origin in [*reversed(_entering(scope)), *scope.nodes]:
        if origin.index in seen:
            continue
        seen.add(origin.index)
        roots.add(origin.index)
        path = [(origin, iter(_following(origin)))]
        while path:
            node, targets = path[-1]
            target = next(targets, None)
            if target is None:
                order.append(node)
                path.pop()
            elif target.index not in seen:
                seen.add(target.index)
                path.append((target, iter(_following(target))))
    order.reverse()
    return order, roots


def _dominated(order: list[Node], roots: set[int], place: dict[int, int]) -> dict[int, int]:
    """Mask of dominators of each node (Cooper, Harvey, Kennedy 2001)."""
    before: dict[int, list[int]] = {node.index: [] for node in order}
    for node in order:
        for target in _following(node):
            before[target.index].append(node.index)
    immediate: dict[int, int] = dict.fromkeys(roots, ROOT)
    changed = True
    while changed:
        changed = False
        for node in order:
            key = node.index
            if key in roots:
                continue
            known = [source for source in before[key] if source in immediate]
            found = known[0]
            for source in known[1:]:
                found = _common(found, source, immediate, place)
            if immediate.get(key) != found:
                immediate[key] = found
                changed = True
    masks = {ROOT: 0}
    for node in order:
        masks[node.index] = masks[immediate[node.index]] | 1 << node.index
    del masks[ROOT]
    return masks


def _common(one: int, other: int, immediate: dict[int, int], place: dict[int, int]) -> int:
    while one != other:
        if one == ROOT or other == ROOT:
            return ROOT
        if place[one] > place[other]:
            one = immediate[one]
        else:
            other = immediate[other]
    return one


def _tangle(order: list[Node], edges: list[tuple[Node, Node]]) -> int:
    """Every node of a loop that is entered beside its head."""
    full = {node.index: 0 for node in order}
    changed = True
    while changed:
        changed = False
        for node in reversed(order):
            mask = full[node.index]
            for target in _following(node):
                mask |= full[target.index] | 1 << target.index
            if mask != full[node.index]:
                full[node.index] = mask
                changed = True
    tangled = 0
    for source, target in edges:
        for node in order:
            after = full[target.index] >> node.index & 1 or node is target
            before = full[node.index] >> source.index & 1 or node is source
            if after and before:
                tangled |= 1 << node.index
    return tangled


def _contexts(scope: ScopeProgram, order: list[Node], forward: dict[int, list[Node]]) -> dict[int, Context]:
    totals: dict[int, int] = {ROOT: (1 << len(scope.starts)) - 1}
    starts = {node.index: number for number, node in enumerate(scope.starts)}
    arriving: dict[int, list[Context | None]] = {node.index: [] for node in order}
    for node in _entering(scope):
        number = starts.get(node.index)
        if scope.node is not None and scope.node.op == AD_HOC:  # anything may be started again
            arriving[node.index].append(None)
        elif number is not None:
            arriving[node.index].append(((ROOT, 1 << number),) if len(starts) > 1 else ())
        else:  # another trigger of the process, or nothing that is known to run once
            arriving[node.index].append(() if node.type == "startEvent" else None)
    contexts: dict[int, Context] = {}
    for node in order:
        context = _arrived(node, arriving[node.index], totals)
        if node.start_quantity > 1:  # tokens of any branch go into it
            context = None
        if context is not None:
            contexts[node.index] = context
        if node.completion_quantity > 1:
            context = None
        edges = _leaving(node)
        fork = _forks(node)
        totals[node.index] = (1 << len(edges)) - 1
        later = {target.index for target in forward[node.index]}
        for number, edge in enumerate(edges):
            if edge.target.index in later:
                inside = context if context is None or not fork else (*context, (node.index, 1 << number))
                arriving[edge.target.index].append(inside)
        for boundary in node.boundaries:
            beside = context if context is None or boundary.interrupting else (*context, (boundary.index, 0))
            arriving[boundary.index].append(beside)
    return contexts


def _arrived(node: Node, contexts: list[Context | None], totals: dict[int, int]) -> Context | None:
    """The blocks around `node`: one way in, several that are alternatives, or branches that it joins."""
    found = {context for context in contexts if context is not None}
    if None in contexts or not found:
        return None
    joins = node.op in (PARALLEL, INCLUSIVE) and len(node.incoming) > 1
    while joins and len(found) > 1:
        depth = max(len(context) for context in found)
        merged: dict[tuple[Context, int], int] = {}
        for context in found:
            if len(context) == depth > 0:
                fork, branches = context[-1]
                merged[context[:-1], fork] = merged.get((context[:-1], fork), 0) | branches
        following = {context for context in found if len(context) < depth}
        for (outside, fork), branches in merged.items():
            following.add(outside if branches == totals.get(fork) else (*outside, (fork, branches)))
        if following == found:
            return None
        found = following
    return found.pop() if len(found) == 1 else None


def _forks(node: Node) -> bool:
    """Whether several tokens may leave it."""
    return len(_leaving(node)) > 1 and node.op not in (EXCLUSIVE, EVENT_BASED)


def _leaving(node: Node) -> tuple[Edge, ...]:
    if node.op == EVENT_BASED or node.default is None:
        return node.out
    return (*node.out, node.default)

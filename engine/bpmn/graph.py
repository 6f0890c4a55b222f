"""Reachability and dominators over a compiled program: for joins, lint and the first answer of the policy check."""

from collections.abc import Iterable

from engine.bpmn.program import EVENT_BASED, Node, Program, ScopeProgram


def exit_mask(node: Node) -> int:
    """The flows on which a token inside `node` may leave, those of its boundary events included."""
    mask = 0
    for edge in _leaving(node):
        mask |= 1 << edge.index
    for boundary in node.boundaries:
        for edge in _leaving(boundary):
            mask |= 1 << edge.index
    return mask


def reach_masks(scope: ScopeProgram, join: Node) -> tuple[int, ...]:
    """For each incoming flow of `join`: mask of the flows from which it is reached without passing `join`."""
    feeding: dict[int, int] = {}
    for node in scope.nodes:
        if node is not join:
            feeding[node.index] = exit_mask(node)
    masks = []
    for incoming in join.incoming:
        mask = 1 << incoming.index
        todo = [incoming]
        while todo:
            source = todo.pop().source
            origin = source.host or source
            for node in {origin.index: origin, source.index: source}.values():
                if node is join:
                    continue
                for edge in node.incoming:
                    if not mask >> edge.index & 1:
                        mask |= 1 << edge.index
                        todo.append(edge)
        masks.append(mask)
    return tuple(masks)


def successors(node: Node) -> list[Node]:
    """Where a token in `node` can go next: along flows, by boundary events, into and out of sub-processes."""
    found = [edge.target for edge in _leaving(node)]
    found.extend(node.boundaries)
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
    return [*(program.nodes[start.node] for start in program.starts), *program.root.handlers]


def reachable(origins: Iterable[Node], without: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Node id -> a shortest path of ids to it from one of `origins`, never through a node of `without`."""
    barred = set(without)
    paths: dict[str, tuple[str, ...]] = {}
    frontier = [node for node in origins if node.id not in barred]
    for node in frontier:
        paths[node.id] = (node.id,)
    while frontier:
        following = []
        for node in frontier:
            for target in successors(node):
                if target.id not in paths and target.id not in barred:
                    paths[target.id] = (*paths[node.id], target.id)
                    following.append(target)
        frontier = following
    return paths


def way_round(program: Program, target: str, guards: Iterable[str]) -> tuple[str, ...] | None:
    """A path from a start to `target` that passes none of `guards`; None when every path passes one."""
    return reachable(entries(program), guards).get(target)


def dominators(program: Program) -> dict[str, frozenset[str]]:
    """Node id -> ids of the nodes on every path from a start to it, itself included. Unreachable nodes are absent."""
    order = list(reachable(entries(program)))
    position = {key: number for number, key in enumerate(order)}
    before: dict[str, list[str]] = {key: [] for key in order}
    for key in order:
        for target in successors(program.nodes[key]):
            before[target.id].append(key)
    starts = {node.id for node in entries(program)}
    everything = (1 << len(order)) - 1
    masks = {key: 1 << position[key] if key in starts else everything for key in order}
    changed = True
    while changed:
        changed = False
        for key in order:
            if key in starts:
                continue
            mask = everything
            for source in before[key]:
                mask &= masks[source]
            mask |= 1 << position[key]
            if mask != masks[key]:
                masks[key] = mask
                changed = True
    return {key: frozenset(other for other in order if masks[key] >> position[other] & 1) for key in order}


def _leaving(node: Node) -> tuple:  # type: ignore[type-arg]
    if node.op == EVENT_BASED or node.default is None:
        return node.out
    return (*node.out, node.default)

"""Ad-hoc sub-processes: what stands inside is started by the drawing or by people, in any order, until it is enough.

BPMN 2.0.2, 10.3.5 and 13.3.5. Such a scope may be alive without a token: it waits for the next activation.
"""

from engine.bpmn.machine.activities import arrive
from engine.bpmn.machine.core import Run
from engine.bpmn.machine.evaluation import Stuck, failure
from engine.bpmn.program import AdHoc, Edge, Node
from engine.bpmn.state import Scope
from engine.values import Values


def begin(run: Run, scope: Scope, node: Node, edge: Edge | None) -> None:
    """Start what its collection names, nothing when people activate, else everything that no flow leads to."""
    _, local, waiting = arrive(run, scope, node, "scope")
    inner = node.inner
    assert inner is not None  # noqa: S101 - compiled
    chosen = _chosen(run, node, run.context(scope, local))
    opened = run.open_scope(
        "ad-hoc", waiting(None), scope.program, scope.definition_id, inner, local or {}, empty=True
    )  # fmt: skip
    for first in chosen:
        activate(run, opened, first)
    if not chosen:
        run.endings.append(opened)


def activate(run: Run, scope: Scope, node: Node) -> None:
    """Start `node` now, or when it is its turn."""
    run.dirty.add(scope.id)
    if _marker(scope).sequential and scope.live:
        scope.pending.append(node.id)
        return
    scope.live += 1
    run.queue.append((scope, node, None))


def finish(run: Run, scope: Scope) -> None:
    """Nothing more is started; the scope ends when nothing in it is active."""
    run.dirty.add(scope.id)
    scope.closed = True
    scope.pending.clear()
    if scope.live == 0:
        run.endings.append(scope)


def idle(run: Run, scope: Scope) -> None:
    """Nothing is active: the next one in the queue, the end, or waiting for an activation."""
    marker = _marker(scope)
    if scope.pending:
        activate(run, scope, scope.program.nodes[scope.pending.pop(0)])
    elif scope.closed or (marker.completion is None and not marker.manual):
        run.end_scope(scope)


def _chosen(run: Run, node: Node, context: Values) -> tuple[Node, ...]:
    """Raises Stuck for what is no list of elements that can be started."""
    marker, inner = node.ad_hoc, node.inner
    assert marker is not None and inner is not None  # noqa: S101, PT018 - compiled
    if marker.active is None:
        return () if marker.manual else inner.starts
    names, diagnostics = run.evaluate(marker.active, context)
    known = {start.id: start for start in inner.starts}
    if not isinstance(names, list) or any(name not in known for name in names):
        raise Stuck(
            "ad-hoc-element-unknown", known=sorted(known), **failure(marker.active, context, names, diagnostics)
        )
    return tuple(known[name] for name in names)


def _marker(scope: Scope) -> AdHoc:
    assert scope.unit.node is not None and scope.unit.node.ad_hoc is not None  # noqa: S101, PT018 - compiled
    return scope.unit.node.ad_hoc

"""What is undone before a token that is moved by hand arrives: what has completed between there and here.

Entries of the log of the target's scope, and what has completed inside a sub-process or call that is taken away: it is
undone as if that had completed, by its own entries in reverse.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from engine.bpmn.machine import compensation
from engine.bpmn.machine.core import Run
from engine.bpmn.program import Node
from engine.bpmn.state import Entry, Scope, State, Token, Undo

_FOLDED = ("sub", "call", "ad-hoc")
"""kinds of scope whose own entries can be undone without it"""


@dataclass(frozen=True, slots=True)
class Region:
    """`elements` of `scope` that follow from where a token is put, as far as they completed after number `after`."""

    scope: Scope
    elements: tuple[str, ...]
    after: int = 0

    def entries(self) -> list[Entry]:
        """What can be undone of it, newest first."""
        return [
            entry for entry in reversed(self.scope.log)
            if entry.seq > self.after and entry.node.id in self.elements
        ]  # fmt: skip


def region(scope: Scope, node: Node, after: int = 0, *, itself: bool = False) -> Region:
    """What follows from `node`, loops not gone round; `itself`: and the node."""
    mask = node.scope.routes.down[node.index] | (itself << node.index)
    if not itself:
        mask &= ~(1 << node.index)
    return Region(scope, tuple(other.id for other in scope.unit.nodes if mask >> other.index & 1), after)


def entries(found: Region, tokens: Iterable[Token]) -> list[Entry]:
    """What will be undone, newest first; what has completed inside `tokens`, which are taken away, goes before."""
    inner = [entry for token in tokens for entry in inside(token)]
    return [*inner, *found.entries()]


def nodes(entries: Iterable[Entry]) -> Iterator[str]:
    """Every element that is undone with `entries`, at any depth."""
    for entry in entries:
        yield entry.node.id
        yield from nodes(entry.log)


def inside(token: Token) -> list[Entry]:
    """What has completed inside what `token` hosts, newest first."""
    todo = [token.inside] if token.inside is not None else []
    found: list[Entry] = []
    for scope in todo:
        todo.extend(scope.children.values())
        found += scope.log
    return sorted(found, key=lambda entry: -entry.seq)


def covering(state: State, token: Token, found: Region) -> Token | None:
    """The token in the region that `token` is or lives under; None when there is none."""
    scope = token.scope
    while scope is not found.scope:
        if scope.within is None:
            return None
        token = state.tokens[scope.token]
        scope = token.scope
    return token if token.node.id in found.elements else None


def unfoldable(token: Token) -> Iterator[str]:
    """Open scopes under `token` in which something has completed that cannot be undone without them."""
    todo = [token.inside] if token.inside is not None else []
    for scope in todo:
        todo.extend(scope.children.values())
        if scope.log and not all(_folds(part) for part in (scope, *_around(scope, token))):
            yield scope.unit.id


def fold(run: Run, token: Token) -> None:
    """Before `token` is taken away: what has completed inside becomes an entry of its scope."""
    entry = _folded(run, token)
    if entry is not None:
        token.scope.log.append(entry)
        run.dirty.add(token.scope.id)


def undo(run: Run, found: Region, node: Node, then: str) -> bool:
    """Undo the region, newest first; then a token is placed at `node` ("arrive") or behind it ("leave").

    False: there is nothing to undo; nobody is placed.
    """
    token = run.number()
    order = Undo(found.scope.id, None, token, then, found.elements, found.after)
    return compensation.undo(run, found.scope, node, token, order)


def _folds(scope: Scope) -> bool:
    host = scope.unit.node
    own = host is not None and (host.handler is not None or host.loop is not None)
    return scope.kind in _FOLDED and not own and scope.unit.compensation is None


def _around(scope: Scope, token: Token) -> Iterator[Scope]:
    """The scopes between `scope` and `token`."""
    part = scope.within
    while part is not None and part is not token.scope:
        yield part
        part = part.within


def _folded(run: Run, token: Token) -> Entry | None:
    scope = token.inside
    if scope is None:
        return None
    log = list(scope.log)
    for other in run.state.tokens.values():
        if other.scope is scope:
            inner = _folded(run, other)
            if inner is not None:
                log.append(inner)
    if not log:
        return None
    return Entry(run.number(), token.node, dict(scope.vars), log, scope.program, scope.definition_id)


def tops(state: State, numbers: Collection[int]) -> list[Token]:
    """The tokens among `numbers` that live under none of the others."""
    found = [state.tokens[number] for number in numbers if number in state.tokens]
    return [token for token in found if not any(other is not token and _under(token, other) for other in found)]


def _under(token: Token, other: Token) -> bool:
    scope: Scope | None = token.scope
    while scope is not None:
        if scope is other.inside:
            return True
        scope = scope.within
    return False

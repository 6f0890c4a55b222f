"""The document of a state: what is kept of an instance, and how it is read again.

Ids stand in place of indexes, so that another compiler does not shift their meaning. Large values may lie apart:
`split` takes them out of a document, `join` puts them back.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from engine.bpmn.program import Program, ScopeProgram
from engine.bpmn.state import ON_SCOPE, ROOTS, Entry, Incident, Progress, Scope, State, Token, Undo
from engine.errors import N_, InvalidValue, Phrase
from engine.values import decode, encode

FORMAT = 1
_VARIABLE, _ITEMS, _LOG = "vars.", "loop.items", "log."
_TAG = "$"
"""in `values.encode`: what stands beside it is a tag and what it says"""


def dump(state: State, apart: Mapping[int, Collection[str]] | None = None) -> dict[str, Any]:
    """A JSON document: ids instead of indexes, tagged values, no meaning in the order of keys.

    `apart`: places of large values (`places`) that lie elsewhere, by scope; they are left out.
    """
    left = apart or {}
    return {
        "v": FORMAT,
        "def": state.definition_id,
        "n": state.n,
        "state": state.status,
        "scopes": [[scope.id, _dump_scope(scope, left.get(scope.id, ()))] for scope in state.scopes.values()],
        "tokens": [[token.id, _dump_token(token)] for token in state.tokens.values()],
        "incidents": [
            [item.id, {"t": item.token, "code": item.code, "detail": encode(item.detail)}]
            for item in state.incidents.values()
        ],
    }


def load(document: dict[str, Any], programs: Callable[[str], Program]) -> State:
    """The state that `dump` made `document` of. `programs`: definition id -> Program. Raises InvalidValue."""
    if document.get("v") != FORMAT:
        raise InvalidValue(
            expected=Phrase(N_("a state of format {format}"), format=FORMAT), found=str(document.get("v"))
        )
    state = State()
    state.n = document["n"]
    state.status = document["state"]
    places: list[tuple[Scope, int | None]] = []
    for key, found in document["scopes"]:
        program = programs(found["def"])
        unit = _unit(program, found)
        scope = Scope(key, found["k"], program, found["def"], unit, None, found.get("t", 0))
        scope.vars = decode(found["vars"])
        scope.approval = decode(found.get("approval", {}))
        scope.held = dict(found.get("in", {}))
        scope.held_total = scope.live = sum(scope.held.values())
        scope.index = found.get("i", 0)
        if "loop" in found:
            scope.progress = _load_progress(found["loop"])
        scope.last = {join: (seq, tuple(flows)) for join, (seq, flows) in found.get("last", {}).items()}
        scope.fired = {gateway: list(flows) for gateway, flows in found.get("fired", {}).items()}
        scope.pending, scope.closed = list(found.get("todo", ())), found.get("closed", False)
        scope.log = _load_log(found.get("log", ()), program, found["def"], programs)
        state.scopes[key] = scope
        places.append((scope, found.get("p")))
    for scope, parent in places:
        if parent is not None:
            scope.parent = scope.within = state.scopes[parent]
            scope.parent.live += scope.kind == "turn"
    for key, found in document["tokens"]:
        token = _load_token(key, found, state.scopes[found["s"]])
        state.tokens[key] = token
        if token.counts:
            token.scope.live += 1
    for token in state.tokens.values():
        if token.host == ON_SCOPE:
            token.scope.armed.append(token.id)
        elif token.host:
            state.tokens[token.host].guards.append(token.id)
        if token.wait in ("signal", "condition"):
            state.listen(token)
    for scope in state.scopes.values():
        if scope.parent is not None and scope.kind != "turn":
            host = state.tokens[scope.token]
            host.inside, scope.within = scope, host.scope
        if scope.within is not None:
            scope.within.children[scope.id] = scope
    for key, found in document["incidents"]:
        state.incidents[key] = Incident(key, found["t"], found["code"], decode(found["detail"]))
        state.tokens[found["t"]].incident = key
    return state


def places(scope: Scope) -> Iterator[tuple[str, Any]]:
    """Where a scope may hold large values that nobody changes in place: (place, value)."""
    for name, value in scope.vars.items():
        yield _VARIABLE + name, value
    if scope.progress is not None and scope.progress.items is not None:
        yield _ITEMS, scope.progress.items
    for entry in scope.log:
        yield f"{_LOG}{entry.seq}", entry.vars


def split(document: dict[str, Any], size: Callable[[Any], int], least: int) -> dict[int, dict[str, Any]]:
    """Take the values of at least `least` bytes out of a document of `dump`: place -> its part, by scope.

    Variables of which one is called "$" are one tagged value and stay together.
    """
    taken: dict[int, dict[str, Any]] = {}
    for key, found in document["scopes"]:
        for place, holder, name in _holders(found):
            if name in holder and size(holder[name]) >= least:
                taken.setdefault(key, {})[place] = holder.pop(name)
    return taken


def join(document: dict[str, Any], parts: Mapping[int, Mapping[str, Any]]) -> None:
    """Put back what `split` took out."""
    for key, found in document["scopes"]:
        taken = parts.get(key, {})
        if taken:
            log = {f"{_LOG}{seq}": entry for seq, entry in found.get("log", ())}
            own = found["vars"]
            for place, value in taken.items():
                if place.startswith(_VARIABLE):
                    name = place.removeprefix(_VARIABLE)
                    if _TAG in own:
                        own[_TAG][1].append([name, value])
                    else:
                        own[name] = value
                elif place == _ITEMS:
                    found["loop"]["items"] = value
                else:
                    log[place]["vars"] = value


def _holders(found: dict[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    """(place, the part of the document that holds its value, under which key) of one scope."""
    own = found["vars"]
    holders = [(_VARIABLE + name, own, name) for name in own] if _TAG not in own else []
    if "loop" in found:
        holders.append((_ITEMS, found["loop"], "items"))
    return holders + [(f"{_LOG}{seq}", entry, "vars") for seq, entry in found.get("log", ())]


def _dump_scope(scope: Scope, apart: Collection[str]) -> dict[str, Any]:
    own = scope.vars
    if apart:
        own = {name: value for name, value in own.items() if _VARIABLE + name not in apart}
    found: dict[str, Any] = {"k": scope.kind, "def": scope.definition_id, "vars": encode(own)}
    if scope.parent is not None:
        found["p"] = scope.parent.id
        found["t"] = scope.token
        found["at"] = scope.unit.id
    if scope.held:
        found["in"] = dict(scope.held)
    if scope.last:
        found["last"] = {join: [seq, list(flows)] for join, (seq, flows) in scope.last.items()}
    if scope.fired:
        found["fired"] = {gateway: list(flows) for gateway, flows in scope.fired.items()}
    if scope.approval:
        found["approval"] = encode(scope.approval)
    if scope.index:
        found["i"] = scope.index
    if scope.progress is not None:
        done = scope.progress
        found["loop"] = {
            "n": done.total, "a": done.active, "c": done.completed, "t": done.terminated,
            "out": encode(done.results),
        }  # fmt: skip
        if _ITEMS not in apart:
            found["loop"]["items"] = encode(done.items)
    if scope.pending:
        found["todo"] = list(scope.pending)
    if scope.closed:
        found["closed"] = True
    if scope.log:
        found["log"] = _dump_log(scope.log, scope.definition_id, apart)
    return found


def _dump_log(log: list[Entry], definition_id: str, apart: Collection[str] = ()) -> list[Any]:
    dumped = []
    for entry in log:
        found: dict[str, Any] = {"at": entry.node.id}
        if not apart or f"{_LOG}{entry.seq}" not in apart:
            found["vars"] = encode(entry.vars)
        if entry.definition_id != definition_id:
            found["def"] = entry.definition_id
        if entry.log:
            found["log"] = _dump_log(entry.log, entry.definition_id)
        dumped.append([entry.seq, found])
    return dumped


def _load_log(
    stored: Any, program: Program, definition_id: str, programs: Callable[[str], Program]
) -> list[Entry]:  # fmt: skip
    log = []
    for seq, found in stored:
        inner_id = found.get("def", definition_id)
        inner = programs(inner_id) if "def" in found else program
        nested = _load_log(found.get("log", ()), inner, inner_id, programs)
        log.append(Entry(seq, program.nodes[found["at"]], decode(found["vars"]), nested, inner, inner_id))
    return log


def _unit(program: Program, found: dict[str, Any]) -> ScopeProgram:
    if found["k"] in ROOTS:
        return program.root
    node = program.nodes.get(found["at"])
    if node is not None and found["k"] in ("loop", "turn"):
        return node.turn or program.scopes[found["at"]]
    if node is not None and found["k"] == "compensation":
        return node.undo or program.scopes[found["at"]]
    return program.scopes[found["at"]]


def _load_progress(found: dict[str, Any]) -> Progress:
    progress = Progress(found["n"], decode(found["items"]), decode(found["out"]))
    progress.active, progress.completed, progress.terminated = found["a"], found["c"], found["t"]
    return progress


def _dump_token(token: Token) -> dict[str, Any]:
    found: dict[str, Any] = {"s": token.scope.id, "at": token.node.id, "w": token.wait}
    if token.host:
        found["host"] = token.host
    if token.vars:
        found["vars"] = encode(token.vars)
    if token.results is not None:
        found["results"] = encode(token.results)
    if token.due is not None:
        found["due"] = token.due
        found["left"] = token.left
    if token.cycle is not None:
        found["cycle"] = token.cycle
    if token.stage is not None:
        found["stage"] = token.stage
    if token.by is not None:
        found["by"] = token.by
    if token.definition:
        found["event"] = token.definition
    if token.name is not None:
        found["name"] = token.name
    if token.held:
        found["held"] = True
    if token.undo is not None:
        undo = token.undo
        found["undo"] = {"s": undo.scope, "a": undo.activity, "b": undo.before, "then": undo.then, "now": undo.now}
        if undo.region is not None:
            found["undo"] |= {"in": list(undo.region), "f": undo.after}
    return found


def _load_token(key: int, found: dict[str, Any], scope: Scope) -> Token:
    node = scope.unit.starts[0] if scope.kind in ("turn", "compensation") else scope.program.nodes[found["at"]]
    token = Token(key, scope, node, found["w"], found.get("host", 0))
    values = found.get("vars")
    token.vars = decode(values) if values else None
    token.results = decode(found["results"]) if "results" in found else None
    token.due = found.get("due")
    token.left = found.get("left", 0)
    token.cycle = found.get("cycle")
    token.stage = found.get("stage")
    token.by = found.get("by")
    token.definition = found.get("event", 0)
    token.name = found.get("name")
    token.held = found.get("held", False)
    if "undo" in found:
        undo = found["undo"]
        within = tuple(undo["in"]) if "in" in undo else None
        token.undo = Undo(undo["s"], undo["a"], undo["b"], undo["then"], within, undo.get("f", 0))
        token.undo.now = undo["now"]
    return token

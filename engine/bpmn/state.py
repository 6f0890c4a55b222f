"""State of one instance: scopes, waiting tokens, held joins, incidents; its document and its invariants.

A token's number identifies a wait and is never used again. A sub-process or call is a waiting token in the outer scope
plus a scope of its own; so is an event sub-process, beside the other tokens of its scope. `live` of a scope counts its
tokens: waiting, held at joins, ready. Guards do not count: armed boundary events and the events behind an event-based
gateway hang on their host, the armed starts of event sub-processes on their scope.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from engine.bpmn.program import Edge, Node, Program, ScopeProgram
from engine.errors import InvalidValue
from engine.values import Values, decode, encode

FORMAT = 1

ROOTS = frozenset(("process", "call", "restored call"))
"""Kinds of scope that see nothing outside."""

RESTORED = ("restored", "restored call")
"""Kinds of scope that are over and come back only to be undone."""

ON_SCOPE: Final = -1
"""`host` of a token that guards its scope: the armed start of an event sub-process"""

WAITING = frozenset(
    ("work", "job", "timer", "message", "signal", "condition", "scope", "gate", "events", "met", "incident")
)
"""`gate`: an event-based gateway; `events`: an event with several definitions, each of which is a guard; `met`: one of
them that has come, while another one is still missing."""
_INWARD = frozenset(("scope", "gate", "events", "met"))

STAGES = frozenset(("enter", "leave", "split", "join", "begin", "reset", "turn"))
"""What `resume` does with a stuck token: run its node again, only leave it, only choose its flows, fire a join, begin
its scope, reset a complex gateway, end a round of a loop."""


class Token:
    """A wait. `host` 0: counts for its scope; ON_SCOPE: guards it; otherwise the number of the token that it guards."""

    __slots__ = (
        "by",
        "cycle",
        "definition",
        "due",
        "guards",
        "held",
        "host",
        "id",
        "incident",
        "inside",
        "left",
        "name",
        "node",
        "scope",
        "stage",
        "undo",
        "vars",
        "wait",
    )

    def __init__(self, id: int, scope: "Scope", node: Node, wait: str, host: int = 0) -> None:
        self.id = id
        self.scope = scope
        self.node = node
        self.wait = wait
        self.host = host
        self.guards: list[int] = []
        self.vars: Values | None = None
        self.due: str | None = None
        self.left: int | None = 0
        self.cycle: str | None = None
        self.incident = 0
        self.definition = 0
        """which of the events of its node is waited for"""
        self.name: str | None = None
        """of the signal that is waited for"""
        self.held = False
        """the condition was true when it was looked at last"""
        self.stage: str | None = None
        self.by: str | None = None
        """id of the flow that brought a stuck token; of the start event at which a stuck scope begins"""
        self.inside: Scope | None = None
        """the scope that it hosts; of a loop, its body"""
        self.undo: Undo | None = None

    @property
    def counts(self) -> bool:
        """Whether it is one of the live tokens of its scope."""
        return self.host == 0 and self.stage != "join"


class Undo:
    """What a waiting token compensates: entries of the log of `scope` from before number `before`, of one `activity` or
    all. `then`: what it does when none is left: go (on), end, cancel (its transaction). `now`: what is being undone."""

    __slots__ = ("activity", "before", "now", "scope", "then")

    def __init__(self, scope: int, activity: str | None, before: int, then: str) -> None:
        self.scope = scope
        self.activity = activity
        self.before = before
        self.then = then
        self.now = ""


class Entry:
    """An activity that has completed and can be compensated. `seq`: when.

    `vars`: what was visible in it and is not outside. `log`: of a sub-process or call, its own entries.
    """

    __slots__ = ("definition_id", "log", "node", "program", "seq", "vars")

    def __init__(
        self, seq: int, node: Node, vars: Values, log: "list[Entry]", program: Program, definition_id: str
    ) -> None:  # fmt: skip
        self.seq = seq
        self.node = node
        self.vars = vars
        self.log = log
        self.program = program
        self.definition_id = definition_id


class Progress:
    """How far a loop is. `items`: what a sequential one goes through; `results`: by position, None where not done."""

    __slots__ = ("active", "completed", "items", "results", "terminated", "total")

    def __init__(self, total: int, items: list[Any] | None, results: list[Any] | None) -> None:
        self.total = total
        self.items = items
        self.results = results
        self.active = self.completed = self.terminated = 0

    def counters(self) -> Values:
        """As expressions inside read them."""
        return {
            "numberOfInstances": self.total, "nrOfInstances": self.total,
            "numberOfActiveInstances": self.active, "nrOfActiveInstances": self.active,
            "numberOfCompletedInstances": self.completed, "nrOfCompletedInstances": self.completed,
            "numberOfTerminatedInstances": self.terminated, "nrOfTerminatedInstances": self.terminated,
        }  # fmt: skip


class Scope:
    """A running process, sub-process, event sub-process or call. `token`: the host in the outer scope; `held`: tokens
    at joins by flow; `armed`: the waiting starts of its event sub-processes; `nested`: it sees the scope around it;
    `last`: join -> number and flows of its last firing, for `goto`.

    The body of a loop is one too, and each of its rounds or instances is a scope of kind `turn` in it, with the same
    host; turns count as live in the body. `index`: the loopCounter, from 1.

    `parent`: whose variables it sees; `within`: with what it is cancelled, the same but for a compensation handler.
    `log`: what can be compensated, the newest last. Of an ad-hoc sub-process: `pending`, what is started next in its
    sequence; `closed`, whether nothing more is started.
    """

    __slots__ = (
        "approval", "armed", "children", "closed", "definition_id", "fired", "held", "held_total", "id", "index",
        "kind", "last", "live", "log", "nested", "parent", "pending", "program", "progress", "token", "unit", "vars",
        "within",
    )  # fmt: skip

    def __init__(
        self, id: int, kind: str, program: Program, definition_id: str, unit: ScopeProgram,
        parent: "Scope | None" = None, token: int = 0,
    ) -> None:  # fmt: skip
        self.id = id
        self.kind = kind
        self.nested = kind not in ROOTS
        self.program = program
        self.definition_id = definition_id
        self.unit = unit
        self.parent = parent
        self.token = token
        self.vars: Values = {}
        self.approval: Values = {}
        self.held: dict[str, int] = {}
        self.held_total = 0
        self.armed: list[int] = []
        self.last: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.fired: dict[str, list[str]] = {}
        """complex gateways that have fired and wait for their reset -> flows whose tokens they took"""
        self.live = 0
        self.index = 0
        self.progress: Progress | None = None
        self.children: dict[int, Scope] = {}
        self.within: Scope | None = parent
        self.log: list[Entry] = []
        self.pending: list[str] = []
        self.closed = False

    def readable(self) -> Values:
        """Its own variables, with the counters of a loop."""
        if self.progress is None and not self.index:
            return self.vars
        found = dict(self.vars)
        if self.progress is not None and self.unit.node is not None and self.unit.node.loop is not None:
            loop = self.unit.node.loop
            if loop.kind != "standard":
                found.update(self.progress.counters())
            if loop.result is not None:
                found[loop.result] = self.progress.results
        if self.index:
            found["loopCounter"] = self.index
        return found

    def approvals(self) -> Values:
        """The facts readable as `approval.<node>` here: those of a round hide those outside."""
        found = self.approval
        scope = self
        while scope.nested and scope.parent is not None:
            scope = scope.parent
            if scope.approval:
                found = {**scope.approval, **found}
        return found

    def home(self) -> "Scope":
        """Where approvals made here are kept: the round or instance of a loop, else the process or call."""
        scope = self
        while scope.nested and scope.kind != "turn" and scope.parent is not None:
            scope = scope.parent
        return scope


class Incident:
    """Why a token is stuck."""

    __slots__ = ("code", "detail", "id", "token")

    def __init__(self, id: int, token: int, code: str, detail: Values) -> None:
        self.id = id
        self.token = token
        self.code = code
        self.detail = detail


class State:
    """One instance. `status`: active | completed | terminated | failed | cancelled."""

    __slots__ = ("incidents", "listening", "n", "scopes", "status", "tokens", "watching")

    def __init__(self) -> None:
        self.listening: dict[str, dict[int, None]] = {}
        """name of a signal -> tokens that wait for it"""
        self.watching: dict[tuple[int, str], dict[int, None]] = {}
        """(scope, name of a variable) -> tokens whose condition reads it there"""
        self.n = 0
        self.status = "active"
        self.scopes: dict[int, Scope] = {}
        self.tokens: dict[int, Token] = {}
        self.incidents: dict[int, Incident] = {}

    @property
    def root(self) -> Scope:
        """The scope of the process itself."""
        return self.scopes[0]

    @property
    def program(self) -> Program:
        """The program of the process itself."""
        return self.scopes[0].program

    @property
    def definition_id(self) -> str:
        """The deployed version that it follows."""
        return self.scopes[0].definition_id

    def listen(self, token: Token) -> None:
        """Find `token` by its signal, or by what its condition reads."""
        if token.name is not None:
            self.listening.setdefault(token.name, {})[token.id] = None
        elif token.wait == "condition":
            for key in _read_by(token):
                self.watching.setdefault(key, {})[token.id] = None

    def unlisten(self, token: Token) -> None:
        """The opposite."""
        if token.name is not None:
            _drop(self.listening, token.name, token.id)
        elif token.wait == "condition":
            for key in _read_by(token):
                _drop(self.watching, key, token.id)


def _read_by(token: Token) -> Iterator[tuple[int, str]]:
    condition = token.node.events[token.definition].condition
    for scope in _outward(token.scope):
        for name in condition.names if condition is not None else ():
            yield scope.id, name


def _drop(index: dict[Any, dict[int, None]], key: Any, token: int) -> None:
    del index[key][token]
    if not index[key]:
        del index[key]


# ---------------------------------------------------------------- questions


def is_open(state: State, token: int) -> bool:
    """Whether this wait is still open."""
    found = state.tokens.get(token)
    return found is not None and found.wait != "met"


def variables(state: State, scope: int = 0, token: int | None = None) -> Values:
    """What an expression in `scope` can read, without the reserved names; with the input mapping of wait `token`."""
    found: Values = {}
    for part in reversed(list(_outward(state.scopes[scope]))):
        found.update(part.readable())
    if token is not None:
        found.update(state.tokens[token].vars or {})
    return found


def approvals(state: State, scope: int = 0) -> Values:
    """The facts readable as `approval.<node>` in `scope`."""
    return state.scopes[scope].approvals()


def waits(state: State) -> list[tuple[int, str, str]]:
    """(token, element id, kind) of every open wait; kinds: work job timer message signal condition incident."""
    return [(token.id, token.node.id, token.wait) for token in state.tokens.values() if token.wait not in _INWARD]


class Choice(NamedTuple):
    """An ad-hoc sub-process in which people can start something: (element id, name) of each `activity`."""

    scope: int
    element: str
    name: str
    activities: tuple[tuple[str, str], ...]


def choices(state: State) -> list[Choice]:
    """What can be started by hand."""
    return [
        Choice(
            scope.id, scope.unit.id, scope.unit.node.name if scope.unit.node is not None else scope.unit.id,
            tuple((start.id, start.name) for start in scope.unit.starts),
        )
        for scope in state.scopes.values() if scope.kind == "ad-hoc" and not scope.closed
    ]  # fmt: skip


def markers(state: State) -> dict[str, str]:
    """Element id -> active | incident, for the drawing of the root process and its sub-processes."""
    found: dict[str, str] = {}
    for token in state.tokens.values():
        if token.scope.program is not state.program or (token.host and not token.incident):
            continue
        stuck = token.wait == "incident" or token.incident
        if stuck or token.node.id not in found:
            found[token.node.id] = "incident" if stuck else "active"
    for scope in state.scopes.values():
        if scope.program is state.program:
            for flow in scope.held:
                found.setdefault(scope.program.flows[flow].target.id, "active")
    return found


def _outward(scope: Scope) -> Iterator[Scope]:
    part: Scope | None = scope
    while part is not None:
        yield part
        part = part.parent if part.nested else None


# ---------------------------------------------------------------- document


def dump(state: State) -> dict[str, Any]:
    """A JSON document: ids instead of indexes, tagged values, no meaning in the order of keys."""
    return {
        "v": FORMAT,
        "def": state.definition_id,
        "n": state.n,
        "state": state.status,
        "scopes": [[scope.id, _dump_scope(scope)] for scope in state.scopes.values()],
        "tokens": [[token.id, _dump_token(token)] for token in state.tokens.values()],
        "incidents": [
            [item.id, {"t": item.token, "code": item.code, "detail": encode(item.detail)}]
            for item in state.incidents.values()
        ],
    }


def load(document: dict[str, Any], programs: Callable[[str], Program]) -> State:
    """The state that `dump` made `document` of. `programs`: definition id -> Program. Raises InvalidValue."""
    if document.get("v") != FORMAT:
        raise InvalidValue(expected=f"a state of format {FORMAT}", found=str(document.get("v")))
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


def _dump_scope(scope: Scope) -> dict[str, Any]:
    found: dict[str, Any] = {"k": scope.kind, "def": scope.definition_id, "vars": encode(scope.vars)}
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
            "items": encode(done.items), "out": encode(done.results),
        }  # fmt: skip
    if scope.pending:
        found["todo"] = list(scope.pending)
    if scope.closed:
        found["closed"] = True
    if scope.log:
        found["log"] = _dump_log(scope.log, scope.definition_id)
    return found


def _dump_log(log: list[Entry], definition_id: str) -> list[Any]:
    dumped = []
    for entry in log:
        found: dict[str, Any] = {"at": entry.node.id, "vars": encode(entry.vars)}
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
    return found


def _load_token(key: int, found: dict[str, Any], scope: Scope) -> Token:
    node = scope.unit.starts[0] if scope.kind in ("turn", "compensation") else scope.program.nodes[found["at"]]
    token = Token(key, scope, node, found["w"], found.get("host", 0))
    values = found.get("vars")
    token.vars = decode(values) if values else None
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
        token.undo = Undo(undo["s"], undo["a"], undo["b"], undo["then"])
        token.undo.now = undo["now"]
    return token


# ---------------------------------------------------------------- invariants


def check(state: State) -> list[str]:
    """What is wrong with a state at rest; empty when all invariants hold."""
    return [*_check_scopes(state), *_check_tokens(state), *_check_incidents(state)]


def _check_scopes(state: State) -> Iterator[str]:
    counted = dict.fromkeys(state.scopes, 0)
    for token in state.tokens.values():
        if token.counts and token.scope.id in counted:
            counted[token.scope.id] += 1
    for scope in state.scopes.values():
        if scope.kind == "turn" and scope.parent is not None:
            counted[scope.parent.id] += 1
    for key, scope in state.scopes.items():
        held = sum(scope.held.values())
        if held != scope.held_total or any(count < 1 for count in scope.held.values()):
            yield f"scope {key}: held {scope.held} against {scope.held_total}"
        if scope.live != counted[key] + held:
            yield f"scope {key}: live {scope.live}, but {counted[key]} tokens and {held} held"
        if scope.live == 0 and state.status == "active" and scope.kind != "ad-hoc":
            yield f"scope {key} is over, but exists"
        if scope.parent is not None:
            host = state.tokens.get(scope.token)
            outer = scope.parent.parent if scope.kind == "turn" else scope.within
            if host is None or host.wait != "scope" or host.scope is not outer:
                yield f"scope {key} has no host"
            elif scope.kind != "turn" and host.inside is not scope:
                yield f"token {host.id} does not know its scope {key}"
            if scope.parent.id not in state.scopes:
                yield f"scope {key} outlives scope {scope.parent.id}"
            if scope.within is None or scope.within.children.get(key) is not scope:
                yield f"scope {key} is not cancelled with the one around it"
        for inner in scope.children:
            if inner not in state.scopes:
                yield f"scope {key} keeps scope {inner}, which is over"
        for flow in scope.held:
            edge: Edge | None = scope.program.flows.get(flow)
            if edge is None or edge not in scope.unit.edges:
                yield f"scope {key} holds a token on {flow}, which is not in it"
    if state.status != "active" and (state.tokens or list(state.scopes) != [0]):
        yield "an ended instance has tokens or scopes"


def _check_tokens(state: State) -> Iterator[str]:
    for key, token in state.tokens.items():
        if token.id != key or key > state.n:
            yield f"token {key}: number {token.id}, last number {state.n}"
        if token.wait not in WAITING:
            yield f"token {key} waits for {token.wait}"
        if state.scopes.get(token.scope.id) is not token.scope or unit_of(token, token.node) is not token.scope.unit:
            yield f"token {key} at {token.node.id} is not in scope {token.scope.id}"
        guarded = token.scope.armed if token.host == ON_SCOPE else getattr(state.tokens.get(token.host), "guards", ())
        if token.host and key not in guarded:
            yield f"guard {key} has no host"
        for guard in token.guards:
            if guard not in state.tokens or state.tokens[guard].host != key:
                yield f"token {key} misses its guard {guard}"
        if token.wait == "scope" and not any(scope.token == key for scope in state.scopes.values()):
            yield f"token {key} hosts no scope"
    for scope in state.scopes.values():
        for key in scope.armed:
            if key not in state.tokens or state.tokens[key].scope is not scope:
                yield f"scope {scope.id} misses its guard {key}"


def unit_of(token: Token, node: Node) -> ScopeProgram:
    """Where `token` stands when it waits at `node`: the start of an event sub-process is waited for outside of it."""
    unit = node.scope
    if (token.host == ON_SCOPE or token.stage == "begin") and unit.node is not None:
        return unit.node.scope
    return unit


def _check_incidents(state: State) -> Iterator[str]:
    for key, incident in state.incidents.items():
        token = state.tokens.get(incident.token)
        if token is None or token.incident != key:
            yield f"incident {key} has no token"
    for token in state.tokens.values():
        if token.wait == "incident" and token.incident not in state.incidents:
            yield f"token {token.id} is stuck without an incident"

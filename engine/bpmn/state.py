"""State of one instance: scopes, waiting tokens, held joins, incidents; and its invariants.

A token's number identifies a wait and is never used again. A sub-process or call is a waiting token in the outer scope
plus a scope of its own; so is an event sub-process, beside the other tokens of its scope. `live` of a scope counts its
tokens: waiting, held at joins, ready. Guards do not count: armed boundary events and the events behind an event-based
gateway hang on their host, the armed starts of event sub-processes on their scope.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from engine.bpmn.program import Edge, Node, Program, ScopeProgram
from engine.values import Values

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

STAGES = frozenset(("enter", "leave", "split", "join", "begin", "reset", "turn", "output", "end"))
"""What `resume` does with a stuck token: run its node again, only leave it, only choose its flows, fire a join, begin
its scope, reset a complex gateway, end a round of a loop, map the results of its node, end its process."""


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
        "results",
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
        self.results: Values | None = None
        """what its work gave, or its event brought, while it cannot go on with that"""
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
    all; of a token that is moved by hand, those of `region` from behind number `after`.

    `then`: what it does when none is left: go (on), end, cancel (its transaction), arrive at its node, leave it. `now`:
    what is being undone.
    """

    __slots__ = ("activity", "after", "before", "now", "region", "scope", "then")

    def __init__(
        self, scope: int, activity: str | None, before: int, then: str, region: tuple[str, ...] | None = None,
        after: int = 0,
    ) -> None:  # fmt: skip
        self.scope = scope
        self.region = region
        self.after = after
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

    def called(self) -> "Scope | None":
        """The called process that it belongs to; None in the one that nobody called."""
        scope = self
        while scope.nested and scope.parent is not None:
            scope = scope.parent
        return scope if scope.parent is not None else None

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
    """What an expression in `scope` can read, without the reserved names; with what wait `token` was given and has."""
    found: Values = {}
    for part in reversed(list(_outward(state.scopes[scope]))):
        found.update(part.readable())
    if token is not None:
        found.update(state.tokens[token].vars or {})
        found.update(state.tokens[token].results or {})
    return found


def approvals(state: State, scope: int = 0) -> Values:
    """The facts readable as `approval.<node>` in `scope`."""
    return state.scopes[scope].approvals()


def waits(state: State) -> list[tuple[int, str, str]]:
    """(token, element id, kind) of every open wait; kinds: work job timer message signal condition incident."""
    return [(token.id, token.node.id, token.wait) for token in state.tokens.values() if token.wait not in _INWARD]


def turn_of(token: Token) -> int:
    """The number of the round or instance of a loop in which `token` stands, 0: in none."""
    return next((scope.index for scope in _outward(token.scope) if scope.kind == "turn"), 0)


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

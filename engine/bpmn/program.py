"""Program: a process compiled once per deployed version; immutable, shared by every instance of that version.

All structural questions are answered here, so that the machine never searches. It knows neither XML nor SpiffWorkflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine import feel
from engine.bpmn import timers
from engine.bpmn.model import Numbering, Retention
from engine.bpmn.steps import Approval, FieldRule
from engine.values import Values

# what the machine does at a node: an index into its table of handlers
PASS: Final = 0
WORK: Final = 1
JOB: Final = 2
SCRIPT: Final = 3
DECISION: Final = 4
EXCLUSIVE: Final = 5
PARALLEL: Final = 6
INCLUSIVE: Final = 7
EVENT_BASED: Final = 8
CATCH: Final = 9
THROW: Final = 10
END: Final = 11
END_ERROR: Final = 12
TERMINATE: Final = 13
SUB: Final = 14
CALL: Final = 15
BOUNDARY: Final = 16
EVENT_SUB: Final = 17
ESCALATE: Final = 18
COMPLEX: Final = 19
LOOP: Final = 20
GATHER: Final = 21
COMPENSATE: Final = 22
CANCEL: Final = 23
AD_HOC: Final = 24


@dataclass(slots=True, eq=False)
class Expression:
    """FEEL, compiled. `text` as it stands in the drawing."""

    text: str
    code: feel.Compiled

    @property
    def names(self) -> frozenset[str]:
        """Free names it reads."""
        return self.code.names


@dataclass(slots=True, eq=False)
class Slot:
    """Text or expression: literal unless it begins with `=`."""

    text: str
    expression: Expression | None = None

    def evaluate(
        self, context: Mapping[str, Any], *, now: datetime, zone: str, calendar: Any = None, people: Any = None
    ) -> Any:  # fmt: skip
        """Its value; null when the expression fails."""
        if self.expression is None:
            return self.text
        return self.expression.code.evaluate(context, now=now, zone=zone, calendar=calendar, people=people).value


@dataclass(slots=True, eq=False)
class MappingLine:
    """`source` assigned to the path `target`."""

    source: Slot
    target: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Declared:
    """A variable that a scope or activity has of its own. `initial`: its first value, null without one."""

    name: str
    initial: Slot | None = None


@dataclass(slots=True, eq=False)
class DataNeeds:
    """What a process, activity or event declares about its data, by names of variables.

    `variables`: all that are its own. `inputs`, `outputs`: its data inputs and outputs, those of `needed` and `yielded`
    required. `private`: variables that are no inputs: no operation and no called process is given them.
    """

    variables: tuple[Declared, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    yielded: tuple[str, ...] = ()
    private: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Edge:
    """A sequence flow. `index` is its bit in the masks of its scope."""

    id: str
    index: int
    name: str
    source: "Node"
    target: "Node"
    condition: Expression | None = None
    condition_text: str | None = None
    drawn: bool = True
    """False: not a sequence flow, but the way between two link events"""


@dataclass(slots=True, eq=False)
class TimerSpec:
    """`kind`: date | duration | cycle. `calendar`: key of the work calendar that it counts by."""

    kind: str
    slot: Slot
    calendar: str | None = None


@dataclass(slots=True, eq=False)
class Event:
    """What an event node waits for or throws. `kind` as in the drawing; `code` of an error or escalation, None: any."""

    kind: str
    name: Slot | None = None
    key: Slot | None = None
    timer: TimerSpec | None = None
    condition: Expression | None = None
    code: str | None = None
    activity: str | None = None
    wait: bool = True
    """compensation: of one activity only; whether the thrower waits for its end"""
    ttl_seconds: int = 3600


@dataclass(slots=True, eq=False)
class Job:
    """A service operation to be called. `retry`: `R5/PT1M`."""

    type: Slot
    retry: str | None = None
    asynchronous: bool = False


@dataclass(slots=True, eq=False)
class Human:
    """What a user task asks for, before it is evaluated."""

    strategy: str
    parameters: tuple[tuple[str, Slot], ...] = ()
    approval: Approval | None = None
    form: Slot | None = None
    fields: tuple[FieldRule, ...] = ()
    default_permission: str = "write"
    due: Slot | None = None
    follow_up: Slot | None = None
    calendar: str | None = None
    priority: Slot | None = None
    buttons: dict[str, str] = field(default_factory=dict)
    opinion: str = "onReject"
    phrases: tuple[str, ...] = ()
    signature: str = "never"
    on_empty: str = "processAdmin"
    on_self: str = "ask"
    skip: Slot | None = None
    dedupe: str = "none"
    timeout: tuple[dict[str, Any], ...] = ()
    copies: tuple[dict[str, Any], ...] = ()
    hooks: tuple[dict[str, Any], ...] = ()
    chosen: bool = False
    """somebody may have said beforehand who is asked here"""
    provides: str | None = None
    subject: Slot | None = None
    subject_type: str = ""
    executor: bool = False
    request: bool = False
    returns: tuple[str, ...] = ()
    resubmits: tuple[str, ...] = ()
    compensate: bool = False
    recall: str = "beforeNextDecision"
    managers: tuple[str, ...] = ()


def pin(target: str, binding: str, version_tag: str | None) -> str:
    """The name under which a reference is bound to a version: two tags of one process are two names."""
    return f"{target}@{version_tag}" if binding == "versionTag" and version_tag else target


@dataclass(slots=True, eq=False)
class Call:
    """A called process or decision. `id` may be an expression."""

    id: Slot
    binding: str = "latest"
    version_tag: str | None = None
    propagate_parent: bool = True
    propagate_children: bool = True
    result: str | None = None

    def pin(self, target: str) -> str:
        """Under which name `target`, what `id` says, is bound; different tags may mean different versions."""
        return pin(target, self.binding, self.version_tag)


@dataclass(slots=True, eq=False)
class AdHoc:
    """How an ad-hoc sub-process runs. `active`: ids of what is started at once; `manual`: only what people start.

    `completion`: after each inner activity; true cancels the rest, or only starts nothing more.
    """

    sequential: bool = False
    cancel_remaining: bool = True
    manual: bool = False
    active: Expression | None = None
    completion: Expression | None = None


@dataclass(slots=True, eq=False)
class Loop:
    """A loop marker. `kind`: standard | parallel | sequential.

    `item`: what a child calls its element of `collection`; `result`: what the list of every child's `element` is
    called outside. `private`: names that belong to each child. `thrown`: what the completion of a child throws, if its
    condition holds; `once`: only the first one.
    """

    kind: str
    condition: Expression | None = None
    test_before: bool = False
    maximum: int | None = None
    cardinality: Expression | None = None
    collection: Expression | None = None
    item: str | None = None
    result: str | None = None
    element: Expression | None = None
    private: tuple[str, ...] = ()
    completion: Expression | None = None
    thrown: tuple[tuple[Expression | None, Event], ...] = ()
    once: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """A flow node. `out`: what leaves it; `plain`: every flow of `out` is taken without a question."""

    id: str
    index: int
    type: str
    name: str
    op: int
    labels: dict[str, str] = field(default_factory=dict)
    line: int | None = None
    scope: "ScopeProgram" = field(default=None)  # type: ignore[assignment]
    out: tuple[Edge, ...] = ()
    default: Edge | None = None
    plain: bool = True
    incoming: tuple[Edge, ...] = ()
    host: "Node | None" = None
    boundaries: tuple["Node", ...] = ()
    interrupting: bool = True
    event: Event | None = None
    """the first of `events`"""
    events: tuple[Event, ...] = ()
    together: bool = False
    """parallelMultiple: all events have to come; an event-based gateway that begins an instance: so have its events"""
    instantiate: bool = False
    trigger: "Node | None" = None
    """event sub-process: its start event"""
    inputs: tuple[MappingLine, ...] = ()
    outputs: tuple[MappingLine, ...] = ()
    data: DataNeeds | None = None
    """None: it declares no data"""
    job: Job | None = None
    human: Human | None = None
    call: Call | None = None
    activation: Expression | None = None
    """complex gateway: when it fires"""
    script: Expression | None = None
    result: str | None = None
    inner: "ScopeProgram | None" = None
    ad_hoc: AdHoc | None = None
    loop: Loop | None = None
    turn: "ScopeProgram | None" = None
    """of a loop: one round or instance, which holds this activity without its marker, flows and boundary events"""
    start_quantity: int = 1
    completion_quantity: int = 1
    gathered: int = PASS
    """with a start quantity: the op once enough tokens have come"""
    handler: "Node | None" = None
    """the activity that compensates this one"""
    undo: "ScopeProgram | None" = None
    """of an activity for compensation: itself, alone"""
    reach: tuple[int, ...] = ()
    """inclusive join: for each incoming flow the mask of flows from which it can be reached around this node"""
    exits: int = 0
    """mask of the flows on which a token inside this node may leave, boundary events included"""

    @property
    def is_activity(self) -> bool:
        """It has a life cycle: mappings, boundary events."""
        return self.op in (WORK, JOB, SCRIPT, DECISION, SUB, CALL, LOOP) or self.type.endswith("Task")


Context = tuple[tuple[int, int], ...]
"""The blocks around a node, outermost first: (index of the fork, mask of its branches)."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """What moves by hand ask of one scope; masks have bit `Node.index`.

    `down`: what lies after a node when no loop is gone round. `dominators`: what every way to a node passes, itself
    included. `contexts`: absent where no block structure is left. `tangled`: loops with more than one way in.
    """

    down: dict[int, int]
    dominators: dict[int, int]
    contexts: dict[int, Context]
    tangled: int


@dataclass(slots=True, eq=False)
class ScopeProgram:
    """A process or sub-process: where its tokens begin."""

    id: str
    node: Node | None = None
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    starts: tuple[Node, ...] = ()
    handlers: tuple[Node, ...] = ()
    """its event sub-processes"""
    compensation: Node | None = None
    """the one that compensates it when it is over"""
    declared: tuple[Declared, ...] = ()
    """its data objects; of a process its properties, inputs and outputs, too"""
    interface: DataNeeds | None = None
    """of a process with an ioSpecification: it exchanges nothing else with what calls it"""
    inclusive: bool = False
    routes: Routes = field(default=None)  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class OperationUse:
    """A service operation that the drawing calls. `inputs`, `outputs`: names that are mapped; no outputs: all."""

    element: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A called process or decision, or a form that is shown; `id` is None when an expression decides at run time."""

    element: str
    id: str | None
    binding: str
    version_tag: str | None = None

    @property
    def pinned(self) -> bool:
        """Whether the version is chosen when this process is deployed."""
        return self.binding != "latest"


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A way to begin. `kind`: none | message | signal | timer | conditional. `name`: of the message or signal; `form`:
    id of the start form."""

    node: str
    kind: str
    name: str | None = None
    form: str | None = None
    timer: TimerSpec | None = None
    condition: Expression | None = None

    def holds(self, variables: Values, *, now: datetime, zone: str, calendar: Any, people: Any) -> bool:
        """Whether the condition of a conditional start is true; null and errors are not."""
        assert self.condition is not None, "only conditional starts have a condition"  # noqa: S101 - a wrong caller
        found = self.condition.code.evaluate(variables, now=now, zone=zone, calendar=calendar, people=people)
        return found.value is True

    def first(self, now: datetime, zone: str, calendar: timers.WorkTime | None = None) -> timers.Schedule:
        """When a timer start fires first, armed `now`. Raises timers.WrongTimer."""
        assert self.timer is not None, "only timer starts have a schedule"  # noqa: S101 - a wrong caller, not wrong input
        slot = self.timer.slot
        value = slot.evaluate({}, now=now, zone=zone, calendar=calendar)
        return timers.arm(self.timer.kind, value, now, zone, calendar)


@dataclass(slots=True, eq=False)
class Program:
    """One process definition, ready to run."""

    process_id: str
    name: str
    labels: dict[str, str]
    documentation: str
    root: ScopeProgram
    nodes: dict[str, Node]
    flows: dict[str, Edge]
    scopes: dict[str, ScopeProgram]
    starts: tuple[Start, ...]
    version_tag: str | None = None
    category: str | None = None
    numbering: Numbering | None = None
    title: Slot | None = None
    summary: tuple[str, ...] = ()
    starters: dict[str, list[str]] = field(default_factory=dict)
    managers: tuple[str, ...] = ()
    """groups that look after its requests, beside the administrators"""
    print_form: str | None = None
    """form whose layout is printed in place of that of the start form"""
    retention: Retention | None = None
    time_to_live: str | None = None
    withdraw: str = "beforeFirstDecision"
    """until when the requester may take it back: anytime | never | approvedWithin:P31D"""
    hooks: tuple[dict[str, Any], ...] = ()
    """other systems that are told of the request itself, and of assignments and decisions in it: on, url, secret"""
    shown_forms: tuple[Reference, ...] = ()
    """forms at the start and in tasks, with the version that is meant"""
    bound_programs: dict[str, tuple[str, "Program"]] = field(default_factory=dict)
    bound_decisions: dict[str, Any] = field(default_factory=dict)

    @property
    def start_form(self) -> str | None:
        """Form id of the none start event."""
        return next((start.form for start in self.starts if start.kind == "none"), None)

    def operations(self) -> tuple[OperationUse, ...]:
        """Every service operation that is named literally, in document order."""
        return tuple(
            OperationUse(
                node.id, node.job.type.text,
                tuple(line.target[0] for line in node.inputs),
                tuple(line.target[0] for line in node.outputs),
            )
            for node in self.nodes.values() if node.job is not None and node.job.type.expression is None
        )  # fmt: skip

    def forms(self) -> tuple[str, ...]:
        """Ids of the forms that are named literally, each once."""
        found = [start.form for start in self.starts if start.form]
        for node in self.nodes.values():
            form = node.human.form if node.human is not None else None
            if form is not None and form.expression is None:
                found.append(form.text)
        return tuple(dict.fromkeys(found))

    @property
    def follows_forms(self) -> frozenset[str]:
        """Ids of the forms of which it shows the newest version: all tasks show the one that it is pinned to."""
        pinned = {one.id for one in self.shown_forms if one.pinned}
        return frozenset(one.id for one in self.shown_forms if one.id is not None and one.id not in pinned)

    def calls(self) -> tuple[Reference, ...]:
        """Called processes."""
        return self._references("callActivity")

    def decisions(self) -> tuple[Reference, ...]:
        """Called decisions."""
        return self._references("businessRuleTask")

    def bind(
        self,
        programs: "Mapping[str, tuple[str, Program]] | None" = None,
        decisions: Mapping[str, Any] | None = None,
    ) -> "Program":
        """This program with what its `deployment` and `versionTag` references were pinned to, by `pin`."""
        bound = Program(**{name: getattr(self, name) for name in self.__slots__})
        bound.bound_programs = {**self.bound_programs, **(programs or {})}
        bound.bound_decisions = {**self.bound_decisions, **(decisions or {})}
        return bound

    def called(self, call: Call, process_id: str) -> "tuple[str, Program] | None":
        """What pinned `call` enters: (definition id, program); None when it was never bound."""
        return self.bound_programs.get(call.pin(process_id)) or self.bound_programs.get(process_id)

    def title_of(
        self, variables: Values, process: Values, *, now: datetime, zone: str, calendar: Any, people: Any
    ) -> str | None:  # fmt: skip
        """The title of an instance, None when the drawing has none or its expression gives none."""
        if self.title is None:
            return None
        known = {**variables, "process": process}
        value = self.title.evaluate(known, now=now, zone=zone, calendar=calendar, people=people)
        return value if isinstance(value, str) else None

    @property
    def title_reads(self) -> frozenset[str]:
        """The variables that the title shows: whoever may not read one of them does not read the title."""
        if self.title is None or self.title.expression is None:
            return frozenset()
        return self.title.expression.names - {"process"}

    def _references(self, type: str) -> tuple[Reference, ...]:
        return tuple(
            Reference(
                node.id, node.call.id.text if node.call.id.expression is None else None,
                node.call.binding, node.call.version_tag,
            )
            for node in self.nodes.values() if node.call is not None and node.type == type
        )  # fmt: skip

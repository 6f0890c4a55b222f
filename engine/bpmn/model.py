"""Definition: what a drawing says, before it is compiled. Lint rules, the policy checker and the compiler read this.

Texts of expressions stand here as they were written. An element's `name` is in the main language of the drawing,
`labels` holds the other languages by code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.findings import Finding

TASKS = frozenset(
    ("task", "manualTask", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "businessRuleTask")
)
SCOPES = frozenset(("subProcess", "transaction", "adHocSubProcess"))
ACTIVITIES = TASKS | SCOPES | {"callActivity"}
GATEWAYS = frozenset(("exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"))
EVENTS = frozenset(("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"))
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS


class Mapping(NamedTuple):
    """One line of a zeebe:ioMapping. `source`: FEEL after `=`, otherwise literal text; `target`: `name` or `a.b.c`."""

    source: str
    target: str


class Parameter(NamedTuple):
    """An attribute of an extension element that is kept by name."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DataItem:
    """A variable that something declares. `kind`: object | property | input | output; `name`: as expressions read it.

    `required`: nothing begins, or ends, without its value. `initial`: text or expression of troika:initial.
    """

    id: str
    name: str
    kind: str
    required: bool = False
    initial: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class DataAssociation:
    """What a data association copies, by names of variables: `source`, or FEEL in `transformation` and `assignments`
    (from, to), to `target`."""

    source: str | None
    target: str
    transformation: str | None = None
    assignments: list[tuple[str, str]] = field(default_factory=list)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """zeebe:taskDefinition: which service operation; `retries` None: as the operation says."""

    type: str
    retries: str | None = None


@dataclass(frozen=True, slots=True)
class CalledElement:
    """zeebe:calledElement. `binding`: latest | deployment | versionTag."""

    process_id: str
    binding: str = "latest"
    version_tag: str | None = None
    propagate_parent: bool = True
    propagate_children: bool = True


@dataclass(frozen=True, slots=True)
class CalledDecision:
    """zeebe:calledDecision. `binding` as in CalledElement."""

    decision_id: str
    result_variable: str
    binding: str = "latest"
    version_tag: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """zeebe:script, or <script> with scriptFormat feel."""

    expression: str
    result_variable: str


@dataclass(frozen=True, slots=True)
class LoopCharacteristics:
    """zeebe:loopCharacteristics: what a multi-instance activity goes through and what it collects."""

    collection: str
    item: str | None = None
    result: str | None = None
    element: str | None = None


@dataclass(frozen=True, slots=True)
class Assignees:
    """zeebe:assignmentDefinition, texts or expressions."""

    assignee: str | None = None
    users: str | None = None
    groups: str | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """troika:assignment: `approvals.md` 4."""

    name: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """troika:approval: how votes are counted, what a rejection does."""

    mode: str = "any"
    on_reject: str | None = None
    parameters: tuple[Parameter, ...] = ()
    weights: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeoutStep:
    """A step of troika:timeout: `after` so long `do` something about an item that is still open.

    `calendar`: counts working time of that calendar, None: all time. `to`: login, id or `manager` (of the assignee).
    """

    after: str
    do: str
    repeat: int = 1
    to: str | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Copying:
    """troika:cc: who reads along, and from when on: enter | pass | end (of the task). `again`: at each further visit a
    copy that was read is unread once more.
    """

    on: str
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """troika:hook: another system that is told `on` create | assign | decide | end, never asked.

    `secret`: name of the receiver whose secret signs what is sent.
    """

    on: tuple[str, ...]
    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class FieldPermission:
    """troika:field: write | read | hidden for one form field on one node; of a list, whether rows come and go.

    `add_rows`, `remove_rows` None: as `permission` says. `notify`: its value may leave the house with a notice.
    """

    id: str
    permission: str
    required: bool | None = None
    add_rows: bool | None = None
    remove_rows: bool | None = None
    notify: bool = False


@dataclass(frozen=True, slots=True)
class PolicyMark:
    """troika:policy: an approval here `provides` a capability about a document."""

    provides: str
    subject: str | None
    subject_type: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """troika:policy assumes: a guarded operation handles a document that another process has approved.

    `subject`: the document, as the input of the operation names it.
    """

    capability: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Retention:
    """troika:retention of a process. `after`: how long an ended request stays, ISO 8601. `legal`: the group that must
    release it first, None: nobody.
    """

    after: str
    legal: str | None = None


@dataclass(frozen=True, slots=True)
class Numbering:
    """troika:numbering of a process. `scope`: who shares a series: `global` all processes of the same pattern,
    `process` this one, `entity` this one in one company.
    """

    pattern: str
    period: str = "year"
    scope: str = "global"

    @property
    def repeats(self) -> str:
        """What the pattern lacks so that no number comes twice, "" when nothing."""
        parts = {found[1] for found in NUMBER_PART.finditer(self.pattern)}
        shown = "".join(_SHOWN.get(part, "") for part in parts)
        if "seq" not in parts:
            return "seq"
        return next((text for letter, text in _NEEDED[self.period] if letter not in shown), "")

    @property
    def length(self) -> int:
        """How long its numbers are, as long as they have no more digits than it says."""
        return len(NUMBER_PART.sub(lambda part: "0" * _length(part), self.pattern))

    @property
    def unknown(self) -> list[str]:
        """Braces of the pattern that mean nothing."""
        return re.findall(r"\{[^{}]*\}?|\}", NUMBER_PART.sub("", self.pattern))


def _length(part: re.Match[str]) -> int:
    return int(part[2] or 1) if part[1] == "seq" else 1 if part[1] == "entity" else len(part[1])


NUMBER_PART = re.compile(r"\{(yyyyMMdd|yyyyMM|yyyy|yy|MM|dd|entity|seq)(?::(\d))?\}")
_SHOWN = {"yyyyMMdd": "yMd", "yyyyMM": "yM", "yyyy": "y", "yy": "y", "MM": "M", "dd": "d"}
_YEAR, _MONTH, _DAY = ("y", "yyyy"), ("M", "MM"), ("d", "dd")
_NEEDED = {"day": (_YEAR, _MONTH, _DAY), "month": (_YEAR, _MONTH), "year": (_YEAR,), "never": ()}
LONGEST_NUMBER = 60
"""characters of a number that an instance has room for"""
PERIODS, SERIES_SCOPES = tuple(_NEEDED), ("global", "process", "entity")


@dataclass(slots=True)
class Extensions:
    """The zeebe: and troika: records of one element, typed. What is absent is None or empty."""

    inputs: list[Mapping] = field(default_factory=list)
    outputs: list[Mapping] = field(default_factory=list)
    task: TaskDefinition | None = None
    called: CalledElement | None = None
    decision: CalledDecision | None = None
    script: Script | None = None
    loop: LoopCharacteristics | None = None
    active_elements: str | None = None
    initial: str | None = None
    activation: str | None = None
    form: str | None = None
    form_binding: str = "latest"
    form_tag: str | None = None
    assignees: Assignees | None = None
    due: str | None = None
    follow_up: str | None = None
    priority: str | None = None
    correlation_key: str | None = None
    publish_key: str | None = None
    publish_ttl: str | None = None
    version_tag: str | None = None
    # troika:
    labels: dict[str, str] = field(default_factory=dict)
    translated: dict[str, str] = field(default_factory=dict)
    """of labels that the name was changed after, by language: the name for which they were written"""
    strategy: Strategy | None = None
    approval: ApprovalRule | None = None
    fields: list[FieldPermission] = field(default_factory=list)
    default_permission: str | None = None
    buttons: dict[str, str] = field(default_factory=dict)
    opinion: str | None = None
    phrases: list[str] = field(default_factory=list)
    signature: str | None = None
    on_empty: str | None = None
    on_self: str | None = None
    skip_when: str | None = None
    dedupe: str | None = None
    timeout: list[TimeoutStep] = field(default_factory=list)
    copies: list[Copying] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    policy: PolicyMark | None = None
    assumes: Assumption | None = None
    executor: bool = False
    """whoever decides here executes the payment (troika:policy role="executor")"""
    returns: list[str] = field(default_factory=list)
    resubmits: list[str] = field(default_factory=list)
    compensates: bool = False
    """going back from here undoes first what has been done since then"""
    recall: str | None = None
    withdraw: str | None = None
    request: bool = False
    asynchronous: bool = False
    template: str | None = None
    template_version: int | None = None
    retry: str | None = None
    category: str | None = None
    numbering: Numbering | None = None
    title: str | None = None
    summary: list[str] = field(default_factory=list)
    starters: dict[str, list[str]] = field(default_factory=dict)
    managers: list[str] = field(default_factory=list)
    """groups that look after the requests of this process"""
    print_form: str | None = None
    retention: Retention | None = None
    time_to_live: str | None = None
    calendar: str | None = None


@dataclass(slots=True)
class Timer:
    """`kind`: date | duration | cycle; `text`: ISO 8601 or FEEL after `=`."""

    kind: str
    text: str


@dataclass(slots=True)
class EventDefinition:
    """What an event waits for or throws. `kind`: message, timer, error, signal, escalation, terminate, …

    `name`: of message or signal; `code`: of error or escalation, None catches every code. `ref` of a compensation: the
    activity; `wait`: whether its thrower waits for the end.
    """

    kind: str
    id: str | None = None
    ref: str | None = None
    name: str | None = None
    code: str | None = None
    timer: Timer | None = None
    condition: str | None = None
    correlation_key: str | None = None
    wait: bool = True
    line: int | None = None


@dataclass(slots=True)
class Flow:
    """A sequence flow inside one scope. `condition` without its leading `=` sign rules: FEEL either way."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str | None = None
    language: str | None = None
    is_default: bool = False
    line: int | None = None
    labels: dict[str, str] = field(default_factory=dict)
    translated: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Loop:
    """Loop marker. `kind`: standard | parallel | sequential; the other texts as in the file.

    `item`, `result`: names of the input element and the output collection. `events`: what a child's completion throws,
    each with the condition of its complexBehaviorDefinition. `languages`: of its expressions, where they are named.
    """

    kind: str
    condition: str | None = None
    test_before: bool = False
    maximum: str | None = None
    cardinality: str | None = None
    collection: str | None = None
    item: str | None = None
    result: str | None = None
    element: str | None = None
    completion: str | None = None
    behavior: str = "All"
    events: list[tuple[str | None, EventDefinition]] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    line: int | None = None


@dataclass(slots=True)
class AdHoc:
    """An ad-hoc sub-process; texts as in the file."""

    ordering: str = "Parallel"
    cancel_remaining: bool = True
    completion: str | None = None
    language: str = ""


@dataclass(slots=True)
class Node:
    """A flow node. `type` is the local name of its tag; `inner` the scope of a sub-process."""

    id: str
    type: str
    name: str = ""
    line: int | None = None
    scope: str = ""
    incoming: list[Flow] = field(default_factory=list)
    outgoing: list[Flow] = field(default_factory=list)
    default: str | None = None
    events: list[EventDefinition] = field(default_factory=list)
    attached_to: str | None = None
    interrupting: bool = True
    boundaries: list[str] = field(default_factory=list)
    associated: list[str] = field(default_factory=list)
    """of a boundary event or an activity for compensation: what it is associated with"""
    loop: Loop | None = None
    start_quantity: str = "1"
    completion_quantity: str = "1"
    method: str = "##Compensate"
    ad_hoc: AdHoc | None = None
    called_element: str | None = None
    script: str | None = None
    script_format: str | None = None
    message: EventDefinition | None = None
    instantiate: bool = False
    together: bool = False
    """parallelMultiple; of an event-based gateway that begins instances: eventGatewayType Parallel"""
    activation: str | None = None
    """activationCondition of a complex gateway"""
    for_compensation: bool = False
    triggered_by_event: bool = False
    documentation: str = ""
    lane: str | None = None
    data: list[DataItem] = field(default_factory=list)
    """its properties, data inputs and data outputs"""
    data_in: list[DataAssociation] = field(default_factory=list)
    data_out: list[DataAssociation] = field(default_factory=list)
    extensions: Extensions = field(default_factory=Extensions)
    inner: "Scope | None" = None

    @property
    def translated(self) -> dict[str, str]:
        """The names for which labels were written."""
        return self.extensions.translated

    @property
    def labels(self) -> dict[str, str]:
        """Name in other languages."""
        return self.extensions.labels

    @property
    def call(self) -> CalledElement | None:
        """What a call activity calls, in whatever way the drawing says it."""
        if self.extensions.called is not None or not self.called_element:
            return self.extensions.called
        # BPMN 2.0.2, 10.3.6: a call that declares its data exchanges nothing else
        all_of_it = not any(item.kind in ("input", "output") for item in self.data)
        return CalledElement(
            self.called_element.rpartition(":")[2], propagate_parent=all_of_it, propagate_children=all_of_it
        )

    def asked_decisions(self) -> set[str]:
        """Ids of the decisions that it asks: of a business rule task, or who is asked; an expression names none."""
        called, strategy = self.extensions.decision, self.extensions.strategy
        named = [called.decision_id] if called is not None else []
        named += [one.value for one in strategy.parameters if one.name == "decisionId"] if strategy is not None else []
        return {name for name in named if not name.startswith("=")}

    @property
    def is_activity(self) -> bool:
        """Tasks, sub-processes, calls: what a boundary event can sit on."""
        return self.type in ACTIVITIES


@dataclass(slots=True)
class Scope:
    """A process or sub-process: its nodes, flows and data objects in document order."""

    id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    data: list[DataItem] = field(default_factory=list)

    def all_nodes(self) -> Iterator[Node]:
        """Nodes of this scope and of every sub-process in it."""
        todo = list(reversed(self.nodes.values()))
        while todo:
            node = todo.pop()
            yield node
            if node.inner is not None:
                todo.extend(reversed(node.inner.nodes.values()))

    def links(self) -> list[tuple["Node", "Node"]]:
        """(throwing, catching) link events of this scope that bear the same name."""
        catching = {
            event.name: node
            for node in self.nodes.values() if node.type == "intermediateCatchEvent"
            for event in node.events if event.kind == "link"
        }  # fmt: skip
        return [
            (node, catching[event.name])
            for node in self.nodes.values() if node.type == "intermediateThrowEvent"
            for event in node.events if event.kind == "link" and event.name in catching
        ]  # fmt: skip

    def all_scopes(self) -> Iterator["Scope"]:
        """This scope and every one inside."""
        yield self
        for node in self.all_nodes():
            if node.inner is not None:
                yield node.inner


@dataclass(slots=True)
class Process(Scope):
    """A top-level process, or a global task: a process of one node. `pool` is the name of its participant.

    `specified`: it declares its data inputs and outputs, and exchanges nothing else with what calls it.
    """

    name: str = ""
    executable: bool = True
    is_task: bool = False
    specified: bool = False
    documentation: str = ""
    line: int | None = None
    pool: str | None = None
    extensions: Extensions = field(default_factory=Extensions)
    findings: list[Finding] = field(default_factory=list)

    @property
    def labels(self) -> dict[str, str]:
        """Name in other languages."""
        return self.extensions.labels

    def node(self, node_id: str) -> Node | None:
        """By id, at any depth."""
        return next((node for node in self.all_nodes() if node.id == node_id), None)


@dataclass(slots=True)
class Definition:
    """One BPMN file. `messages`, `signals`, `errors`, `escalations`: what they are called, by element id."""

    resource: str
    processes: list[Process] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str | None] = field(default_factory=dict)
    escalations: dict[str, str | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def executable(self) -> list[Process]:
        """Processes that can be deployed."""
        return [process for process in self.processes if process.executable]

    @property
    def forms(self) -> list[str]:
        """Ids of the forms that it names: of starts and steps, and what lays paper out; an expression names none."""
        named = [node.extensions.form for process in self.processes for node in process.all_nodes()]
        named += [process.extensions.print_form for process in self.processes]
        return list(dict.fromkeys(form for form in named if form and not form.startswith("=")))

    def process(self, process_id: str) -> Process | None:
        """By id."""
        return next((process for process in self.processes if process.id == process_id), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file: `definition` is None when it could not be read at all."""

    definition: Definition | None
    findings: list[Finding]

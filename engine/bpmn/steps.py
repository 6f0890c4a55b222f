"""What a verb of the machine returns: a Step, and the facts in causal order that say what happened.

Facts are plain data, evaluated, without live objects; nobody changes them, though they are not frozen: that would cost
a fifth of the machine's time. A consumer needs nothing else: inbox, jobs, timers, subscriptions and history are
written from them in one transaction. Every token that was ever opened is closed exactly once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from engine.bpmn.state import State

Closing = Literal["completed", "cancelled", "failed", "moved"]


# ---------------------------------------------------------------- what a human node asks for (evaluated)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is asked. `strategy` of `approvals.md` 4; zeebe assignments become user, users, groups or open.

    `values`: evaluated parameters of the strategy, e.g. {"users": ["bob"]}, {"groups": ["finance"]}, {"level": 1}.
    """

    strategy: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approval:
    """How the votes are counted and what a rejection does. None on a task that is not an approval."""

    mode: str = "any"
    parameters: dict[str, Any] = field(default_factory=dict)
    on_reject: str = "flow"
    """flow | end | initiator | return:<element id>"""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Permission of one form field on one node: write, read or hidden. The rows of a list: None as `permission`.

    `notify`: its value may leave the house with a notice.
    """

    id: str
    permission: str
    required: bool | None = None
    add_rows: bool | None = None
    remove_rows: bool | None = None
    notify: bool = False


BY_REQUESTER = frozenset(("initiatorSelect", "formUser", "formUserManager", "formUserDeptLeader", "formDept"))
"""Strategies that ask whom the requester names, or whom a field of the request does."""
BY_VALUE = frozenset(
    ("user", "users", "groups", "role", "position", "userGroup", "deptMember", "deptLeader", "expression")
)
"""Strategies that ask whom a value names, which may be computed."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What an approval on this node counts for: `provides` about the document `subject` of `subject_type`.

    `by_requester`: asked is whom the requester names, or data of the request.
    """

    provides: str
    subject: str | None
    subject_type: str
    by_requester: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Everything about a human node, evaluated when its token arrived."""

    name: str
    assignment: Assignment
    approval: Approval | None = None
    form: str | None = None
    fields: tuple[FieldRule, ...] = ()
    default_permission: str = "write"
    due: datetime | None = None
    follow_up: datetime | None = None
    priority: int = 50
    buttons: dict[str, Any] = field(default_factory=dict)
    opinion: str = "onReject"
    """when an opinion is required: always | onReject | never"""
    signature: str = "never"
    """whether a decision is signed by hand: required | offered | never"""
    on_empty: str = "processAdmin"
    on_self: str = "ask"
    skip: str = ""
    """the condition under which nobody is asked, when it holds"""
    dedupe: str = "none"
    """who agrees more than once need not: none | first | last | adjacent"""
    timeout: list[dict[str, Any]] = field(default_factory=list)
    """steps: after, do, repeat, to, calendar"""
    copies: list[dict[str, Any]] = field(default_factory=list)
    """who reads along: on, users, groups"""
    hooks: list[dict[str, Any]] = field(default_factory=list)
    """which other systems are told: on, url, secret"""
    chosen: bool = False
    """somebody may have said beforehand who is asked here"""
    capability: Capability | None = None
    executor: bool = False
    """whoever decides here executes the payment"""
    labels: dict[str, str] = field(default_factory=dict)
    """name in other languages, by language code"""
    request: bool = False
    """the node where the requester fills in or corrects his request (troika:request)"""
    returns: tuple[str, ...] = ()
    """where a person may send it back to: initiator, previous, any, element ids"""
    resubmits: tuple[str, ...] = ()
    """where the resubmission may go: stepwise, backToMe"""
    compensate: bool = False
    """what has been done since then is undone first"""
    recall: str = "beforeNextDecision"
    managers: list[str] = field(default_factory=list)
    """groups that look after the process: asked when nobody else is, told when time is up"""
    counted: dict[str, Any] = field(default_factory=dict)
    """how `due` and `follow_up` were counted by a work calendar: calendar, since, and the duration of each"""


# ---------------------------------------------------------------- facts


@dataclass(slots=True)
class Fact:
    """`seq` numbers the machine's facts of an instance; ids strictly increase."""

    kind: ClassVar[str] = "fact"
    seq: int


@dataclass(slots=True)
class NodeEntered(Fact):
    """A token arrived at an element."""

    kind: ClassVar[str] = "node.entered"
    token: int
    node: str
    scope: int
    type: str


@dataclass(slots=True)
class NodeLeft(Fact):
    """The visit ended; outcome completed | cancelled | failed | moved."""

    kind: ClassVar[str] = "node.left"
    token: int
    node: str
    scope: int
    type: str
    outcome: Closing


@dataclass(slots=True)
class FlowTaken(Fact):
    """A token went along a sequence flow."""

    kind: ClassVar[str] = "flow.taken"
    flow: str
    scope: int


@dataclass(slots=True)
class ScopeOpened(Fact):
    """A sub-process, call, multi-instance body or child, or event sub-process began."""

    kind: ClassVar[str] = "scope.opened"
    scope: int
    scope_kind: str
    node: str | None
    definition: str | None = None


@dataclass(slots=True)
class ScopeClosed(Fact):
    """Its end."""

    kind: ClassVar[str] = "scope.closed"
    scope: int
    outcome: Closing


@dataclass(slots=True)
class WorkOpened(Fact):
    """A person is asked. Answered by `complete` or `throw_error` on `token`."""

    kind: ClassVar[str] = "work.opened"
    token: int
    node: str
    scope: int
    work: Work


@dataclass(slots=True)
class WorkClosed(Fact):
    """The person is no longer asked."""

    kind: ClassVar[str] = "work.closed"
    token: int
    node: str
    outcome: Closing


@dataclass(slots=True)
class JobOpened(Fact):
    """A service operation is to be called. Answered by `complete`, `throw_error` or `fail` on `token`."""

    kind: ClassVar[str] = "job.opened"
    token: int
    node: str
    scope: int
    type: str
    inputs: dict[str, Any]
    retry: str | None = None
    """`R5/PT1M`, None: the operation's or the setting's"""
    asynchronous: bool = False
    """troika:async: never inline"""


@dataclass(slots=True)
class JobClosed(Fact):
    """Its answer came, or nobody wants it any more."""

    kind: ClassVar[str] = "job.closed"
    token: int
    node: str
    outcome: Closing


@dataclass(slots=True)
class TimerArmed(Fact):
    """Answered by `elapse` on `token` at `due` (aware). `left`: firings after this one, None without end.

    `counted`: by which work `calendar`, and how, so that `reschedule` can follow when it changes; empty: by none.
    """

    kind: ClassVar[str] = "timer.armed"
    token: int
    node: str
    due: datetime
    left: int | None = 0
    counted: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class TimerDisarmed(Fact):
    """Fired for the last time, or cancelled."""

    kind: ClassVar[str] = "timer.disarmed"
    token: int
    node: str
    outcome: Closing


@dataclass(slots=True)
class SubscriptionOpened(Fact):
    """Answered by `deliver` on `token`. `subscribed`: message | signal. `key`: text of the correlation key."""

    kind: ClassVar[str] = "subscription.opened"
    token: int
    node: str
    subscribed: str
    name: str
    key: str | None = None


@dataclass(slots=True)
class SubscriptionClosed(Fact):
    """Delivered, or nobody waits any more."""

    kind: ClassVar[str] = "subscription.closed"
    token: int
    node: str
    outcome: Closing


@dataclass(slots=True)
class IncidentRaised(Fact):
    """The token stays where it is until `resume`. `detail` holds the expression and the values' types, if any."""

    kind: ClassVar[str] = "incident.raised"
    incident: int
    token: int
    node: str
    code: str
    detail: dict[str, Any]


@dataclass(slots=True)
class IncidentResolved(Fact):
    """Resumed or cancelled with its token."""

    kind: ClassVar[str] = "incident.resolved"
    incident: int
    token: int
    node: str
    outcome: Closing


@dataclass(slots=True)
class MessageThrown(Fact):
    """For another instance; `key` as in SubscriptionOpened. `ttl_seconds`: how long it is buffered."""

    kind: ClassVar[str] = "message.thrown"
    node: str
    name: str
    key: str | None
    payload: dict[str, Any]
    ttl_seconds: int = 3600


@dataclass(slots=True)
class SignalThrown(Fact):
    """For other instances and signal starts; the own instance is already served."""

    kind: ClassVar[str] = "signal.thrown"
    node: str
    name: str
    payload: dict[str, Any]


@dataclass(slots=True)
class ErrorThrown(Fact):
    """`caught_by`: element id of the boundary event or event sub-process, None when nobody catches it."""

    kind: ClassVar[str] = "error.thrown"
    node: str
    code: str
    caught_by: str | None


@dataclass(slots=True)
class EscalationThrown(Fact):
    """As ErrorThrown; the thrower goes on unless the catcher interrupts."""

    kind: ClassVar[str] = "escalation.thrown"
    node: str
    code: str
    caught_by: str | None


@dataclass(slots=True)
class DecisionEvaluated(Fact):
    """A business rule task: which decision, on what, with which result and by which rules. `why`: `dmn.explain`."""

    kind: ClassVar[str] = "decision.evaluated"
    token: int
    node: str
    decision: str
    inputs: dict[str, Any]
    result: Any
    rules: tuple[str, ...] = ()
    why: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True)
class VariablesChanged(Fact):
    """Names written in a scope; the values stand in the state."""

    kind: ClassVar[str] = "variables.changed"
    scope: int
    names: tuple[str, ...]


@dataclass(slots=True)
class Diagnostic(Fact):
    """Something that went on, but should be looked at, e.g. an output mapping that gave null by an error."""

    kind: ClassVar[str] = "diagnostic"
    node: str
    code: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Compensated(Fact):
    """Compensation of `node` was logged, started or ended."""

    kind: ClassVar[str] = "compensation"
    node: str
    phase: Literal["logged", "started", "ended"]


@dataclass(slots=True)
class Moved(Fact):
    """A token is placed by hand: `goto` or `modify`. `origin`: the elements where tokens were taken away."""

    kind: ClassVar[str] = "moved"
    scope: int
    node: str
    origin: tuple[str, ...]


@dataclass(slots=True)
class ArrivalRestored(Fact):
    """A join gets back what it had consumed from a branch that is not done again."""

    kind: ClassVar[str] = "arrival.restored"
    flow: str
    scope: int


@dataclass(slots=True)
class ArrivalWithdrawn(Fact):
    """A join loses what came from a branch that is done again."""

    kind: ClassVar[str] = "arrival.withdrawn"
    flow: str
    scope: int


@dataclass(slots=True)
class Migrated(Fact):
    """The instance follows another version. `tokens`: (wait, old element, new element) where the element changed;
    `renamed`: (old element, new element) of all that have another id now."""

    kind: ClassVar[str] = "migrated"
    scope: int
    source: str
    target: str
    tokens: tuple[tuple[int, str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class InstanceEnded(Fact):
    """The last fact. how: completed | failed | cancelled | terminated; `code` of an uncaught error or a named end."""

    kind: ClassVar[str] = "instance.ended"
    how: str
    code: str | None = None
    node: str | None = None


OPENED = (WorkOpened, JobOpened, TimerArmed, SubscriptionOpened, IncidentRaised)
CLOSED = (WorkClosed, JobClosed, TimerDisarmed, SubscriptionClosed, IncidentResolved)
THROWN = (MessageThrown, SignalThrown)


@dataclass(slots=True)
class Step:
    """What one verb did. `ended`: how, if the instance ended. `stale`: the wait was closed already, nothing changed."""

    state: "State"
    facts: list[Fact]
    ended: str | None = None
    stale: bool = False
    dirty: frozenset[int] = frozenset()

    @property
    def opened(self) -> list[Fact]:
        """Waits that began."""
        return [fact for fact in self.facts if isinstance(fact, OPENED)]

    @property
    def closed(self) -> list[Fact]:
        """Waits that ended."""
        return [fact for fact in self.facts if isinstance(fact, CLOSED)]

    @property
    def thrown(self) -> list[Fact]:
        """What other instances are to hear."""
        return [fact for fact in self.facts if isinstance(fact, THROWN)]

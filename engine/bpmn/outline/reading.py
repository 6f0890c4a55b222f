"""Definition -> cards, or every obstacle. Which shapes are accepted stands in the README of this folder."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from engine.bpmn.model import GATEWAYS, Definition, Flow, Node, Process, Scope
from engine.bpmn.outline.cards import BACK, BELOW, END, HOST, ON, OPEN, Card, Outline, Path, Side
from engine.errors import N_, Title
from engine.findings import Finding, Level

COPY = "notification.notify"
"""The operation by which a process tells people something: a card 抄送."""
INITIATOR = "process.initiator"

_KINDS = {
    "userTask": "task", "serviceTask": "service", "businessRuleTask": "decision", "scriptTask": "script",
    "sendTask": "message", "receiveTask": "message", "callActivity": "call", "subProcess": "sub", "task": "service",
    "manualTask": "service", "intermediateThrowEvent": "event", "intermediateCatchEvent": "event",
    "startEvent": "start", "endEvent": "end", "boundaryEvent": "event", "adHocSubProcess": "sub", "transaction": "sub",
}  # fmt: skip
_BLOCKS = {"exclusiveGateway": "condition", "inclusiveGateway": "inclusive", "parallelGateway": "parallel"}
_OUTCOME = re.compile(r'=?\s*approval\.([\w.-]+)\.outcome\s*(=|!=)\s*"(agree|reject)"\s*')
_HINT = N_("Edit it in the flowchart.")


class _Obstacle(Exception):
    """The walk cannot go on."""

    def __init__(self, element: "Node | Flow", message: str, **facts: str) -> None:
        self.element, self.message, self.facts = element, message, facts
        super().__init__(message)


def outline(definition: Definition, process_id: str | None = None) -> Outline:
    """The cards of one executable process of the file, the first unless named. Raises LookupError without one."""
    process = next((found for found in definition.executable if process_id in (None, found.id)), None)
    if process is None:
        raise LookupError(f"no executable process {process_id or ''} in {definition.resource}")
    obstacles: list[Finding] = []
    if len(definition.executable) > 1:
        message = N_("The file holds {count} processes; the cards show files with one.")
        obstacles.append(_finding(process.id, process.line, message, count=str(len(definition.executable))))
    obstacles.extend(_static(process))
    reader = _Reader(process)
    path = None
    if not obstacles:
        try:
            path = reader.whole()
        except _Obstacle as found:
            obstacles.append(_finding(found.element.id, found.element.line, found.message, **found.facts))
    return Outline(process, None if obstacles else path, tuple(reader.cards) if path else (), tuple(obstacles))


def verdict(condition: str | None) -> tuple[str, str] | None:
    """(approval, agree | reject) when a condition asks for nothing but the outcome of one approval."""
    found = _OUTCOME.fullmatch(condition or "")
    if found is None:
        return None
    asked = {"agree": "reject", "reject": "agree"}[found[3]] if found[2] == "!=" else found[3]
    return found[1], asked


def kind_of(node: Node) -> str:
    """What the card of a node that is no gateway is called."""
    if node.type == "userTask":
        return "approval" if node.extensions.approval is not None else "task"
    if node.type == "serviceTask" and node.extensions.task is not None and node.extensions.task.type == COPY:
        return "copy"
    if node.type == "intermediateCatchEvent" and [event.kind for event in node.events] == ["timer"]:
        return "timer"
    return _KINDS[node.type]


def _static(scope: Scope) -> Iterator[Finding]:
    """What no arrangement of flows would make a card of."""
    for node in scope.nodes.values():
        reason = _unfit(node)
        if reason:
            yield _finding(node.id, node.line, reason, name=_called(node))
        elif node.inner is not None:
            yield from _static(node.inner)
    starts = [node for node in scope.nodes.values() if node.type == "startEvent"]
    if len(starts) != 1:
        line = starts[1].line if len(starts) > 1 else None
        message = N_("Expected one start event, found {count}.")
        yield _finding(starts[1].id if len(starts) > 1 else scope.id, line, message, count=str(len(starts)))


def _unfit(node: Node) -> str:
    if node.triggered_by_event:
        return N_("'{name}' is started by an event from anywhere.")
    if node.for_compensation or any(event.kind == "compensate" for event in node.events):
        return N_("'{name}' undoes what has been done (compensation).")
    if node.type in ("eventBasedGateway", "complexGateway"):
        return N_("'{name}' is a gateway that the cards do not know.")
    if node.type in ("adHocSubProcess", "transaction"):
        return N_("'{name}' is a sub-process that the cards do not know.")
    if any(event.kind == "link" for event in node.events):
        return N_("'{name}' jumps by a link event.")
    if node.type not in GATEWAYS and len(node.outgoing) > 1:
        return N_("Several arrows leave '{name}' without a gateway.")
    if node.type not in GATEWAYS and any(flow.condition is not None for flow in node.outgoing):
        return N_("The arrow behind '{name}' has a condition without a gateway.")
    if node.type in ("startEvent", "boundaryEvent") and not node.outgoing:
        return N_("No arrow leaves '{name}'.")
    return ""


@dataclass
class _Reader:
    """One walk over one scope. `again`: flows back that are no joins; `seen`: nodes that have a card."""

    scope: Scope
    again: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    requests: dict[str, tuple[Flow, Flow | None]] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)

    def whole(self) -> Path:
        """The main path, from the start event to the last end."""
        start = next(node for node in self.scope.nodes.values() if node.type == "startEvent")
        first = start.outgoing[0]
        if isinstance(self.scope, Process):
            self._find_requests(first.target)
        self._find_retries()
        self.seen.add(start.id)
        path, arrival = self._path(first)
        if arrival is not None:
            raise _Obstacle(self._node(arrival.target), N_("No split belongs to the join '{name}'."),
                            name=self._name(arrival.target))  # fmt: skip
        for key, (out, other) in self.requests.items():
            self.cards.append(self._request(self.scope.nodes[key], out, other))
        for node in self.scope.nodes.values():
            if node.id not in self.seen:
                raise _Obstacle(node, N_("Nothing leads to '{name}'."), name=self._name(node.id))
        return replace(path, cards=(Card(start.id, "start", first.id, sides=()), *path.cards))

    # ------------------------------------------------------------ ways back

    def _find_requests(self, first: str) -> None:
        """Steps of the requester that lead back to the first card, at once or behind the question whether to."""
        for node in self.scope.nodes.values():
            if not _is_request(node) or len(node.outgoing) != 1 or node.id == first:
                continue
            out = node.outgoing[0]
            asks = self._node(out.target)
            if out.target == first:
                self.requests[node.id] = (out, None)
                self.again.add(out.id)
            elif asks.type == "exclusiveGateway" and len(asks.incoming) == 1 and len(asks.outgoing) == 2:
                back = [flow for flow in asks.outgoing if flow.target == first]
                if len(back) == 1:
                    self.requests[node.id] = (back[0], next(flow for flow in asks.outgoing if flow is not back[0]))
                    self.again.add(back[0].id)

    def _find_retries(self) -> None:
        """What a boundary event starts, and nothing else, may lead back to its host."""
        for host in self.scope.nodes.values():
            if host.boundaries and len(host.incoming) > 1:
                usual = self._reached(without=set(host.boundaries))
                self.again |= {flow.id for flow in host.incoming if flow.source not in usual}

    def _reached(self, without: set[str]) -> set[str]:
        """Nodes that the start event leads to while those events do not come."""
        todo = [node.id for node in self.scope.nodes.values() if node.type == "startEvent"]
        found = set(todo)
        while todo:
            node = self._node(todo.pop())
            ahead = {*(flow.target for flow in node.outgoing), *node.boundaries} - without - found
            found |= ahead
            todo.extend(ahead)
        return found

    def _request(self, node: Node, out: Flow, other: Flow | None) -> Card:
        self.seen.add(node.id)
        sides = self._sides(node)
        if other is None:
            return Card(node.id, "request", out.id, sides=sides)
        self.seen.add(other.source)
        rejected, arrival = self._path(other)
        if arrival is not None or rejected.leads == BACK:
            raise _Obstacle(other, N_("Expected the arrow '{name}' to lead to an end."), name=_called(other))
        return Card(node.id, "request", out.id, gateway=other.source, rejected=rejected, sides=sides)

    # ------------------------------------------------------------ paths

    def _path(self, flow: Flow, host: str | None = None) -> tuple[Path, Flow | None]:
        """The path that begins with `flow`, and the flow by which it arrives at a join; None when it ends."""
        first, cards = flow.id, list[Card]()
        while True:
            node = self._node(flow.target)
            if node.id in self.requests:
                return Path(first, tuple(cards), BACK), None
            if node.id == host:
                return Path(first, tuple(cards), HOST), None
            if node.type == "endEvent":
                self.seen.add(node.id)
                return Path(first, (*cards, Card(node.id, "end")), END), None
            if self._joins(node):
                return Path(first, tuple(cards), ON), flow
            if node.id in self.seen:
                raise _Obstacle(flow, N_("The arrow to '{name}' leads back."), name=self._name(node.id))
            self.seen.add(node.id)
            if not node.outgoing:
                raise _Obstacle(node, N_("No arrow leaves '{name}'."), name=self._name(node.id))
            if node.type in GATEWAYS and len(node.outgoing) > 1:
                card, below, arrival = self._block(node)
                cards.append(card)
                if below is not None:
                    return Path(first, (*cards, *below.cards), below.leads), arrival
                if card.after is None:
                    return Path(first, tuple(cards), OPEN), None
                flow = self._flow(card.after)
            else:
                card = self._step(node)
                cards.append(card)
                flow = self._flow(str(card.after))

    def _joins(self, node: Node) -> bool:
        coming = [flow for flow in node.incoming if flow.id not in self.again]
        if len(coming) < 2:
            return False
        if node.type not in _BLOCKS:
            raise _Obstacle(node, N_("Several arrows come together at '{name}' without a gateway."),
                            name=self._name(node.id))  # fmt: skip
        if len(node.outgoing) != 1:
            raise _Obstacle(node, N_("The gateway '{name}' joins and splits at once."), name=self._name(node.id))
        return True

    def _step(self, node: Node) -> Card:
        out = node.outgoing[0]
        kind = "gateway" if node.type in GATEWAYS else kind_of(node)
        sides = self._sides(node)
        inner = None
        if node.inner is not None:
            nested = _Reader(node.inner)
            inner = nested.whole()
        if kind == "approval":
            found = self._outcome(node, out)
            if found is not None:
                gateway, agreed, rejected = found
                return Card(node.id, kind, agreed.id, gateway=gateway, rejected=rejected, sides=sides)
        return Card(node.id, kind, out.id, sides=sides, inner=inner)

    def _outcome(self, node: Node, out: Flow) -> tuple[str, Flow, Path] | None:
        """(gateway, flow when agreed, path when rejected) when a gateway behind an approval asks for its outcome."""
        asks = self._node(out.target)
        if asks.type != "exclusiveGateway" or len(asks.incoming) != 1 or len(asks.outgoing) != 2:
            return None
        asked = {flow.id: verdict(flow.condition) for flow in asks.outgoing if not flow.is_default}
        said = {flow_id: found[1] for flow_id, found in asked.items() if found is not None and found[0] == node.id}
        if len(said) != len(asked) or len(set(said.values())) != len(said) or not said:
            return None
        agreed = next(
            (
                flow
                for flow in asks.outgoing
                if said.get(flow.id, "agree" if "reject" in said.values() else "") == "agree"
            ),
            None,
        )
        if agreed is None:
            return None
        before = set(self.seen)
        self.seen.add(asks.id)
        rejected, arrival = self._path(next(flow for flow in asks.outgoing if flow is not agreed))
        if arrival is not None:
            self.seen = before
            return None
        return asks.id, agreed, rejected

    def _block(self, gate: Node) -> tuple[Card, Path | None, Flow | None]:
        """A split: its card; for a check also the path below, and by which flow that arrives at a join."""
        kind = _BLOCKS[gate.type]
        walked = [self._path(flow) for flow in gate.outgoing]
        paths, arrivals = [path for path, _ in walked], [flow for _, flow in walked if flow is not None]
        if len(arrivals) > 1:
            join = self._join(gate, arrivals)
            return Card(gate.id, kind, join.outgoing[0].id, tuple(paths), join.id), None, None
        if arrivals and kind != "condition":
            raise _Obstacle(gate, N_("The branches of '{name}' do not come together."), name=self._name(gate.id))
        onward = next((place for place, (_, flow) in enumerate(walked) if flow is not None), None)
        if onward is None and kind == "condition":
            long = [place for place, path in enumerate(paths) if not _is_short(path)]
            onward = long[0] if len(long) == 1 else None
        if onward is None:
            return Card(gate.id, kind, None, tuple(paths)), None, None
        below = paths[onward]
        paths[onward] = Path(below.flow, (), BELOW)
        return Card(gate.id, "check", below.flow, tuple(paths)), below, walked[onward][1]

    def _join(self, gate: Node, arrivals: list[Flow]) -> Node:
        targets = {flow.target for flow in arrivals}
        join = self._node(arrivals[0].target)
        coming = {flow.id for flow in join.incoming if flow.id not in self.again}
        if len(targets) > 1 or coming != {flow.id for flow in arrivals}:
            raise _Obstacle(gate, N_("The branches of '{name}' do not meet in one gateway of their own."),
                            name=self._name(gate.id))  # fmt: skip
        if join.type != gate.type:
            raise _Obstacle(join, N_("'{name}' is another kind of gateway than the one that split the paths."),
                            name=self._name(join.id))  # fmt: skip
        self.seen.add(join.id)
        return join

    def _sides(self, node: Node) -> tuple[Side, ...]:
        found = []
        for event_id in node.boundaries:
            event = self._node(event_id)
            self.seen.add(event_id)
            path, arrival = self._path(event.outgoing[0], host=node.id)
            if arrival is not None:
                raise _Obstacle(event, N_("What '{name}' starts joins the main path again."), name=self._name(event_id))
            found.append(Side(event_id, path))
        return tuple(found)

    def _node(self, key: str) -> Node:
        return self.scope.nodes[key]

    def _flow(self, key: str) -> Flow:
        return next(flow for flow in self.scope.flows if flow.id == key)

    def _name(self, key: str) -> Title:
        return _called(self.scope.nodes[key])


def _called(one: Node | Flow) -> Title:
    return Title(one.name or one.id, one.labels)


def _is_request(node: Node) -> bool:
    given = node.extensions.assignees
    own = given is not None and (given.assignee or "").lstrip("= ").strip() == INITIATOR
    return node.type == "userTask" and (node.extensions.request or own)


def _is_short(path: Path) -> bool:
    """A way out: nobody is asked on the way to an end or to the requester."""
    asks = any(card.branches or card.kind in ("approval", "task") for card in path.cards)
    return path.leads in (END, BACK) and not asks


def _finding(element: str, line: int | None, message: str, **facts: str) -> Finding:
    return Finding("not-block-structured", Level.INFO, element, message, facts, _HINT, line=line)

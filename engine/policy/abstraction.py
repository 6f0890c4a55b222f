"""A drawing as a transition system over markings and outcomes: what the checker walks through.

Places are ids of flow nodes, with the path of the calls that lead to them. Data is unknown except for the outcome of
approvals; a condition is read as true, false or unknown, and unknown means both. So the checker may warn about a path
that real data never takes; it misses none of what is modelled. A loop runs any number of times, an ad-hoc sub-process
starts anything at any time, outcomes of instances beside each other are not told apart. A handler of compensation that
pays, approves or writes which document is meant runs when what it undoes has completed and compensation is thrown, the
last one first; where it would see variables as they were (in rounds, ended calls, handlers of events, behind inputs) it
is unread, as is an element without a row here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.bpmn.model import SCOPES, Flow, Node, Process, Scope

Callees = Callable[[Process, Node], Process | None]
"""(calling process, call activity) -> the process that it would run"""

CALL_DEPTH = 3
NOT_TOLD = "?"
"""an outcome that is not known: of an approval in instances beside each other"""
READ = frozenset(
    (
        "task", "manualTask", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "businessRuleTask",
        "subProcess", "transaction", "adHocSubProcess", "callActivity", "exclusiveGateway", "inclusiveGateway",
        "parallelGateway", "complexGateway", "eventBasedGateway", "startEvent", "endEvent", "intermediateCatchEvent",
        "intermediateThrowEvent", "boundaryEvent",
    )
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Place:
    """A flow node, called processes inlined. `id`: unique; `key`: as conditions of its own process name it."""

    id: str
    node: Node
    parent: "Place | None"
    incoming: list[str] = field(default_factory=list)
    outgoing: list[tuple[Flow, str]] = field(default_factory=list)
    boundaries: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    """of a sub-process or call: where its inside begins"""
    prefix: str = ""

    @property
    def repeats(self) -> bool:
        """Whether a loop marker runs it any number of times, none included; an approval's is presentation."""
        return self.node.loop is not None and self.node.extensions.approval is None

    @property
    def runs_beside_itself(self) -> bool:
        """Whether several of its instances run at once."""
        return self.repeats and self.node.loop is not None and self.node.loop.kind == "parallel"

    @property
    def may_stop_early(self) -> bool:
        """Whether a completion condition can end it while something in it is active."""
        loop, ad_hoc = self.node.loop, self.node.ad_hoc
        return (self.repeats and loop is not None and loop.completion is not None) or (
            ad_hoc is not None and ad_hoc.completion is not None
        )

    @property
    def holds_inside(self) -> bool:
        """Whether tokens can be inside."""
        return self.node.type in SCOPES or self.node.type == "callActivity"


@dataclass(slots=True)
class System:
    """All places by id; `starts`: the ways to begin, each the places that get a token together; `handlers`: event
    sub-processes, which may begin whenever what they stand in is alive; `unread`: what could not be modelled, with the
    reason; `processes`: by the prefix of their places."""

    places: dict[str, Place] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    starts: list[list[str]] = field(default_factory=list)
    handlers: list[Place] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def inside(self, container: Place) -> Iterator[Place]:
        """Every place within a sub-process or call, at any depth."""
        for place in self.places.values():
            above = place.parent
            while above is not None:
                if above is container:
                    yield place
                    break
                above = above.parent


def build(process: Process, callees: Callees) -> System:
    """The system of one process; calls that cannot be followed are `unread`.

    It begins at any of its starts. Without a start event or a node that instantiates, it begins at all that no flow
    leads to (BPMN 2.0.2, 10.5.2), or at the one of them that is asked for.
    """
    system = System()
    starts = _add(system, process, process, None, "", callees, 0)
    system.starts = [[start] for start in starts]
    if not any(node.type == "startEvent" or node.instantiate for node in process.nodes.values()):
        system.starts.append(starts)
    return system


# ---------------------------------------------------------------- building


def _add(
    system: System, process: Process, scope: Scope, parent: Place | None, prefix: str, callees: Callees, depth: int
) -> list[str]:  # fmt: skip
    system.processes.setdefault(prefix, process)
    for node in scope.nodes.values():
        place = Place(prefix + node.id, node, parent, prefix=prefix)
        system.places[place.id] = place
        if node.type not in READ or _undoes(node):
            system.unread.append((node.id, node.type))
        elif (node.start_quantity, node.completion_quantity) != ("1", "1"):
            system.unread.append((node.id, "token quantity"))
    for flow in scope.flows:
        source, target = system.places.get(prefix + flow.source), system.places.get(prefix + flow.target)
        if source is not None and target is not None:
            source.outgoing.append((flow, target.id))
            target.incoming.append(flow.id)
    for thrown, caught in scope.links():
        link = Flow(f"link:{thrown.id}:{caught.id}", thrown.id, caught.id)
        system.places[prefix + thrown.id].outgoing.append((link, prefix + caught.id))
        system.places[prefix + caught.id].incoming.append(link.id)
    for node in scope.nodes.values():
        place = system.places[prefix + node.id]
        if node.attached_to is not None and prefix + node.attached_to in system.places:
            system.places[prefix + node.attached_to].boundaries.append(place.id)
        if node.inner is not None:
            place.starts = _add(system, process, node.inner, place, prefix, callees, depth)
            if node.triggered_by_event:
                system.handlers.append(place)
        elif node.type == "callActivity":
            place.starts = _call(system, process, node, place, callees, depth)
    return [
        prefix + node.id
        for node in scope.nodes.values()
        if not (node.attached_to or node.triggered_by_event or system.places[prefix + node.id].incoming)
        and node.type != "boundaryEvent" and not node.for_compensation
    ]  # fmt: skip


def _undoes(node: Node) -> bool:
    """An event sub-process that is begun by compensation."""
    inner = node.inner.nodes.values() if node.triggered_by_event and node.inner is not None else ()
    return any(event.kind == "compensate" for start in inner if start.type == "startEvent" for event in start.events)


def _call(
    system: System, caller: Process, node: Node, place: Place, callees: Callees, depth: int
) -> list[str]:  # fmt: skip
    call = node.call
    process = None if call is None or call.process_id.startswith("=") else callees(caller, node)
    if process is None:
        system.unread.append((node.id, f"call of {call.process_id if call is not None else None}"))
        return []
    if depth >= CALL_DEPTH:
        system.unread.append((node.id, "deeper calls"))
        return []
    starts = _add(system, process, process, place, f"{place.id}/", callees, depth + 1)
    plain = [start for start in starts if not system.places[start].node.events]
    return plain or starts

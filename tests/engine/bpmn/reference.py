"""A slow, literal reading of the token game of BPMN 2.0.2, chapter 13, to hold the machine against.

It shares nothing with the engine: it reads the XML by itself, and its state is what the standard speaks of: tokens on
sequence flows, activities at work, scopes. Everything is found by searching, every time. Conditions are names of
variables that are true or false. Where the standard leaves the order open, tokens move before inclusive gateways are
asked, and those in the order of the drawing; which token moves first is drawn by lot, because it must not matter.
"""

import random
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
WAITING = frozenset(("userTask", "serviceTask", "intermediateCatchEvent", "receiveTask"))


class Scope:
    """A process or sub-process at work: tokens on its flows, activities in it. `host`: the activity that it is."""

    def __init__(self, element: Any, host: "Activity | None" = None) -> None:
        self.element = element
        self.host = host
        self.tokens: Counter[str] = Counter()
        self.active: list[Activity] = []
        self.born: list[str] = []
        """nodes that start without a token on a flow"""


class Activity:
    """An activity that has begun and not ended, or an event-based gateway that waits for its events."""

    def __init__(self, scope: Scope, node: str) -> None:
        self.scope = scope
        self.node = node
        self.inner: Scope | None = None


class Reference:
    """One instance. `entered`: every node that was reached, with multiplicity; `ended`: how, or None."""

    def __init__(self, xml: bytes, variables: dict[str, bool], seed: int = 0) -> None:
        process = ET.fromstring(xml).find(f"{_BPMN}process")
        assert process is not None
        self.variables = dict(variables)
        self.chance = random.Random(seed)
        self.nodes = {part.get("id", ""): part for part in process.iter() if part.get("id")}
        self.flows = {key: part for key, part in self.nodes.items() if kind(part) == "sequenceFlow"}
        self.entered: Counter[str] = Counter()
        self.ended: str | None = None
        self.disturbed = False
        self.root = self._open(process)
        self._run()

    # ------------------------------------------------------------ what happens from outside

    def complete(self, node: str, **variables: bool) -> None:
        """The work of an activity, or what a catch event waited for, is done (13.3.2)."""
        self.disturbed = False
        self.variables.update(variables)
        self._finish(self.find(node))
        self._run()

    def happen(self, boundary: str) -> None:
        """The trigger of a boundary event occurs (13.5.3)."""
        self.disturbed = False
        self._boundary(self.find(self.nodes[boundary].get("attachedToRef", "")), boundary)
        self._run()

    def raise_error(self, node: str, code: str) -> bool:
        """An activity ends with an error; False when nobody catches it."""
        self.disturbed = False
        caught = self._throw(self.find(node), code)
        self._run()
        return caught

    def find(self, node: str) -> Activity:
        """The activity at work there that began first."""
        return next(item for scope in self.scopes() for item in scope.active if item.node == node)

    # ------------------------------------------------------------ what can be seen

    def waits(self) -> list[str]:
        """Activities that only the outside can end."""
        return sorted(
            item.node for scope in self.scopes() for item in scope.active if kind(self.nodes[item.node]) in WAITING
        )

    def held(self) -> dict[str, int]:
        """Tokens on flows: at rest these stand before joins."""
        total: Counter[str] = Counter()
        for scope in self.scopes():
            total += scope.tokens
        return dict(total)

    def scopes(self) -> list[Scope]:
        """Every scope at work, outer ones first."""
        found = [self.root] if self.ended is None else []
        for scope in found:
            found.extend(item.inner for item in scope.active if item.inner is not None)
        return found

    # ------------------------------------------------------------ the token game

    def _run(self) -> None:
        while self.ended is None and (self._move() or self._inclusive() or self._close()):
            pass

    def _move(self) -> bool:
        moves: list[tuple[Scope, str, str | None]] = []
        for scope in self.scopes():
            moves += [(scope, node, None) for node in scope.born]
            for flow in +scope.tokens:
                node = self.flows[flow].get("targetRef", "")
                incoming = self._incoming(node)
                match kind(self.nodes[node]):
                    case "parallelGateway" if len(incoming) > 1:
                        if all(scope.tokens[other] for other in incoming):
                            moves.append((scope, node, "join"))
                    case "inclusiveGateway" if len(incoming) > 1:
                        pass
                    case _:
                        moves.append((scope, node, flow))
        if not moves:
            return False
        scope, node, flow = self.chance.choice(moves)
        if flow is None:
            scope.born.remove(node)
        else:
            for consumed in self._incoming(node) if flow == "join" else [flow]:
                scope.tokens[consumed] -= 1
        self._enter(scope, node)
        return True

    def _enter(self, scope: Scope, node: str) -> None:
        self.entered[node] += 1
        element = self.nodes[node]
        match kind(element):
            case "exclusiveGateway":
                self._produce(scope, self._first_true(node))
            case "inclusiveGateway":
                self._produce(scope, self._all_true(node))
            case "parallelGateway":
                self._produce(scope, self._outgoing(node))
            case "eventBasedGateway":
                for flow in self._outgoing(node):
                    scope.active.append(Activity(scope, self.flows[flow].get("targetRef", "")))
            case "subProcess":
                activity = Activity(scope, node)
                scope.active.append(activity)
                activity.inner = self._open(element, activity)
            case "endEvent":
                self._end(scope, element)
            case tag if tag in WAITING:
                scope.active.append(Activity(scope, node))
            case _:
                self._leave(scope, node)

    def _end(self, scope: Scope, element: Any) -> None:
        """13.5.6: a none end event consumes its token; a terminate one ends its scope, an error one looks outward."""
        definition = next((kind(child) for child in element if kind(child).endswith("EventDefinition")), "none")
        if definition == "terminateEventDefinition":
            self.disturbed = True
            scope.tokens.clear()
            scope.active.clear()
            scope.born.clear()
            if scope.host is None:
                self.ended = "terminated"
        elif definition == "errorEventDefinition":
            self.disturbed = True
            if scope.host is None or not self._throw(scope.host, self._code(element)):
                self.ended = "failed"

    def _finish(self, activity: Activity) -> None:
        scope = activity.scope
        scope.active.remove(activity)
        for flow in self._incoming(activity.node):  # the other events behind an event-based gateway are over
            gate = self.flows[flow].get("sourceRef", "")
            if kind(self.nodes[gate]) == "eventBasedGateway":
                self.entered[activity.node] += 1
                for other in self._outgoing(gate):
                    target = self.flows[other].get("targetRef", "")
                    if target != activity.node:
                        scope.active.remove(next(item for item in scope.active if item.node == target))
        self._leave(scope, activity.node)

    def _leave(self, scope: Scope, node: str) -> None:
        """13.3.2 and 8.3.13: flows without a condition, each whose condition is true, else the default one."""
        self._produce(scope, self._all_true(node))

    def _produce(self, scope: Scope, flows: list[str]) -> None:
        for flow in flows:
            scope.tokens[flow] += 1

    def _boundary(self, activity: Activity, boundary: str) -> None:
        if self.nodes[boundary].get("cancelActivity", "true") == "true":
            activity.scope.active.remove(activity)
        self.entered[boundary] += 1
        self._leave(activity.scope, boundary)

    def _throw(self, activity: Activity | None, code: str) -> bool:
        """10.5.6: the innermost enclosing activity with a matching boundary event catches; it is interrupted."""
        while activity is not None:
            catchers = [
                key for key, part in self.nodes.items()
                if part.get("attachedToRef") == activity.node and part.find(f"{_BPMN}errorEventDefinition") is not None
            ]  # fmt: skip
            for wanted in (code, None):
                for boundary in catchers:
                    if self._code(self.nodes[boundary]) == wanted:
                        self._boundary(activity, boundary)
                        return True
            activity = activity.scope.host
        return False

    def _open(self, element: Any, host: Activity | None = None) -> Scope:
        scope = Scope(element, host)
        inside = [part for part in element if kind(part) in NODES]
        starts = [part.get("id", "") for part in inside if kind(part) == "startEvent"]
        scope.born = starts or [
            part.get("id", "") for part in inside
            if not self._incoming(part.get("id", "")) and kind(part) != "boundaryEvent"
        ]  # fmt: skip
        return scope

    def _close(self) -> bool:
        """13.3.4: a scope in which nothing is left has completed; its activity ends, or the instance does."""
        for scope in self.scopes():
            if not (+scope.tokens or scope.active or scope.born):
                if scope.host is None:
                    self.ended = "completed"
                else:
                    self._finish(scope.host)
                return True
        return False

    # ------------------------------------------------------------ the inclusive gateway, 13.4.3

    def _inclusive(self) -> bool:
        for scope in self.scopes():
            for part in scope.element:
                node = part.get("id", "")
                if kind(part) == "inclusiveGateway" and len(self._incoming(node)) > 1 and self._enabled(scope, node):
                    for flow in self._incoming(node):
                        if scope.tokens[flow]:
                            scope.tokens[flow] -= 1
                    self._enter(scope, node)
                    return True
        return False

    def _enabled(self, scope: Scope, gateway: str) -> bool:
        """Some incoming flow has a token; and every flow with a token from which a path that does not visit the
        gateway ends at an empty incoming flow also has such a path to one that is not empty."""
        full = [flow for flow in self._incoming(gateway) if scope.tokens[flow]]
        empty = [flow for flow in self._incoming(gateway) if not scope.tokens[flow]]
        marked = set(+scope.tokens)
        for activity in scope.active:  # its token will leave on one of these
            marked |= set(self._exits(activity.node))
        return bool(full) and all(
            any(self._path(flow, other, gateway) for other in full)
            for flow in marked
            if any(self._path(flow, other, gateway) for other in empty)
        )

    def _path(self, flow: str, goal: str, gateway: str) -> bool:
        seen, todo = set(), [flow]
        while todo:
            at = todo.pop()
            if at == goal:
                return True
            node = self.flows[at].get("targetRef", "")
            if at not in seen and node != gateway:
                todo.extend(self._exits(node))
            seen.add(at)
        return False

    def _exits(self, node: str) -> list[str]:
        attached = [key for key, part in self.nodes.items() if part.get("attachedToRef") == node]
        return [flow for leaving in (node, *attached) for flow in self._outgoing(leaving)]

    # ------------------------------------------------------------ the drawing

    def _incoming(self, node: str) -> list[str]:
        return [key for key, flow in self.flows.items() if flow.get("targetRef") == node]

    def _outgoing(self, node: str) -> list[str]:
        return [key for key, flow in self.flows.items() if flow.get("sourceRef") == node]

    def _true(self, flow: str) -> bool | None:
        condition = self.flows[flow].find(f"{_BPMN}conditionExpression")
        return None if condition is None else self.variables[(condition.text or "").strip("= ")]

    def _first_true(self, node: str) -> list[str]:
        default = self.nodes[node].get("default")
        chosen = [flow for flow in self._outgoing(node) if flow != default and self._true(flow) is not False]
        return chosen[:1] or ([default] if default is not None else [])

    def _all_true(self, node: str) -> list[str]:
        default = self.nodes[node].get("default")
        flows = [flow for flow in self._outgoing(node) if flow != default]
        chosen = [flow for flow in flows if self._true(flow) is not False]
        conditional = [flow for flow in chosen if self._true(flow)]
        return [*chosen, default] if default is not None and not conditional else chosen

    def _code(self, element: Any) -> str | None:
        reference = element.find(f"{_BPMN}errorEventDefinition").get("errorRef")
        return None if reference is None else str(reference).removeprefix("error_")


def kind(element: Any) -> str:
    """Tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


NODES = WAITING | frozenset(
    (
        *("task", "manualTask", "subProcess", "startEvent", "endEvent", "boundaryEvent", "intermediateThrowEvent"),
        *("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"),
    )
)

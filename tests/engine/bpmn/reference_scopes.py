"""The literal reading of chapter 13 in `reference.py`, with what opens, interrupts or undoes a scope.

A scope is one of: the process or a sub-process; a turn, which holds one round or instance of an activity with a loop
marker (13.3.6, 13.3.7); a handler, an event sub-process at work beside or instead of its scope (13.5.4); an undoing,
which holds one compensation handler (13.5.5). Nothing is kept about what waits for events: whoever throws looks through
everything that is at work.
"""

from typing import Any

from tests.engine.bpmn.reference import _BPMN, WAITING, Activity, Reference, Scope, kind

ACTIVITIES = frozenset(("task", "manualTask", "userTask", "serviceTask", "subProcess", "transaction"))
THROWN = ("signal", "escalation", "compensate", "cancel")
Place = tuple[str, tuple[int, ...]]
"""An element, and in which round or instance of the loops around it."""


class Work(Activity):
    """Something at work. `turns`, `count`, `done`: of a loop. `owner`, `before`, `only`: whose entries a compensation
    goes through, how old, and of what.

    `restores`: a completed sub-process whose parts are undone one by one.
    `beside`: nobody waits for what is undone. `over`: timers that have gone off.
    """

    def __init__(self, scope: "Frame", node: str) -> None:
        super().__init__(scope, node)
        self.turns: list[Frame] = []
        self.count = 0
        self.done = 0
        self.before: int | None = None
        self.only: str | None = None
        self.owner: Frame | None = None
        self.restores = False
        self.beside = False
        self.over: set[str] = set()

    def inside(self) -> list["Frame"]:
        return [*self.turns, *([self.inner] if self.inner is not None else [])]  # type: ignore[list-item]


class Frame(Scope):
    """`sort`: scope, turn, handler or undoing. `log`: what has completed, oldest first. `closed`: its event
    sub-processes listen no more."""

    def __init__(self, element: Any, host: Work | None, sort: str = "scope", number: int = 0) -> None:
        super().__init__(element, host)
        self.sort = sort
        self.number = number
        self.log: list[Done] = []
        self.closed = False
        self.over: set[str] = set()

    @property
    def parent(self) -> "Frame | None":
        return self.host.scope if self.host is not None else None  # type: ignore[return-value]

    def place(self) -> tuple[int, ...]:
        """The rounds and instances around."""
        outer = self.parent.place() if self.parent is not None else ()
        return (*outer, self.number) if self.sort == "turn" else outer


class Done:
    """An activity that has completed and can be undone: by a handler of its own, or by undoing what it held."""

    def __init__(self, seq: int, node: str, log: list["Done"]) -> None:
        self.seq = seq
        self.node = node
        self.log = log


class Scopes(Reference):
    """One instance; see `Reference`."""

    def __init__(self, xml: bytes, variables: dict[str, bool], seed: int = 0) -> None:
        self.seq = 0
        super().__init__(xml, variables, seed)

    # ------------------------------------------------------------ what happens from outside

    def complete_at(self, place: Place, **variables: bool) -> None:
        self.disturbed = False
        self.variables.update(variables)
        self._finish(self.at(place))
        self._run()

    def trigger(self, place: Place) -> None:
        """What a boundary event or the start event of an event sub-process waits for happens."""
        self.disturbed = False
        key, where = place
        host = self.nodes[key].get("attachedToRef")
        if host is not None:
            self._boundary(self.at((host, where)), key)
        else:
            frame = next(scope for scope, start in self._listening() if start == key and scope.place() == where)
            self._handle(frame, key)
        self._run()

    def error_at(self, place: Place, code: str) -> bool:
        """False when nobody catches it."""
        self.disturbed = False
        caught = self._search(self.at(place).scope, "error", code, self.at(place))
        self._run()
        return caught

    def escalate_at(self, place: Place, code: str) -> None:
        self.disturbed = False
        self._search(self.at(place).scope, "escalation", code, self.at(place))
        self._run()

    def at(self, place: Place) -> Work:
        """The work there that began first."""
        node, where = place
        return next(
            item for scope in self.scopes() for item in scope.active if item.node == node and scope.place() == where
        )  # fmt: skip

    # ------------------------------------------------------------ what can be seen

    def working(self) -> list[Place]:
        return sorted(
            (item.node, scope.place()) for scope in self.scopes() for item in scope.active
            if kind(self.nodes[item.node]) in WAITING and not item.turns and item.owner is None
            and not (self._loop(item.node) is not None and scope.sort != "turn")
        )  # fmt: skip

    def armed(self) -> list[Place]:
        """Events that the outside can trigger: messages, timers and signals at what is at work."""
        found = [(start, scope.place()) for scope, start in self._listening() if self._outer(start)]
        for scope in self.scopes():
            for item in scope.active:
                found += [(key, scope.place()) for key in self._attached(item) if self._outer(key)]
        return sorted(found)

    def undone(self) -> list[str]:
        """What could be undone in the scopes at work."""
        return sorted(entry.node for scope in self.scopes() for entry in scope.log)

    def scopes(self) -> list[Frame]:  # type: ignore[override]
        found: list[Frame] = [self.root] if self.ended is None else []  # type: ignore[list-item]
        for scope in found:
            for item in scope.active:
                found.extend(item.inside())  # type: ignore[attr-defined]
        return found

    # ------------------------------------------------------------ the token game

    def _enter(self, scope: Frame, node: str) -> None:  # type: ignore[override]
        element = self.nodes[node]
        tag, thrown = kind(element), self._definition(node)
        if tag == "intermediateThrowEvent" and thrown == "link":
            self.entered[node] += 1
            name = element.find(f"{_BPMN}linkEventDefinition").get("name")
            self._enter(scope, self._catcher(name))
        elif tag in ACTIVITIES and self._loop(node) is not None and scope.sort != "turn":
            self._repeat(scope, node)
        elif tag == "transaction":
            self.entered[node] += 1
            self._descend(scope, node)
        elif tag in ("intermediateThrowEvent", "endEvent") and thrown in (
            "signal",
            "escalation",
            "compensate",
            "cancel",
        ):
            self.entered[node] += 1
            self._emit(scope, node, thrown)
        elif tag == "subProcess":
            self.entered[node] += 1
            self._descend(scope, node)
        elif tag == "intermediateCatchEvent" and thrown == "link":
            self.entered[node] += 1
            self._leave(scope, node)
        elif tag in WAITING:
            self.entered[node] += 1
            scope.active.append(Work(scope, node))
        elif tag == "eventBasedGateway":
            self.entered[node] += 1
            for flow in self._outgoing(node):
                scope.active.append(Work(scope, self.flows[flow].get("targetRef", "")))
        else:
            super()._enter(scope, node)

    def _descend(self, scope: Frame, node: str) -> None:
        work = Work(scope, node)
        scope.active.append(work)
        work.inner = self._open(self.nodes[node], work)

    def _open(self, element: Any, host: Activity | None = None) -> Frame:
        frame = Frame(element, host)  # type: ignore[arg-type]
        opened = super()._open(element, host)
        frame.born = [
            node for node in opened.born
            if self.nodes[node].get("triggeredByEvent") != "true"
            and self.nodes[node].get("isForCompensation") != "true" and self._definition(node) != "link"
        ]  # fmt: skip
        return frame

    def _emit(self, scope: Frame, node: str, thrown: str) -> None:
        """A throwing event, intermediate or final."""
        ends = kind(self.nodes[node]) == "endEvent"
        if thrown == "signal":
            self._produce(scope, [] if ends else self._outgoing(node))
            self._broadcast(self._named(node, "signal"))
        elif thrown == "escalation":
            self._produce(scope, [] if ends else self._outgoing(node))
            self._search(scope, "escalation", self._named(node, "escalation"))
        else:
            if thrown == "cancel":
                self.disturbed = True
                self._empty(scope)
                scope.closed = True
            work = Work(scope, node)
            definition = self.nodes[node].find(f"{_BPMN}{thrown}EventDefinition")
            work.beside = definition.get("waitForCompletion") == "false"
            if work.beside:
                self._leave(scope, node)
            self.seq += 1
            work.before = self.seq
            work.owner = scope.parent if scope.sort == "handler" else scope
            work.only = definition.get("activityRef")
            scope.active.append(work)
            self._undo(work)

    def _end(self, scope: Frame, element: Any) -> None:  # type: ignore[override]
        thrown = self._definition(element.get("id"))
        if thrown == "terminate":
            self.disturbed = True
            self._empty(scope)
            if scope.host is None:
                self.ended = "terminated"
        elif thrown == "error" and not self._search(scope, "error", self._named(element.get("id"), "error")):
            self.ended = "failed"

    def _empty(self, scope: Frame) -> None:
        scope.tokens.clear()
        scope.active.clear()
        scope.born.clear()

    def _finish(self, activity: Activity) -> None:
        work: Work = activity  # type: ignore[assignment]
        scope: Frame = work.scope  # type: ignore[assignment]
        inner: Frame | None = work.inner  # type: ignore[assignment]
        log = inner.log if inner is not None else []
        once = self._loop(work.node) is None or scope.sort == "turn"  # of a loop each round and instance completes
        if scope.sort != "undoing" and once and (self._handler(work.node) is not None or log):
            self.seq += 1
            around = scope.host.scope if scope.sort == "turn" else scope  # type: ignore[union-attr]
            around.log.append(Done(self.seq, work.node, log))  # type: ignore[attr-defined]
        if scope.sort in ("turn", "undoing"):
            scope.active.remove(work)
        else:
            super()._finish(work)

    def _close(self) -> bool:
        """13.3.4 for each sort of scope."""
        for scope in self.scopes():
            if +scope.tokens or scope.active or scope.born:
                continue
            host: Work | None = scope.host  # type: ignore[assignment]
            if host is None:
                self.ended = "completed"
            elif scope.sort == "turn":
                self._turn_over(host, scope)
            elif scope.sort == "handler":
                host.scope.active.remove(host)
            elif scope.sort == "undoing":
                host.inner = None
                self._undo(host)
            else:
                self._finish(host)
            return True
        return False

    # ------------------------------------------------------------ loops

    def _loop(self, node: str) -> Any:
        return next((part for part in self.nodes[node] if kind(part).endswith("LoopCharacteristics")), None)

    def _repeat(self, scope: Frame, node: str) -> None:
        self.entered[node] += 1
        work, loop = Work(scope, node), self._loop(node)
        scope.active.append(work)
        if kind(loop) == "standardLoopCharacteristics":
            if loop.get("testBefore") == "true" and not self._again(loop):
                self._finish(work)
            else:
                self._turn(work)
            return
        work.count = int(loop.find(f"{_BPMN}loopCardinality").text.strip("= "))
        if work.count == 0:
            self._finish(work)
        for _ in range(min(work.count, 1) if loop.get("isSequential") == "true" else work.count):
            self._turn(work)

    def _turn(self, work: Work) -> None:
        number = work.done + len(work.turns) + 1
        frame = Frame(self.nodes[work.node], work, "turn", number)
        frame.born = [work.node]
        work.turns.append(frame)

    def _turn_over(self, work: Work, turn: Frame) -> None:
        loop = self._loop(work.node)
        work.turns.remove(turn)
        work.done += 1
        if kind(loop) == "standardLoopCharacteristics":
            if turn.number >= int(loop.get("loopMaximum")) or not self._again(loop):
                self._finish(work)
            else:
                self._turn(work)
            return
        condition = loop.find(f"{_BPMN}completionCondition")
        enough = condition is not None and work.done >= int(condition.text.rpartition(" ")[2])
        if enough or work.done == work.count:
            self.disturbed |= bool(work.turns)
            work.turns.clear()
            self._finish(work)
        elif loop.get("isSequential") == "true":
            self._turn(work)

    def _again(self, loop: Any) -> bool:
        return self.variables[loop.find(f"{_BPMN}loopCondition").text.strip("= ")]

    # ------------------------------------------------------------ catching

    def _attached(self, item: Activity) -> list[str]:
        """Boundary events of an activity at work; those of a loop stand around the whole of it."""
        if item.scope.sort in ("turn", "undoing"):  # type: ignore[attr-defined]
            return []
        return [
            key for key, part in self.nodes.items()
            if part.get("attachedToRef") == item.node and key not in item.over  # type: ignore[attr-defined]
        ]  # fmt: skip

    def _listening(self) -> list[tuple[Frame, str]]:
        """(scope, start event) of every event sub-process that can be triggered."""
        return [
            (scope, start) for scope in self.scopes() if scope.sort != "turn" and not scope.closed
            for start in self._starts(scope)
        ]  # fmt: skip

    def _starts(self, scope: Frame) -> list[str]:
        if scope.sort in ("turn", "undoing"):
            return []
        return [
            start.get("id") for part in scope.element if part.get("triggeredByEvent") == "true"
            for start in part.findall(f"{_BPMN}startEvent") if start.get("id") not in scope.over
        ]  # fmt: skip

    def _outer(self, key: str) -> bool:
        return self._definition(key) in ("message", "timer", "signal")

    def _boundary(self, activity: Activity, boundary: str) -> None:
        scope: Frame = activity.scope  # type: ignore[assignment]
        self.entered[boundary] += 1
        if self.nodes[boundary].get("cancelActivity", "true") == "true":
            self.disturbed = True
            scope.active.remove(activity)
        elif self._definition(boundary) == "timer":  # a duration passes once
            activity.over.add(boundary)  # type: ignore[attr-defined]
        self._leave(scope, boundary)

    def _handle(self, scope: Frame, start: str) -> None:
        """13.5.4: an interrupting event sub-process ends everything in its scope first."""
        element = next(part for part in scope.element if self.nodes[start] in list(part))
        if self.nodes[start].get("isInterrupting", "true") == "true":
            self.disturbed = True
            self._empty(scope)
            scope.closed = True
        elif self._definition(start) == "timer":
            scope.over.add(start)
        self.entered[element.get("id")] += 1
        work = Work(scope, element.get("id"))
        frame = Frame(element, work, "handler")
        frame.born = [start]
        work.inner = frame
        scope.active.append(work)

    def _search(self, scope: Frame | None, sort: str, code: str | None, item: Activity | None = None) -> bool:
        """10.5.6: outward, at each level the exact code before the one that catches all; the first match takes it."""
        while True:
            if item is not None:
                found = self._match(self._attached(item), sort, code)
                if found is not None:
                    self._boundary(item, found)
                    return True
            if scope is None:
                return False
            others = [start for start in self._starts(scope) if item is None or not self._begins(item, start)]
            found = None if scope.closed else self._match(others, sort, code)
            if found is not None:
                self._handle(scope, found)
                return True
            item, scope = scope.host, scope.parent

    def _begins(self, item: Activity, start: str) -> bool:
        """Whether an event sub-process at work has been begun by this event: it does not catch what it throws."""
        return self.nodes[start] in list(self.nodes[item.node])

    def _match(self, keys: list[str], sort: str, code: str | None) -> str | None:
        fits = [key for key in keys if self._definition(key) == sort]
        return next((key for wanted in (code, None) for key in fits if self._named(key, sort) == wanted), None)

    def _broadcast(self, name: str | None) -> None:
        """10.5.1: whatever waits for the signal now catches it."""

        def waits(key: str) -> bool:
            return self._definition(key) == "signal" and self._named(key, "signal") == name

        caught: list[tuple[Any, str]] = [(found, start) for found, start in self._listening() if waits(start)]
        for scope in self.scopes():
            for item in scope.active:
                caught += [(item, key) for key in (*self._attached(item), item.node) if waits(key)]
        for holder, key in caught:
            if isinstance(holder, Frame):
                if holder in self.scopes() and not holder.closed:
                    self._handle(holder, key)
            elif holder.scope in self.scopes() and holder in holder.scope.active:
                (self._finish(holder) if key == holder.node else self._boundary(holder, key))

    # ------------------------------------------------------------ undoing

    def _handler(self, node: str) -> str | None:
        """The activity that undoes another one."""
        for key, part in self.nodes.items():
            if part.get("attachedToRef") == node and self._definition(key) == "compensate":
                return next(
                    other.get("targetRef") for other in self.nodes.values()
                    if kind(other) == "association" and other.get("sourceRef") == key
                )  # fmt: skip
        return None

    def _undo(self, work: Work) -> None:
        """The newest entry that is left, or on: what has completed is undone in reverse."""
        owner = work.owner
        assert owner is not None
        left = [
            entry for entry in owner.log
            if entry.seq < (work.before or 0) and work.only in (None, entry.node)
        ]  # fmt: skip
        scope: Frame = work.scope  # type: ignore[assignment]
        if not left:
            scope.active.remove(work)
            if work.restores or work.beside:
                return
            match self._definition(work.node), kind(self.nodes[work.node]):
                case "cancel", _:
                    self._leave_transaction(scope)
                case "compensate", "intermediateThrowEvent":
                    self._leave(scope, work.node)
            return
        entry = left[-1]
        owner.log.remove(entry)
        handler = self._handler(entry.node)
        frame = Frame(self.nodes[entry.node], work, "undoing")
        work.inner = frame
        if handler is not None:
            frame.born = [handler]
            return
        frame.log = entry.log
        inner = Work(frame, entry.node)
        inner.owner, inner.before, inner.restores = frame, self.seq + 1, True
        frame.active.append(inner)
        self._undo(inner)

    def _leave_transaction(self, scope: Frame) -> None:
        host: Work = scope.host  # type: ignore[assignment]
        boundary = next(
            key for key, part in self.nodes.items()
            if part.get("attachedToRef") == host.node and self._definition(key) == "cancel"
        )  # fmt: skip
        self._boundary(host, boundary)

    # ------------------------------------------------------------ the drawing

    def _catcher(self, name: str) -> str:
        return next(
            key for key, part in self.nodes.items()
            if kind(part) == "intermediateCatchEvent" and any(child.get("name") == name for child in part)
        )  # fmt: skip

    def _exits(self, node: str) -> list[str]:
        if kind(self.nodes[node]) == "intermediateThrowEvent" and self._definition(node) == "link":
            return self._outgoing(self._catcher(self.nodes[node].find(f"{_BPMN}linkEventDefinition").get("name")))
        return super()._exits(node)

    def _definition(self, node: str) -> str | None:
        """`message`, `link` … of an event with one definition."""
        for part in self.nodes[node]:
            if kind(part).endswith("EventDefinition"):
                return kind(part).removesuffix("EventDefinition")
        return None

    def _named(self, node: str, sort: str) -> str | None:
        """Which signal, error or escalation; None catches all."""
        found = self.nodes[node].find(f"{_BPMN}{sort}EventDefinition").get(f"{sort}Ref")
        return None if found is None else str(found).removeprefix(f"{sort}_")

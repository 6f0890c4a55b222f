"""Drawings in a few lines, and a player that checks every promise of a state after every step."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import bpmn
from engine.bpmn import steps
from engine.bpmn.steps import Fact, Step
from engine.errors import CannotCompile

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:troika="urn:troika:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' targetNamespace="urn:test" id="definitions">\n'
)


def drawing(body: str, roots: str = "", process_id: str = "p", attributes: str = "") -> bytes:
    """A file with one executable process. `roots`: messages and errors."""
    return (
        f'{HEAD}{roots}<process id="{process_id}" name="P" isExecutable="true" {attributes}>\n{body}\n</process>\n'
        "</definitions>"
    ).encode()


def flows(*lines: str) -> str:
    """`a b c` draws a -> b -> c with ids a_b and b_c; `a b ? amount > 5` adds a condition."""
    xml = []
    for line in lines:
        path, _, condition = line.partition("?")
        nodes = path.split()
        for source, target in itertools.pairwise(nodes):
            inner = f"<conditionExpression>= {escaped(condition.strip())}</conditionExpression>" if condition else ""
            xml.append(
                f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
            )
    return "\n".join(xml)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def extensions(*elements: str) -> str:
    return f"<extensionElements>{''.join(elements)}</extensionElements>" if elements else ""


def mapping(**lines: str) -> str:
    """`inputs`/`outputs` by prefix: in_amount="= x" maps to amount; `__` in a target stands for a dot."""
    inner = ""
    for key, source in lines.items():
        kind, target = key.split("_", 1)
        tag = {"in": "input", "out": "output"}[kind]
        inner += f'<zeebe:{tag} source="{escaped(source)}" target="{target.replace("__", ".")}"/>'
    return f"<zeebe:ioMapping>{inner}</zeebe:ioMapping>"


def element(tag: str, key: str, *more: str, inner: str = "", **attributes: str) -> str:
    """Any flow node with extension elements."""
    written = "".join(f' {name.replace("__", ":")}="{value}"' for name, value in attributes.items())
    return f'<{tag} id="{key}" name="{key}"{written}>{extensions(*more)}{inner}</{tag}>'


def user(key: str, *more: str, **lines: str) -> str:
    inner = extensions(
        '<zeebe:assignmentDefinition candidateGroups="staff"/>', *more, *([mapping(**lines)] if lines else [])
    )
    return f'<userTask id="{key}" name="{key}">{inner}</userTask>'


def service(key: str, operation: str = "erp.do", *more: str, **lines: str) -> str:
    inner = extensions(f'<zeebe:taskDefinition type="{operation}"/>', *more, *([mapping(**lines)] if lines else []))
    return f'<serviceTask id="{key}" name="{key}">{inner}</serviceTask>'


def script(key: str, expression: str, result: str, **lines: str) -> str:
    inner = extensions(
        f'<zeebe:script expression="= {escaped(expression)}" resultVariable="{result}"/>',
        *([mapping(**lines)] if lines else []),
    )
    return f'<scriptTask id="{key}" name="{key}">{inner}</scriptTask>'


def message(name: str, key: str | None = "= order") -> str:
    """A root element; its id is the name."""
    inner = extensions(f'<zeebe:subscription correlationKey="{escaped(key)}"/>') if key else ""
    return f'<message id="{name}" name="{name}">{inner}</message>'


def error(code: str) -> str:
    """A root element; its id is `error_<code>`."""
    return f'<error id="error_{code}" name="{code}" errorCode="{code}"/>'


def catch(key: str, definition: str) -> str:
    return f'<intermediateCatchEvent id="{key}" name="{key}">{definition}</intermediateCatchEvent>'


def throw(key: str, definition: str, *more: str) -> str:
    inner = extensions(*more) + definition
    return f'<intermediateThrowEvent id="{key}" name="{key}">{inner}</intermediateThrowEvent>'


def boundary(key: str, host: str, definition: str, interrupting: bool = True, *more: str) -> str:
    return (
        f'<boundaryEvent id="{key}" name="{key}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f"{extensions(*more)}{definition}</boundaryEvent>"
    )


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{escaped(text)}</{kind}></timerEventDefinition>"


def message_event(name: str) -> str:
    return f'<messageEventDefinition messageRef="{name}"/>'


def signal(name: str) -> str:
    """A root element; its id is the name."""
    return f'<signal id="{name}" name="{name}"/>'


def signal_event(name: str) -> str:
    return f'<signalEventDefinition signalRef="{name}"/>'


def escalation(code: str) -> str:
    """A root element; its id is `escalation_<code>`."""
    return f'<escalation id="escalation_{code}" name="{code}" escalationCode="{code}"/>'


def escalation_event(code: str | None) -> str:
    return f'<escalationEventDefinition escalationRef="escalation_{code}"/>' if code else "<escalationEventDefinition/>"


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>= {escaped(text)}</condition></conditionalEventDefinition>"


def link(name: str) -> str:
    return f'<linkEventDefinition name="{name}"/>'


def error_event(code: str | None) -> str:
    return f'<errorEventDefinition errorRef="error_{code}"/>' if code else "<errorEventDefinition/>"


START = '<startEvent id="start" name="start"/>'
END = '<endEvent id="end" name="end"/>'


def program(xml: bytes, process_id: str | None = None) -> bpmn.Program:
    """Compiled; a finding is a failing test."""
    reading = bpmn.read(xml, "test.bpmn")
    assert reading.definition is not None, reading.findings
    return bpmn.compile(reading.definition, process_id)


def errors(xml: bytes) -> dict[str, str | None]:
    """Rule -> element of every error, of the readers and of the compiler."""
    reading = bpmn.read(xml, "test.bpmn")
    found = [finding for finding in reading.findings if finding.level == "error"]
    if not found and reading.definition is not None:
        try:
            bpmn.compile(reading.definition)
        except CannotCompile as refused:
            found = refused.findings
    for finding in found:
        assert str(finding)
    return {finding.rule: finding.element_id for finding in found}


class Play:
    """One instance. Every step is checked: invariants, openings and closings, the stored form, and no stored object
    that the step after does not need."""

    def __init__(
        self,
        source: bytes | bpmn.Program,
        variables: dict[str, Any] | None = None,
        *,
        start: str | None = None,
        trigger: dict[str, Any] | None = None,
        others: dict[str, bpmn.Program] | None = None,
        process: dict[str, Any] | None = None,
        decisions: Callable[[str], Any] | None = None,
        now: datetime = MONDAY,
        calendars: Callable[[str], Any] | None = None,
    ) -> None:
        self.program = source if isinstance(source, bpmn.Program) else program(source)
        self.programs = {"d": self.program, **(others or {})}
        self.now = now
        self.env = bpmn.Env(process=process or {}, programs=lambda key: (key, self.programs[key]))
        if decisions is not None:
            self.env.decisions = decisions
        if calendars is not None:
            self.env.calendars = calendars
        self.facts: list[Fact] = []
        self.open: dict[tuple[str, int], Fact] = {}
        self.closed: set[tuple[str, int]] = set()
        self.step = self._take(
            bpmn.begin(self.program, "d", variables or {}, now=self.now, env=self.env, start=start, trigger=trigger)
        )

    # ------------------------------------------------------------ acting

    def complete(self, node: str, _outcome: dict[str, Any] | None = None, **values: Any) -> Step:
        return self._do(bpmn.complete, self.token(node), values, outcome=_outcome)

    def complete_turn(self, node: str, index: int, **values: Any) -> Step:
        """The wait at `node` in round or instance `index` of its loop."""
        return self._do(bpmn.complete, self.turns(node)[index], values)

    def throw(self, node: str, code: str, **values: Any) -> Step:
        return self._do(bpmn.throw_error, self.token(node), code, values)

    def escalate(self, node: str, code: str, **values: Any) -> Step:
        return self._do(bpmn.escalate, self.token(node), code, values)

    def fail(self, node: str, code: str = "failed", **detail: Any) -> Step:
        return self._do(bpmn.fail, self.token(node), code, detail)

    def deliver(self, node: str, **payload: Any) -> Step:
        return self._do(bpmn.deliver, self.token(node), payload)

    def elapse(self, node: str, after: timedelta = timedelta()) -> Step:
        token = self.token(node, "timer")
        self.now = max(self.now + after, datetime.fromisoformat(self.state.tokens[token].due or ""))
        return self._do(bpmn.elapse, token)

    def resume(self, node: str, **values: Any) -> Step:
        incident = self.state.tokens[self.token(node)].incident
        return self._do(bpmn.resume, incident, values)

    def write(self, scope: int = 0, **values: Any) -> Step:
        return self._do(bpmn.set_variables, scope, values)

    def activate(self, scope: int, node: str) -> Step:
        return self._do(bpmn.activate, scope, node)

    def finish(self, scope: int) -> Step:
        return self._do(bpmn.finish, scope)

    def compensate(self, scope: int = 0, activity: str | None = None) -> Step:
        return self._do(bpmn.compensate, scope, activity)

    def cancel(self, reason: str = "") -> Step:
        return self._do(bpmn.cancel, reason)

    def goto(self, origin: str, target: str, **options: Any) -> Step:
        return self._do(bpmn.goto, [self.token(origin)], target, self.passed(target), **options)

    def modify(self, *start: bpmn.Placing, cancel: tuple[str | int, ...] = (), compensate: bool = False) -> Step:
        numbers = tuple(node if isinstance(node, int) else self.token(node) for node in cancel)
        return self._do(bpmn.modify, bpmn.Modification(numbers, start, compensate))

    def migrate(self, source: bytes, choices: dict[str, str | None] | None = None, **options: Any) -> Step:
        """To a version named `d2`, everything paired as `compare` does and `choices` say."""
        new = program(source)
        found = bpmn.compare(self.program, new, choices)
        self.programs["d2"] = new
        return self._do(bpmn.migrate, {"d": bpmn.Target(bpmn.Plan(found.nodes, found.flows, **options), "d2", new)})

    # ------------------------------------------------------------ looking

    @property
    def state(self) -> bpmn.State:
        return self.step.state

    @property
    def waits(self) -> list[str]:
        """Element ids of open waits, sorted."""
        return sorted(node for _, node, _ in bpmn.waits(self.state))

    @property
    def variables(self) -> dict[str, Any]:
        return bpmn.variables(self.state)

    @property
    def incidents(self) -> dict[str, str]:
        return {self.state.tokens[item.token].node.id: item.code for item in self.state.incidents.values()}

    def detail(self, node: str) -> dict[str, Any]:
        """Of the incident there."""
        return self.state.incidents[self.state.tokens[self.token(node)].incident].detail

    def token(self, node: str, wait: str | None = None) -> int:
        return next(token for token, at, kind in bpmn.waits(self.state) if at == node and wait in (None, kind))

    def turns(self, node: str) -> dict[int, int]:
        """LoopCounter -> token of the open waits at `node`, in loops."""
        found = {}
        for token, at, _ in bpmn.waits(self.state):
            scope = self.state.tokens[token].scope
            if at == node:
                found[bpmn.variables(self.state, scope.id)["loopCounter"]] = token
        return found

    def passed(self, node: str) -> int:
        """Number of the fact by which it was last left; 0: never."""
        return max((fact.seq for fact in self.all(steps.NodeLeft) if fact.node == node), default=0)

    def all(self, kind: type) -> list[Any]:
        """Facts of one kind since the beginning."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def path(self) -> list[str]:
        """Elements whose visit ended normally, in order."""
        return [fact.node for fact in self.all(steps.NodeLeft) if fact.outcome == "completed"]

    # ------------------------------------------------------------ checking

    def _do(self, verb: Callable[..., Step], *arguments: Any, **options: Any) -> Step:
        stored = json.dumps(bpmn.dump(self.state))
        loaded = bpmn.load(json.loads(stored), self.programs.__getitem__)
        assert json.dumps(bpmn.dump(loaded)) == stored
        kept = verb(self.step.state, *arguments, now=self.now, env=self.env, **options)
        again = verb(loaded, *arguments, now=self.now, env=self.env, **options)
        assert again.facts == kept.facts, "a step after dump and load is another one"
        assert bpmn.dump(again.state) == bpmn.dump(kept.state)
        if kept.stale:
            assert not kept.facts
            return kept
        return self._take(again)

    def _take(self, step: Step) -> Step:
        assert bpmn.check(step.state) == []
        last = self.facts[-1].seq if self.facts else 0
        for fact in step.facts:
            assert fact.seq > last, "numbers of facts increase"
            last = fact.seq
            self._account(fact)
        self.facts.extend(step.facts)
        waiting = {token for token, _, kind in bpmn.waits(step.state)}
        assert {token for kind, token in self.open if kind != "incident"} <= waiting
        assert {key for kind, key in self.open if kind == "incident"} == set(step.state.incidents)
        if step.ended:
            assert not self.open, "everything that was opened is closed"
        self.step = step
        return step

    def _account(self, fact: Fact) -> None:
        family = fact.kind.partition(".")[0]
        key = (family, getattr(fact, "incident", getattr(fact, "token", 0)))
        if isinstance(fact, steps.TimerArmed) and key in self.open:
            return  # a cycle goes on
        if isinstance(fact, steps.OPENED):
            assert key not in self.open, f"{key} is opened twice"
            assert key not in self.closed, f"{key} is opened again"
            self.open[key] = fact
        elif isinstance(fact, steps.CLOSED):
            assert self.open.pop(key, None) is not None, f"{key} is closed, but was not open"
            self.closed.add(key)

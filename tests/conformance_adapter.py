"""Our side of the suites that we did not write: `../shared/conformance/ADAPTER.md` is the contract."""

import heapq
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine import bpmn, lint
from engine.bpmn import imports
from engine.bpmn.steps import (
    InstanceEnded,
    JobOpened,
    MessageThrown,
    SignalThrown,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    WorkOpened,
)
from engine.errors import CannotCompile
from tests.conformance_feel import evaluate, evaluate_dmn, to_native, to_neutral

__all__ = [
    "DIALECT", "check", "evaluate", "evaluate_dmn", "parse", "prepare", "run", "run_once", "run_persist", "to_native",
    "to_neutral",
]  # fmt: skip

DIALECT = "feel"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ACTIONS_LIMIT = 5_000


class Refused(Exception):
    """A file that is not read; the text names an id or a line."""


# ---------------------------------------------------------------- parse


def parse(path: str) -> set[str]:
    """Ids of all flow nodes, as they were called in the file."""
    imported = imports.translate(Path(path).read_bytes(), Path(path).name)
    if imported.xml is None:
        raise Refused(str(imported.refusal))
    reading = bpmn.read(imported.xml, Path(path).name)
    if reading.definition is None:
        raise Refused(str(reading.findings[0]))
    called = {new: old for old, new in imported.renamed.items()}
    return {called.get(node.id, node.id) for process in reading.definition.processes for node in process.all_nodes()}


# ---------------------------------------------------------------- betsy


def run(path: str, process_id: str, variables: dict, *, delay_s: float, parallel: str | None, scripts: dict) -> dict:
    """Play one file on a clock that jumps from due date to due date."""
    reading = bpmn.read(Path(path).read_bytes(), Path(path).name)
    try:
        if reading.definition is None:
            raise Refused(str(reading.findings[0]))
        programs = {
            process.id: bpmn.compile(reading.definition, process.id) for process in reading.definition.executable
        }
        stage = Stage(programs, scripts)
        if parallel:
            stage.begin(parallel, {})
        main = stage.begin(process_id, variables)
    except (CannotCompile, Refused) as error:
        return {"trace": [], "status": "deploy_error", "error": str(error)[:300], "data": {}}
    stage.play(START + timedelta(seconds=delay_s) if delay_s else None)
    return {
        "trace": stage.trace, "status": main.status(), "error": main.error(), "data": bpmn.variables(main.state),
        "intervals": stage.intervals,
    }  # fmt: skip


class Instance:
    """One instance on the stage."""

    def __init__(self, process_id: str) -> None:
        self.process_id = process_id
        self.state: bpmn.State = None
        self.ended: InstanceEnded | None = None
        self.subscriptions: dict[int, SubscriptionOpened] = {}

    def status(self) -> str:
        if self.ended is not None:
            return "error_event" if self.ended.how == "failed" else "completed"
        stuck = {item.code for item in self.state.incidents.values()}
        # a join that can never fire waits for ever, says the standard; our incident only makes it visible
        return "error" if stuck - {"join-starved", "inclusive-join-deadlock"} else "waiting"

    def error(self) -> str:
        return "; ".join(f"{item.code} {item.detail}" for item in self.state.incidents.values())[:300]


class Stage:
    """Instances, their due work, and the messages between them."""

    def __init__(self, programs: dict[str, bpmn.Program], scripts: dict) -> None:
        self.programs = programs
        self.scripts = scripts
        self.now = START
        self.instances: list[Instance] = []
        self.due: list[tuple[datetime, int, Any]] = []
        self.count = itertools.count()
        self.messages: list[MessageThrown] = []
        self.signals: list[tuple[Instance, SignalThrown]] = []
        self.trace: list[str] = []
        self.intervals: dict[str, tuple[float, float]] = {}
        self.env = bpmn.Env(process={}, programs=lambda key: (key, programs[key]))

    def begin(
        self, process_id: str, variables: dict, start: str | None = None, trigger: dict | None = None
    ) -> Instance:
        instance = Instance(process_id)
        self.instances.append(instance)
        step = bpmn.begin(
            self.programs[process_id], process_id, variables, now=self.now, env=self.env, start=start, trigger=trigger
        )
        self.take(instance, step)
        return instance

    def play(self, until: datetime | None) -> None:
        for _ in range(ACTIONS_LIMIT):
            if self._correlate():
                continue
            if not self.due or (until is not None and self.due[0][0] > until):
                return
            moment, _, action = heapq.heappop(self.due)
            self.now = max(self.now, moment)
            action()
        raise RuntimeError("runaway")

    def take(self, instance: Instance, step: bpmn.steps.Step) -> None:
        instance.state = step.state
        problems = bpmn.check(step.state)
        if problems:
            raise RuntimeError("; ".join(problems))
        for fact in step.facts:
            match fact:
                case JobOpened():
                    self._work_off(instance, fact)
                case WorkOpened():
                    self._at(self.now, lambda token=fact.token: self._complete(instance, token, {}))
                case TimerArmed():
                    self._at(fact.due, lambda fact=fact: self._elapse(instance, fact))
                case SubscriptionOpened():
                    instance.subscriptions[fact.token] = fact
                case SubscriptionClosed():
                    instance.subscriptions.pop(fact.token, None)
                case MessageThrown():
                    self.messages.append(fact)
                case SignalThrown():
                    self.signals.append((instance, fact))
                case InstanceEnded():
                    instance.ended = fact

    def _work_off(self, instance: Instance, fact: JobOpened) -> None:
        script = self.scripts[fact.node]
        began = self.now
        finish = began + timedelta(seconds=script.seconds)

        def done() -> None:
            if not bpmn.is_open(instance.state, fact.token):
                return
            self.trace.append(fact.node)
            self.intervals[fact.node] = (began.timestamp(), finish.timestamp())
            if script.error_code:
                self.take(
                    instance,
                    bpmn.throw_error(instance.state, fact.token, script.error_code, now=self.now, env=self.env),
                )
                return
            scope = instance.state.tokens[fact.token].scope.id
            try:
                self._complete(instance, fact.token, script.updates(bpmn.variables(instance.state, scope)))
            except KeyError as error:
                detail = {"missing": str(error)}
                self.take(instance, bpmn.fail(instance.state, fact.token, "failed", detail, now=self.now, env=self.env))

        self._at(finish, done)

    def _complete(self, instance: Instance, token: int, values: dict) -> None:
        step = bpmn.complete(instance.state, token, values, now=self.now, env=self.env)
        if not step.stale:
            self.take(instance, step)

    def _elapse(self, instance: Instance, fact: TimerArmed) -> None:
        token = instance.state.tokens.get(fact.token)
        if token is not None and token.due == fact.due.isoformat():
            self.take(instance, bpmn.elapse(instance.state, fact.token, now=self.now, env=self.env))

    def _at(self, moment: datetime, action: Any) -> None:
        heapq.heappush(self.due, (moment, next(self.count), action))

    def _correlate(self) -> bool:
        if self.signals:
            self._broadcast(*self.signals.pop(0))
            return True
        for message in self.messages:
            for instance in self.instances:
                for token, open_ in instance.subscriptions.items():
                    if open_.subscribed == "message" and (open_.name, open_.key) == (message.name, message.key):
                        self.messages.remove(message)
                        step = bpmn.deliver(instance.state, token, message.payload, now=self.now, env=self.env)
                        self.take(instance, step)
                        return True
            for process_id, program in self.programs.items():
                for start in program.starts:
                    if start.kind == "message" and start.name == message.name:
                        self.messages.remove(message)
                        self.begin(process_id, {}, start.node, message.payload)
                        return True
        return False

    def _broadcast(self, thrower: Instance, signal: SignalThrown) -> None:
        """To all other instances that wait now, and to the starts."""
        for instance in [other for other in self.instances if other is not thrower]:
            waiting = [key for key, open_ in instance.subscriptions.items() if open_.subscribed == "signal"]
            for token in [key for key in waiting if instance.subscriptions[key].name == signal.name]:
                if bpmn.is_open(instance.state, token):
                    step = bpmn.deliver(instance.state, token, signal.payload, now=self.now, env=self.env)
                    self.take(instance, step)
        for process_id, program in self.programs.items():
            for start in program.starts:
                if start.kind == "signal" and start.name == signal.name:
                    self.begin(process_id, {}, start.node, signal.payload)


# ---------------------------------------------------------------- static


BPMNLINT = {
    "ad-hoc-sub-process": ("standard-ad-hoc",),
    "conditional-event": ("event-without-condition",),
    "conditional-flows": ("unconditioned-flow",),
    "end-event-required": ("end-missing",),
    "event-based-gateway": ("standard-event-gateway",),
    "event-sub-process-typed-start-event": ("standard-event-kind:startEvent in event subProcess",),
    "fake-join": ("fake-join",),
    "global": ("unused-declaration", "nameless-declaration", "repeated-declaration"),
    "label-required": ("label-required", "unnamed"),
    "link-event": ("standard-link",),
    "no-bpmndi": ("not-drawn",),
    "no-complex-gateway": ("complex-gateway",),
    "no-disconnected": ("disconnected",),
    "no-duplicate-sequence-flows": ("duplicate-flow",),
    "no-gateway-join-fork": ("join-and-fork",),
    "no-implicit-end": ("implicit-end",),
    "no-implicit-split": ("implicit-split",),
    "no-implicit-start": ("implicit-start",),
    "no-inclusive-gateway": ("inclusive-gateway",),
    "no-overlapping-elements": ("overlapping",),
    "single-blank-start-event": ("blank-starts",),
    "single-event-definition": ("several-triggers",),
    "standard-size": ("unusual-size",),
    "start-event-required": ("start-missing",),
    "sub-process-blank-start-event": ("standard-event-kind:startEvent in subProcess",),
    "superfluous-gateway": ("superfluous-gateway",),
    "superfluous-termination": ("superfluous-termination",),
}
"""Rules of bpmnlint under our names; after a colon stands the place that a finding is about."""


def check(path: str, *, suite: str, rule: str | None) -> list[str]:
    """What we find wrong in a file; for `lint` the findings of that rule alone."""
    data = Path(path).read_bytes()
    name = Path(path).name
    if suite == "spec":
        said = [found for found in bpmn.read(data, name).findings if found.rule in STANDARD]
        broken = [found for found in bpmn.violations(data, name) if found.rule.startswith("standard-")]
        return [str(found) for found in (*said, *broken)]
    if suite == "soundness":  # two elements with one id are told apart, as everywhere on the way in
        data = imports.translate(data, name).xml or data
    findings = lint.check({name: data}, {})
    if suite == "lint":
        findings += bpmn.violations(data, name)
    wanted = BPMNLINT.get(rule or "", ()) if suite == "lint" else ("reachable", "sound")
    return [
        str(found) for found in findings
        if found.rule in wanted or f"{found.rule}:{found.facts.get('place')}" in wanted
    ]  # fmt: skip


STANDARD = frozenset(
    (
        *("schema", "duplicate-id", "flow-dangling", "reference-unresolved", "flow-into-start", "flow-out-of-end"),
        *("event-position", "default-unknown", "event-gateway-alone", "event-gateway-target"),
        *("boundary-unattached", "error-not-interrupting", "xml-not-well-formed", "not-bpmn"),
    )
)
"""Findings of the reader about the standard, not about what we execute; beside them stand its constraints."""


# ---------------------------------------------------------------- bench


def prepare(path: str, process_id: str) -> bpmn.Program:
    """Everything that is done once per definition."""
    reading = bpmn.read(Path(path).read_bytes(), Path(path).name)
    return bpmn.compile(reading.definition, process_id)


def run_once(program: bpmn.Program) -> bpmn.State:
    """One complete instance in memory."""
    step = bpmn.begin(program, "bench", {}, now=START, env=_ENV)
    if step.ended not in ("completed", "terminated"):
        raise RuntimeError(f"ended {step.ended}, {step.facts[-1]}")
    return step.state


def run_persist(program: bpmn.Program) -> None:
    """The same, through the stored form and back."""
    text = json.dumps(bpmn.dump(run_once(program)), separators=(",", ":"))
    bpmn.load(json.loads(text), lambda _: program)


_ENV = bpmn.Env()

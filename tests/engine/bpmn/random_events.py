"""Random drawings full of events, and somebody who does whatever can be done next."""

import itertools
import random

from engine import bpmn
from tests.engine.bpmn.drawing import (
    Play,
    boundary,
    catch,
    condition,
    drawing,
    error,
    error_event,
    escalation,
    escalation_event,
    flows,
    message,
    message_event,
    script,
    signal,
    signal_event,
    throw,
    timer,
    user,
)

ROOTS = (
    message("m", None) + message("n", None) + signal("S") + signal("T") + escalation("E") + escalation("F")
    + error("A")
)  # fmt: skip
ACTS = 40
Part = tuple[str, str, str]
"""XML, first node, last node"""


class Drawer:
    """Draws from one seed; ids count up."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.count = 0

    def xml(self, depth: int = 2) -> bytes:
        return drawing(self.scope(depth), ROOTS)

    def scope(self, depth: int) -> str:
        start, (body, first, last), (end, ending) = self.key("s"), self.sequence(depth), self.ending()
        inner = f'<startEvent id="{start}"/>{body}{end}{flows(f"{start} {first}", f"{last} {ending}")}'
        return inner + "".join(self.handler(depth) for _ in range(self.chance.choice([0, 0, 1, 2])))

    def handler(self, depth: int) -> str:
        key, start = self.key("h"), self.key("s")
        (body, first, last), (end, ending) = self.sequence(max(depth - 1, 0)), self.ending()
        trigger = self.thrown_trigger() if self.chance.random() < 0.4 else self.triggers()
        waits_for_all = trigger.count("Definition>") > 2 and "Ref" not in trigger and self.chance.random() < 0.4
        options = f'isInterrupting="{self.interrupts(trigger)}" parallelMultiple="{str(waits_for_all).lower()}"'
        return (
            f'<subProcess id="{key}" triggeredByEvent="true"><startEvent id="{start}" {options}>{trigger}</startEvent>'
            f"{body}{end}{flows(f'{start} {first}', f'{last} {ending}')}</subProcess>"
        )

    def sequence(self, depth: int) -> Part:
        parts = [self.part(depth) for _ in range(self.chance.choice([1, 1, 2]))]
        lines = [f"{before[2]} {after[1]}" for before, after in itertools.pairwise(parts)]
        return "".join(part[0] for part in parts) + flows(*lines), parts[0][1], parts[-1][2]

    def part(self, depth: int) -> Part:
        small = [self.task, self.script, self.throwing, self.catching, self.guarded]
        large = [self.gate, self.block, self.sub_process, self.sub_process]
        return self.chance.choice(small + large * (depth > 0))(depth)

    def task(self, _: int) -> Part:
        key = self.key("u")
        return user(key), key, key

    def script(self, _: int) -> Part:
        key = self.key("c")
        return script(key, self.chance.choice(["x + 2", "0", "5"]), self.chance.choice("xy")), key, key

    def throwing(self, _: int) -> Part:
        key = self.key("t")
        known = [signal_event("S"), signal_event("T"), message_event("m"), escalation_event("E"), escalation_event("F")]
        return throw(key, "".join(self.chance.sample(known, self.chance.choice([1, 1, 2])))), key, key

    def catching(self, _: int) -> Part:
        key = self.key("w")
        drawn = catch(key, self.triggers())
        if self.chance.random() < 0.3:
            drawn = drawn.replace("<intermediateCatchEvent", '<intermediateCatchEvent parallelMultiple="true"')
        return drawn, key, key

    def guarded(self, _: int) -> Part:
        key = self.key("u")
        return self.with_boundary(user(key), key, [self.triggers()])

    def gate(self, _: int) -> Part:
        gate, join = self.key("g"), self.key("j")
        body = f'<eventBasedGateway id="{gate}"/><exclusiveGateway id="{join}"/>'
        for _way in range(2):
            key = self.key("w")
            body += catch(key, self.trigger()) + flows(f"{gate} {key} {join}")
        return body, gate, join

    def block(self, depth: int) -> Part:
        kind = self.chance.choice(["parallelGateway", "inclusiveGateway", "complexGateway"])
        fork, join = self.key("f"), self.key("j")
        needed = f"= activationCount &gt;= {self.chance.choice([1, 2, 3])}"
        inner = f"<activationCondition>{needed}</activationCondition>" if kind == "complexGateway" else ""
        opening = kind if kind == "inclusiveGateway" else "parallelGateway"
        body = f'<{opening} id="{fork}"/><{kind} id="{join}">{inner}</{kind}>'
        for number in range(self.chance.choice([2, 3])):
            branch, first, last = self.sequence(depth - 1)
            asked = f" ? x > {self.chance.choice([-1, 3]) if number else -9}" if kind == "inclusiveGateway" else ""
            body += branch + flows(f"{fork} {first}{asked}", f"{last} {join}")
        return body, fork, join

    def sub_process(self, depth: int) -> Part:
        key = self.key("p")
        kinds = (self.thrown_trigger, self.triggers)
        events = [self.chance.choice(kinds)() for _ in range(self.chance.choice([0, 1, 2]))]
        return self.with_boundary(f'<subProcess id="{key}">{self.scope(depth - 1)}</subProcess>', key, events)

    def with_boundary(self, activity: str, key: str, events: list[str]) -> Part:
        join = self.key("j")
        body = f'{activity}<exclusiveGateway id="{join}"/>{flows(f"{key} {join}")}'
        for event in events:
            attached, task = self.key("b"), self.key("u")
            body += boundary(attached, key, event, self.interrupts(event) == "true") + user(task)
            body += flows(f"{attached} {task} {join}")
        return body, key, join

    def ending(self) -> tuple[str, str]:
        key = self.key("e")
        terminate = "<terminateEventDefinition/>"
        known = ["", "", "", signal_event("S"), escalation_event("E"), error_event("A"), terminate]
        return f'<endEvent id="{key}">{self.chance.choice([*known, signal_event("T") + terminate])}</endEvent>', key

    def triggers(self) -> str:
        return "".join(self.trigger() for _ in range(self.chance.choice([1, 1, 2])))

    def trigger(self) -> str:
        known = [
            signal_event("S"), signal_event("T"), message_event("m"), message_event("n"), timer("PT1H"),
            timer("R2/PT1H", "timeCycle"), condition("x > 3"), condition("x > y"),
        ]  # fmt: skip
        return self.chance.choice(known)

    def thrown_trigger(self) -> str:
        known = [escalation_event("E"), escalation_event(None), error_event("A"), error_event(None)]
        return self.chance.choice(known)

    def interrupts(self, event: str) -> str:
        return "true" if "errorEvent" in event or self.chance.random() < 0.5 else "false"

    def key(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"


def played(seed: int) -> Play:
    """An instance of a random drawing after random acts; `Play` checks every step."""
    chance = random.Random(seed)
    play = Play(Drawer(chance).xml(), {"x": chance.choice([0, 5]), "y": 0})
    for _ in range(ACTS):
        if play.step.ended:
            break
        act(play, chance)
    return play


def act(play: Play, chance: random.Random) -> None:
    """One thing that can happen now."""
    token, node, kind = chance.choice(bpmn.waits(play.state))
    written = {chance.choice("xy"): chance.choice([0, 4, 9])}
    match kind:
        case "work":
            luck = chance.random()
            if luck < 0.1:
                play.throw(node, "A")
            elif luck < 0.2:
                play.escalate(node, chance.choice("EF"))
            else:
                play.complete(node, **written if luck < 0.6 else {})
        case "message" | "signal":
            play._do(bpmn.deliver, token, {"z": 1})
        case "timer":
            play.elapse(node)
        case "condition":
            play.write(**written)
        case "incident":
            play._do(bpmn.resume, play.state.tokens[token].incident)

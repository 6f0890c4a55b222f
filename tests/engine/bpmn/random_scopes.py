"""Block-structured drawings made by chance that hold everything of chapter 13 that opens, interrupts or undoes a scope:
loops, instances, boundary events, event sub-processes, links, compensation and transactions.

Whatever is thrown is thrown behind a user task, so that two things are never thrown at once: which one is first would
be a matter of order, of which the standard says nothing.
"""

import itertools
import random
import re

from tests.engine.bpmn.drawing import (
    END,
    START,
    boundary,
    catch,
    drawing,
    element,
    error_event,
    escalation,
    escalation_event,
    flows,
    link,
    message,
    message_event,
    signal,
    signal_event,
    throw,
    timer,
    user,
)
from tests.engine.bpmn.random_models import VARIABLES, Blocks

ROOTS = (
    "".join(message(name, None) for name in ("m", "n"))
    + "".join(signal(name) for name in ("S", "T"))
    + "".join(escalation(code) for code in ("X", "Y"))
)
COMPENSATE = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
START_TAG = re.compile(r"^<\w+ [^>]*>(?:<extensionElements>.*?</extensionElements>)?")
LONGEST = 3
"""instances and rounds at most"""


def scoped(seed: int, size: int) -> bytes:
    """About `size` tasks in blocks within blocks."""
    maker = Scopes(random.Random(seed), size)
    first, last = maker.block()
    handlers = maker.handlers()
    body = START + END + "".join(maker.drawn) + handlers + flows(f"start {first}", f"{last} end", *maker.lines)
    return drawing(body + "".join(maker.artifacts), maker.roots + ROOTS)


class Scopes(Blocks):
    """Draws blocks; `artifacts`: associations between what completes and what undoes it."""

    def __init__(self, chance: random.Random, size: int) -> None:
        super().__init__(chance, size, plain=False)
        self.artifacts: list[str] = []
        self.kept = 0
        """blocks around in which nothing is to be compensated"""

    def block(self) -> tuple[str, str]:
        if self.left <= 0:
            return self.task()
        kinds = [
            self.task, self.automatic, self.sequence, self.sequence, self.split, self.loop, self.sub_process,
            self.race, self.waiting, self.failing, self.ending, self.repeated, self.repeated, self.watched,
            self.watched, self.raising, self.raising, self.stopping, self.jump,
        ]  # fmt: skip
        if not self.kept:
            kinds += [self.undoing, self.undoing, self.undone, self.transaction]
        return self.chance.choice(kinds)()

    # ------------------------------------------------------------ activities

    def activity(self) -> tuple[str, str]:
        return self.chance.choice((self.task, self.sub_process, self.repeated))()

    def sub_process(self) -> tuple[str, str]:
        """With event sub-processes, sometimes."""
        key, begin, finish = self.key("s"), self.key("b"), self.key("e")
        outer, lines = self.drawn, self.lines
        self.drawn, self.lines = [], []
        first, last = self.block()
        self.drawn += [element("startEvent", begin), element("endEvent", finish)]
        self.lines += [f"{begin} {first}", f"{last} {finish}"]
        inner = "".join(self.drawn) + self.handlers() + flows(*self.lines)
        self.drawn, self.lines = [*outer, element("subProcess", key, inner=inner)], lines
        return key, key

    def repeated(self) -> tuple[str, str]:
        """A task or sub-process with a loop marker."""
        key, _ = self.chance.choice((self.task, self.sub_process))()
        drawn = self.drawn.pop()
        tag = START_TAG.match(drawn)
        assert tag is not None
        self.drawn.append(tag[0] + self.marker() + drawn[tag.end() :])
        return key, key

    def marker(self) -> str:
        if self.chance.random() < 0.35:
            before = str(self.chance.random() < 0.5).lower()
            longest = self.chance.randint(1, LONGEST)
            return (
                f'<standardLoopCharacteristics testBefore="{before}" loopMaximum="{longest}">'
                f"<loopCondition>= {self.variable()}</loopCondition></standardLoopCharacteristics>"
            )
        sequential = str(self.chance.random() < 0.5).lower()
        count = self.chance.choice((0, 1, 2, 2, LONGEST))
        enough = self.chance.randint(1, LONGEST)
        condition = f"<completionCondition>= numberOfCompletedInstances &gt;= {enough}</completionCondition>"
        return (
            f'<multiInstanceLoopCharacteristics isSequential="{sequential}">'
            f"<loopCardinality>= {count}</loopCardinality>{condition if self.chance.random() < 0.4 else ''}"
            "</multiInstanceLoopCharacteristics>"
        )

    # ------------------------------------------------------------ events around and inside

    def watched(self) -> tuple[str, str]:
        """An activity with one or two boundary events, and what each leads to."""
        host, _ = self.activity()
        merge = self.key("j")
        self.drawn.append(element("exclusiveGateway", merge))
        self.lines.append(f"{host} {merge}")
        for event in self.triggers():
            key = self.key("v")
            stops = self.stops(event)
            first, last = self.task()
            self.drawn.append(boundary(key, host, event, stops))
            if stops:
                self.lines += [f"{key} {first}", f"{last} {merge}"]
            else:
                finish = self.key("e")
                self.drawn.append(element("endEvent", finish))
                self.lines += [f"{key} {first}", f"{last} {finish}"]
        return host, merge

    def handlers(self) -> str:
        """Event sub-processes of the scope that is being drawn."""
        if self.chance.random() < 0.6:
            return ""
        drawn = []
        for event in self.triggers():
            key, begin, finish = self.key("h"), self.key("b"), self.key("e")
            outer, lines = self.drawn, self.lines
            self.drawn, self.lines, self.kept = [], [], self.kept + 1
            first, middle = self.task()
            last = middle
            if self.left > 0 and self.chance.random() < 0.5:
                second, last = self.block()
                self.lines.append(f"{middle} {second}")
            stops = str(self.stops(event)).lower()
            begins = f'<startEvent id="{begin}" isInterrupting="{stops}">{event}</startEvent>'
            self.lines.append(f"{begin} {first}")
            if self.kept == 1 and self.chance.random() < 0.4:
                undo, task = self.key("z"), self.task()
                self.drawn.append(throw(undo, COMPENSATE))
                self.lines.append(f"{last} {task[0]} {undo} {finish}")
            else:
                self.lines.append(f"{last} {finish}")
            inner = begins + element("endEvent", finish) + "".join(self.drawn) + flows(*self.lines)
            drawn.append(f'<subProcess id="{key}" triggeredByEvent="true">{inner}</subProcess>')
            self.drawn, self.lines, self.kept = outer, lines, self.kept - 1
        return "".join(drawn)

    def triggers(self) -> list[str]:
        known = [
            message_event("m"), message_event("n"), signal_event("S"), signal_event("T"), timer("PT1H"),
            escalation_event("X"), escalation_event(None), error_event("E1"), error_event(None),
        ]  # fmt: skip
        return self.chance.sample(known, self.chance.choice((1, 1, 2)))

    def stops(self, event: str) -> bool:
        return "errorEvent" in event or self.chance.random() < 0.6

    # ------------------------------------------------------------ what is thrown

    def raising(self) -> tuple[str, str]:
        first, before = self.task()
        key = self.key("r")
        known = [signal_event("S"), signal_event("T"), escalation_event("X"), escalation_event("Y")]
        self.drawn.append(throw(key, self.chance.choice(known)))
        self.lines.append(f"{before} {key}")
        return first, key

    def stopping(self) -> tuple[str, str]:
        """A sub-process that ends in one of two ways, one of which throws."""
        key, begin, pick, good, bad = self.key("s"), self.key("b"), self.key("x"), self.key("e"), self.key("e")
        outer, lines = self.drawn, self.lines
        self.drawn, self.lines = [], []
        first, last = self.task()
        thrown = self.chance.choice((error_event("E1"), error_event("E2"), escalation_event("X"), signal_event("S")))
        self.drawn += [
            element("startEvent", begin), element("exclusiveGateway", pick, default=f"{pick}_{good}"),
            element("endEvent", good), element("endEvent", bad, inner=thrown),
        ]  # fmt: skip
        self.lines += [f"{begin} {first}", f"{last} {pick} {good}", f"{pick} {bad} ? {self.variable()}"]
        inner = "".join(self.drawn) + self.handlers() + flows(*self.lines)
        self.drawn, self.lines = [*outer, element("subProcess", key, inner=inner)], lines
        return key, key

    def waiting(self) -> tuple[str, str]:
        """An event that is waited for in the flow."""
        key = self.key("w")
        event = self.chance.choice((message_event("m"), signal_event("S"), signal_event("T"), timer("PT1H")))
        self.drawn.append(catch(key, event))
        return key, key

    def jump(self) -> tuple[str, str]:
        """A link instead of a flow."""
        first, before = self.block()
        second, last = self.block()
        off, on = self.key("k"), self.key("k")
        self.drawn += [throw(off, link(off)), f'<intermediateCatchEvent id="{on}" name="{on}">{link(off)}'
                       "</intermediateCatchEvent>"]  # fmt: skip
        self.lines += [f"{before} {off}", f"{on} {second}"]
        return first, last

    # ------------------------------------------------------------ what is undone

    def undoable(self) -> tuple[str, str]:
        host, _ = self.chance.choice((self.task, self.task, self.sub_process, self.repeated))()
        self.undo(host)
        return host, host

    def undo(self, host: str) -> None:
        event, handler = self.key("c"), self.key("u")
        self.drawn += [
            boundary(event, host, COMPENSATE),
            user(handler).replace(f'id="{handler}"', f'id="{handler}" isForCompensation="true"'),
        ]
        self.artifacts.append(f'<association id="{self.key("a")}" sourceRef="{event}" targetRef="{handler}"/>')

    def undoing(self) -> tuple[str, str]:
        """Some work, a task, and an event that undoes all of it or one part."""
        parts = [self.undoable() for _ in range(self.chance.choice((1, 2, 2)))]
        if self.chance.random() < 0.5:
            parts.insert(0, self.block())
        task = self.task()
        key = self.key("z")
        one = self.chance.choice([first for first, _ in parts if first[0] in "ts"] or [task[0]])
        ref = f' activityRef="{one}"' if self.chance.random() < 0.3 else ""
        ref += ' waitForCompletion="false"' if self.chance.random() < 0.2 else ""
        self.drawn.append(throw(key, f"<compensateEventDefinition{ref}/>"))
        chain = [*parts, task, (key, key)]
        self.lines += [f"{before[1]} {after[0]}" for before, after in itertools.pairwise(chain)]
        return chain[0][0], key

    def undone(self) -> tuple[str, str]:
        """A sub-process that ends by undoing what it has done."""
        key, begin, finish = self.key("s"), self.key("b"), self.key("e")
        outer, lines = self.drawn, self.lines
        self.drawn, self.lines = [], []
        parts = [self.undoable() for _ in range(self.chance.choice((1, 2)))]
        chain = [*parts, self.task(), (finish, finish)]
        self.drawn += [element("startEvent", begin), element("endEvent", finish, inner=COMPENSATE)]
        self.lines.append(f"{begin} {chain[0][0]}")
        self.lines += [f"{before[1]} {after[0]}" for before, after in itertools.pairwise(chain)]
        inner = "".join(self.drawn) + self.handlers() + flows(*self.lines)
        self.drawn, self.lines = [*outer, element("subProcess", key, inner=inner)], lines
        return key, key

    def transaction(self) -> tuple[str, str]:
        """A transaction that may be cancelled."""
        key, begin, pick, good, bad = self.key("s"), self.key("b"), self.key("x"), self.key("e"), self.key("e")
        outer, lines = self.drawn, self.lines
        self.drawn, self.lines = [], []
        one, last = self.undoable()
        task, after = self.task()
        self.drawn += [
            element("startEvent", begin), element("exclusiveGateway", pick, default=f"{pick}_{good}"),
            element("endEvent", good), element("endEvent", bad, inner=CANCEL),
        ]  # fmt: skip
        self.lines += [f"{begin} {one}", f"{last} {task}", f"{after} {pick} {good}"]
        self.lines.append(f"{pick} {bad} ? {self.variable()}")
        inner = "".join(self.drawn) + self.handlers() + flows(*self.lines)
        event, merge = self.key("v"), self.key("j")
        self.drawn = [
            *outer, element("transaction", key, inner=inner), boundary(event, key, CANCEL),
            element("exclusiveGateway", merge),
        ]  # fmt: skip
        self.lines = lines
        first, end = self.task()
        self.lines += [f"{key} {merge}", f"{event} {first}", f"{end} {merge}"]
        return key, merge


__all__ = ["VARIABLES", "scoped"]

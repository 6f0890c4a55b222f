"""Drawings made by chance: block-structured ones, and free-form nets that no structure holds together.

Conditions are names of the variables b0 … b5, true or false. Every loop passes a user task, so nothing runs for ever.
"""

import random

from tests.engine.bpmn.drawing import END, START, drawing, element, error, error_event, flows, timer, user

VARIABLES = tuple(f"b{number}" for number in range(6))
TERMINATE = "<terminateEventDefinition/>"


def block_structured(seed: int, size: int, *, plain: bool = False) -> bytes:
    """Blocks within blocks, about `size` tasks. `plain`: only what every engine reads alike: tasks, exclusive and
    parallel gateways, loops and sub-processes."""
    maker = Blocks(random.Random(seed), size, plain)
    first, last = maker.block()
    return drawing(
        START + END + "".join(maker.drawn) + flows(f"start {first}", f"{last} end", *maker.lines), maker.roots
    )


def free_form(seed: int, size: int) -> bytes:
    """`size` nodes, each reached from an earlier one, leading to later ones; tasks may lead back."""
    chance = random.Random(seed)
    kinds = (
        "user",
        "user",
        "user",
        "manual",
        "exclusive",
        "exclusive",
        "parallel",
        "parallel",
        "inclusive",
        "inclusive",
    )
    nodes = [(f"n{number}", chance.choice(kinds)) for number in range(size)]
    after: dict[str, list[str]] = {key: [] for key, _ in nodes}
    drawn = [START]
    for number, (key, _) in enumerate(nodes[1:], 1):
        after[nodes[chance.randrange(number)][0]].append(key)
        if chance.random() < 0.5:
            after[nodes[chance.randrange(number)][0]].append(key)
    guards = {}
    for number, (key, kind) in enumerate(nodes):
        if kind == "user" and number and chance.random() < 0.3:
            after[key].append(nodes[chance.randrange(number)][0])
        if kind == "user" and number < size - 1 and chance.random() < 0.25:
            guards[f"late_{key}"] = (key, nodes[chance.randrange(number + 1, size)][0])
    lines = [f"start {nodes[0][0]}"]
    for number, (key, kind) in enumerate(nodes):
        targets = list(dict.fromkeys(after[key]))
        if not targets:
            targets = [f"end{number}"]
            final = TERMINATE if chance.random() < 0.15 else ""
            drawn.append(element("endEvent", f"end{number}", inner=final))
        chance.shuffle(targets)
        lines += _choices(chance, key, kind, targets, drawn)
    for late, (host, target) in guards.items():
        drawn.append(_late(late, host, chance.random() < 0.5))
        lines.append(f"{late} {target}")
    return drawing("".join(drawn) + flows(*lines))


def _choices(chance: random.Random, key: str, kind: str, targets: list[str], drawn: list[str]) -> list[str]:
    """Draws node `key` and the flows to its `targets`."""
    several = len(targets) > 1
    match kind:
        case "exclusive" | "inclusive":
            default = f"{key}_{targets[-1]}" if several else ""
            drawn.append(element(f"{kind}Gateway", key, **({"default": default} if default else {})))
            asked = targets[:-1] if several else []
        case "parallel":
            drawn.append(element("parallelGateway", key))
            asked = []
        case _:
            asked = [target for target in targets[:-1] if several and chance.random() < 0.5]
            free = [target for target in targets if target not in asked]
            default = f"{key}_{free[-1]}" if asked and chance.random() < 0.5 else ""
            node = user(key) if kind == "user" else element("manualTask", key)
            drawn.append(node.replace(f'id="{key}"', f'id="{key}" default="{default}"') if default else node)
    return [f"{key} {target}" + (f" ? {chance.choice(VARIABLES)}" if target in asked else "") for target in targets]


def _late(key: str, host: str, interrupting: bool) -> str:
    cancels = str(interrupting).lower()
    return element("boundaryEvent", key, inner=timer("PT1H"), attachedToRef=host, cancelActivity=cancels)


class Blocks:
    def __init__(self, chance: random.Random, size: int, plain: bool) -> None:
        self.chance = chance
        self.left = size
        self.plain = plain
        self.rounds = 0
        self.count = 0
        self.drawn: list[str] = []
        self.lines: list[str] = []
        self.roots = "" if plain else error("E1") + error("E2")

    def block(self) -> tuple[str, str]:
        """One block; (where it begins, where it ends)."""
        if self.left <= 0:
            return self.task()
        kinds = [self.task, self.sequence, self.sequence, self.split, self.split, self.loop, self.sub_process]
        if not self.plain:
            kinds += [self.automatic, self.split, self.guarded, self.beside, self.race, self.failing, self.ending]
        return self.chance.choice(kinds)()

    def task(self) -> tuple[str, str]:
        self.left -= 1
        key = self.key("t")
        self.drawn.append(user(key))
        return key, key

    def automatic(self) -> tuple[str, str]:
        self.left -= 1
        key = self.key("m")
        self.drawn.append(element("manualTask", key))
        return key, key

    def sequence(self) -> tuple[str, str]:
        first, middle = self.block()
        second, last = self.block()
        self.lines.append(f"{middle} {second}")
        return first, last

    def split(self) -> tuple[str, str]:
        kinds = ("exclusive", "parallel", "inclusive")
        if self.plain:  # SpiffWorkflow lets a join in a later round count the arrivals of the round before
            kinds = kinds[:1] if self.rounds else kinds[:2]
        kind = self.chance.choice(kinds)
        fork, join = self.key("f"), self.key("j")
        branches = [self.block() for _ in range(self.chance.choice((2, 2, 3)))]
        default = "" if kind == "parallel" else f"{fork}_{branches[-1][0]}"
        self.drawn.append(element(f"{kind}Gateway", fork, **({"default": default} if default else {})))
        self.drawn.append(element(f"{kind}Gateway", join))
        for number, (first, last) in enumerate(branches):
            asks = kind != "parallel" and number < len(branches) - 1
            self.lines += [f"{fork} {first}" + (f" ? {self.variable()}" if asks else ""), f"{last} {join}"]
        return fork, join

    def loop(self) -> tuple[str, str]:
        merge, again, out = self.key("l"), self.key("a"), self.key("o")
        self.rounds += 1
        first, middle = self.task()
        second, last = self.block()
        self.rounds -= 1
        self.drawn += [
            element("exclusiveGateway", merge), element("exclusiveGateway", again, default=f"{again}_{out}"),
            element("exclusiveGateway", out),
        ]  # fmt: skip
        self.lines += [f"{merge} {first}", f"{middle} {second}", f"{last} {again}", f"{again} {out}"]
        self.lines.append(f"{again} {merge} ? {self.variable()}")
        return merge, out

    def sub_process(self) -> tuple[str, str]:
        key, begin, finish = self.key("s"), self.key("b"), self.key("e")
        outer, self.drawn = self.drawn, []
        lines, self.lines = self.lines, []
        first, last = self.block()
        looped = any(line.split()[1] == first for line in self.lines)
        if self.plain or looped or self.chance.random() < 0.7:
            self.drawn.append(element("startEvent", begin))
            self.lines.append(f"{begin} {first}")
        if self.plain or self.chance.random() < 0.7:
            self.drawn.append(element("endEvent", finish))
            self.lines.append(f"{last} {finish}")
        outer.append(element("subProcess", key, inner="".join(self.drawn) + flows(*self.lines)))
        self.drawn, self.lines = outer, lines
        return key, key

    def guarded(self) -> tuple[str, str]:
        """An interrupting timer on a task or sub-process, and what is done instead."""
        host = self.chance.choice((self.task, self.sub_process))()[0]
        late, merge = self.key("late"), self.key("j")
        first, last = self.block()
        self.drawn += [_late(late, host, True), element("exclusiveGateway", merge)]
        self.lines += [f"{late} {first}", f"{host} {merge}", f"{last} {merge}"]
        return host, merge

    def beside(self) -> tuple[str, str]:
        """A non-interrupting timer, and what is done besides."""
        host = self.chance.choice((self.task, self.sub_process))()[0]
        late, finish = self.key("late"), self.key("e")
        first, last = self.block()
        self.drawn += [_late(late, host, False), element("endEvent", finish)]
        self.lines += [f"{late} {first}", f"{last} {finish}"]
        return host, host

    def race(self) -> tuple[str, str]:
        """An event-based gateway."""
        gate, one, other, merge = self.key("g"), self.key("c"), self.key("c"), self.key("j")
        first, last = self.block()
        self.drawn += [
            element("eventBasedGateway", gate), element("exclusiveGateway", merge),
            element("intermediateCatchEvent", one, inner=timer("PT1H")),
            element("intermediateCatchEvent", other, inner=timer("PT2H")),
        ]  # fmt: skip
        self.lines += [f"{gate} {one}", f"{gate} {other}", f"{one} {first}", f"{last} {merge}", f"{other} {merge}"]
        return gate, merge

    def failing(self) -> tuple[str, str]:
        """A sub-process that may end with an error, which is caught around it or farther out, or not at all."""
        key, begin, pick, good, bad = self.key("s"), self.key("b"), self.key("x"), self.key("e"), self.key("e")
        task, _ = self.task()
        worker = self.drawn.pop()
        code = self.chance.choice(("E1", "E2"))
        inner = [
            element("startEvent", begin), worker, element("exclusiveGateway", pick, default=f"{pick}_{good}"),
            element("endEvent", good), element("endEvent", bad, inner=error_event(code)),
        ]  # fmt: skip
        lines = [f"{begin} {task} {pick} {good}", f"{pick} {bad} ? {self.variable()}"]
        caught, merge = self.key("caught"), self.key("j")
        catches = self.chance.choice((code, None, "E1"))
        first, last = self.block()
        self.drawn += [
            element("subProcess", key, inner="".join(inner) + flows(*lines)), element("exclusiveGateway", merge),
            element("boundaryEvent", caught, inner=error_event(catches), attachedToRef=key),
        ]  # fmt: skip
        self.lines += [f"{key} {merge}", f"{caught} {first}", f"{last} {merge}"]
        return key, merge

    def ending(self) -> tuple[str, str]:
        """A sub-process of two branches, one of which ends the other."""
        key, begin, fork, finish, stop = self.key("s"), self.key("b"), self.key("f"), self.key("e"), self.key("e")
        outer, self.drawn = self.drawn, []
        lines, self.lines = self.lines, []
        (one, one_last), (other, other_last) = self.block(), self.task()
        self.drawn += [
            element("startEvent", begin), element("parallelGateway", fork), element("endEvent", finish),
            element("endEvent", stop, inner=TERMINATE),
        ]  # fmt: skip
        self.lines += [
            f"{begin} {fork}",
            f"{fork} {one}",
            f"{fork} {other}",
            f"{one_last} {finish}",
            f"{other_last} {stop}",
        ]
        outer.append(element("subProcess", key, inner="".join(self.drawn) + flows(*self.lines)))
        self.drawn, self.lines = outer, lines
        return key, key

    def key(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def variable(self) -> str:
        return self.chance.choice(VARIABLES)
